import templates from '../data/values/templates.json' with { type: 'json' };
import { secondUs } from '../data/time-formats.ts';
import { allowParameters, readLimit, rejectRequest, readWholeNumber, type Query } from './query.ts';
import { unitOf, type ExportName } from '../data/resources.ts';
import type { Switches } from '../program/switches.ts';

export interface ExportQuery {
  /** In the export's unit. */
  readonly startTime: number;
  /** Empty if none was sent. */
  readonly startId: string;
  readonly limit: number;
  /** The parameter as it was sent. */
  readonly fields: string | undefined;
  /** The keys wanted; undefined: all. */
  readonly keys: readonly string[] | undefined;
}

/** Highest and standard `limit` of every export. */
export const maxLimit = 1000;

/** A start in seconds is below this until the year 5138. */
const maxSeconds = 1e11;
/** A start in microseconds, other than 0, is above this since 1973. */
const minMicros = 1e14;

/** The keys that `fields` may name: those of the templates that items are made from. */
const knownKeys: Readonly<Record<Exclude<ExportName, 'agent_events'>, readonly string[]>> = {
  chats: Object.keys({ ...templates.chats, ...templates.offline }),
  agent_timeline: Object.keys(templates.agent_timeline),
  conversions: Object.keys(templates.conversions),
  department_events: Object.keys(templates.department_events),
};

/** Without `fields` these give whole items, the others ids only. */
const wholeWithoutFields: ReadonlySet<ExportName> = new Set(['agent_timeline', 'agent_events']);

const fieldsPattern = /^(\w+)\((\*|\w+(?:,\w+)*)\)$/;

/** Reads `chats(*)` and `chats(id,visitor)`. Expansion does not apply to agent_events: there it changes nothing. */
function readFields(name: ExportName, text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return wholeWithoutFields.has(name) ? undefined : ['id'];
  const parts = fieldsPattern.exec(text);
  const keys = parts?.[2];
  if (keys === undefined || parts?.[1] !== name)
    return rejectRequest(`fields cannot be read: ${text}.`);
  if (keys === '*' || name === 'agent_events') return undefined;
  const requested = keys.split(',');
  const unknown = requested.find((key) => !knownKeys[name].includes(key));
  return unknown === undefined
    ? requested
    : rejectRequest(`fields names an unknown field: ${unknown}.`);
}

/** A start must be in the export's unit, and old enough. */
function checkStart(name: ExportName, startTime: number, nowMs: number, minimumAge: number): void {
  if (name === 'agent_timeline') {
    if (startTime > 0 && startTime < minMicros) rejectRequest('start_time is not in microseconds.');
  } else if (startTime >= maxSeconds) {
    rejectRequest('start_time is not in seconds.');
  }
  const ageSeconds = nowMs / 1000 - (startTime * unitOf(name)) / secondUs;
  if (ageSeconds > minimumAge) return;
  rejectRequest(`start_time is not more than ${minimumAge} seconds ago.`);
}

/** Reads and checks the query of an export against the server's clock. Throws RejectedRequest. */
export function readExportQuery(
  name: ExportName,
  query: Query,
  nowMs: number,
  switches: Switches,
): ExportQuery {
  const parameters = ['start_time', 'limit', 'fields'];
  // Timespans have no id to tie-break by, unless a switch gives them one.
  const hasIds = name !== 'agent_timeline' || switches.endIds.includes(name);
  allowParameters(query, hasIds ? [...parameters, 'start_id'] : parameters);
  const startTime = readWholeNumber(query, 'start_time') ?? 0;
  checkStart(name, startTime, nowMs, switches.minimumAgeSeconds);
  const limit = readLimit(query, maxLimit);
  if (limit > maxLimit) rejectRequest(`limit is larger than ${maxLimit}.`);
  return {
    startTime,
    startId: query['start_id'] ?? '',
    limit,
    fields: query['fields'],
    keys: readFields(name, query['fields']),
  };
}
