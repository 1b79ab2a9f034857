import { TapError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { TimeUnit, ExportPosition } from './bookmark.ts';
import { namedArrays } from '../response-shape.ts';

/** A checked response of an incremental export. */
export interface ExportResponse {
  readonly items: readonly JsonObject[];
  /** Number of items that the server sent, if `items` contains only a part of them. */
  readonly size?: number;
  /** The server's position; `undefined` for an empty page, which never changes it. */
  readonly end: { readonly time: number; readonly endId: string | null } | undefined;
  /** The requested number of items. */
  readonly limit: number;
}

function invalidResponseError(message: string): TapError {
  return new TapError(`${message}; please report this with the tap's version`, { kind: 'system' });
}

/**
 * Limits that detect a position in the wrong unit, which would read everything again or nothing: seconds reach 10^11 in
 * the year 5138, and microseconds reached 10^14 in 1973.
 */
function checkUnit(time: number, unit: TimeUnit): number {
  const isWrong = unit.micros === 1 ? time !== 0 && time < 1e14 : time >= 1e11;
  if (isWrong || !Number.isSafeInteger(time)) {
    throw invalidResponseError(`the API's end_time ${time} is not in ${unit.name}`);
  }
  return time;
}

function timeOf(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  // agent_events has fractions of a second. Round down, so that no item is skipped.
  return typeof number === 'number' && Number.isFinite(number) ? Math.floor(number) : undefined;
}

/** The query of `next_page`, for keys that the envelope lacks. Its host is never used. */
function nextPageQuery(envelope: JsonObject): URLSearchParams {
  const link = envelope['next_page'];
  if (typeof link !== 'string' || !URL.canParse(link, 'https://localhost')) {
    return new URLSearchParams();
  }
  return new URL(link, 'https://localhost').searchParams;
}

/**
 * Reads an export's envelope: `{<name>: [...], count, end_time, end_id, next_page}`.
 * @throws TapError (system) for another format, for a position in the wrong unit or before the requested time, and for
 *   items without a position, because continuing would lose items or never end.
 */
export function parseExportResponse(
  body: Json,
  name: string,
  unit: TimeUnit,
  request: ExportPosition & { readonly limit: number; readonly isProbe: boolean },
): ExportResponse {
  const items = namedArrays(name)
    .read(body)
    .flatMap((list) => list.items);
  const envelope = isJsonObject(body) ? body : {};
  const { limit } = request;
  // A probe checks only whether there are new items.
  if (items.length === 0 || request.isProbe) return { items, end: undefined, limit };
  const end = readEnd(envelope, unit);
  if (end === undefined)
    throw invalidResponseError(`the API's page of ${items.length} items has no end_time`);
  if (end.time < request.time) {
    throw invalidResponseError(
      `the API's end_time ${end.time} is before the requested start_time ${request.time}`,
    );
  }
  return { items, end, limit };
}

/**
 * The position in an envelope; `undefined` when it has none.
 * @throws TapError (system) for one in the wrong unit
 */
export function readEnd(envelope: JsonObject, unit: TimeUnit): ExportResponse['end'] {
  const query = nextPageQuery(envelope);
  const time = timeOf(envelope['end_time']) ?? timeOf(query.get('start_time') ?? undefined);
  if (time === undefined) return undefined;
  const endId = envelope['end_id'] ?? query.get('start_id');
  const hasId = typeof endId === 'string' && endId !== '';
  return { time: checkUnit(time, unit), endId: hasId ? endId : null };
}
