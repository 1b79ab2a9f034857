import templates from '../data/values/templates.json' with { type: 'json' };
import { parseFields, type FieldTree } from './fields.ts';
import { secondUs } from '../data/time-formats.ts';
import { allowParameters, readLimit, rejectRequest, readWholeNumber, type Query } from './query.ts';
import { unitOf, type ExportName } from '../data/resources.ts';
import type { Switches } from '../program/switches.ts';

export interface ExportQuery {
  /** In the export's unit of time. */
  readonly startTime: number;
  /** Empty if none was sent. */
  readonly startId: string;
  readonly limit: number;
  /** The parameter as sent. */
  readonly fields: string | undefined;
  /** The requested keys of each item. */
  readonly fieldTree: FieldTree;
}

/** Maximum and default `limit` of all exports. */
export const maxLimit = 1000;

/** Until the year 5138, times in seconds are below this. */
const maxSeconds = 1e11;
/** Since 1973, times in microseconds are above this. */
const minMicros = 1e14;

/** The keys of an item that `fields` may contain: those of the templates. Keys inside of them are not checked. */
const knownKeys: Readonly<Record<Exclude<ExportName, 'agent_events'>, readonly string[]>> = {
  chats: Object.keys({ ...templates.chats, ...templates.offline }),
  agent_timeline: Object.keys(templates.agent_timeline),
  conversions: Object.keys(templates.conversions),
  department_events: Object.keys(templates.department_events),
};

/** Exports that return complete items without `fields`. The others return only ids. */
const wholeWithoutFields: ReadonlySet<ExportName> = new Set(['agent_timeline', 'agent_events']);

/** The requested keys. `fields` has no effect on agent_events. @throws RejectedRequest */
function readFields(
  name: ExportName,
  text: string | undefined,
  fieldLists: Switches['fieldLists'],
): FieldTree {
  if (text === undefined) return wholeWithoutFields.has(name) ? { '*': true } : { id: true };
  const fields = parseFields(name, text);
  if ('*' in fields) return fields;
  if (fieldLists === 'refused') rejectRequest(`fields must be ${name}(*).`);
  if (name === 'agent_events') return { '*': true };
  const unknown = Object.keys(fields).find((key) => !knownKeys[name].includes(key));
  if (unknown !== undefined) rejectRequest(`fields names an unknown field: ${unknown}.`);
  return fields;
}

/** Checks that the start is in the export's unit and old enough. */
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

/** Parses and checks the query of an export. @throws RejectedRequest */
export function readExportQuery(
  name: ExportName,
  query: Query,
  nowMs: number,
  switches: Switches,
): ExportQuery {
  const parameters = ['start_time', 'limit', 'fields'];
  // Timespans have no ids, unless a switch adds them.
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
    fieldTree: readFields(name, query['fields'], switches.fieldLists),
  };
}
