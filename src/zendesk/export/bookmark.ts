import { TapError } from '../../core/errors.ts';
import { epochToMicros, instantToMicros, microsToInstant } from '../../core/instant.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { quoted, quotedName } from '../../core/quoting.ts';

/** The unit of `start_time` and `end_time`: seconds, or microseconds for agent_timeline (API page "incremental export"). */
export interface TimeUnit {
  readonly name: 'seconds' | 'microseconds';
  readonly micros: 1_000_000 | 1;
}

export const seconds: TimeUnit = { name: 'seconds', micros: 1_000_000 };
export const microseconds: TimeUnit = { name: 'microseconds', micros: 1 };

/** A position in an export: a time in the stream's unit and, only inside ties, the last id at that time. */
export interface ExportPosition {
  readonly time: number;
  readonly startId: string | null;
}

/** A parsed bookmark. */
export interface ExportBookmark {
  readonly micros: number;
  readonly endId: string | null;
  /** False if another tap wrote the bookmark, which may be later than the head. */
  readonly isOwn: boolean;
  /** The key of the time. */
  readonly key: string;
  /** The keys of all times that were compared. This is the oldest one. */
  readonly sourceKeys: readonly string[];
}

/** The properties of a stream that determine its bookmark. */
export interface BookmarkSpec {
  readonly replicationKey: string;
  readonly unit: TimeUnit;
  /**
   * Keys of times that other taps store, in groups. The oldest time of a group is used. After the end is reached, they
   * are set to the bookmark's time, so that the other tap can resume from there.
   */
  readonly foreignTimeKeys: readonly (readonly string[])[];
  /** Further keys of other taps. */
  readonly foreignBookmarkKeys: readonly string[];
}

/** Airbyte's markers for streams without a cursor. */
const airbyteMarkers = new Set(['__ab_no_cursor_state_message', '__ab_full_refresh_sync_complete']);

/** The error for an invalid bookmark, thrown before the first request. */
export function invalidBookmarkError(problem: string): TapError {
  return new TapError(
    `the state's bookmark is invalid: ${problem}; ` +
      'pass the state that the last run wrote, or remove this bookmark to read from the beginning',
    { kind: 'config' },
  );
}

function invalidTimeError(key: string, value: Json): TapError {
  return invalidBookmarkError(`${key} is ${quoted(value)}, not a time in the years 1 to 9999`);
}

/** Parses a time in any format that taps write: ISO text, or digits (Airbyte's connector wrote all three units). */
function parseTime(key: string, value: Json): number {
  const text = typeof value === 'number' ? String(Math.floor(value)) : value;
  if (typeof text !== 'string') throw invalidTimeError(key, value);
  const micros = epochToMicros(text.trim()) ?? instantToMicros(text);
  // From a start in the last second of the year 9999, a later position would have no ISO format.
  if (micros === undefined || micros > 253_402_300_799e6) throw invalidTimeError(key, value);
  return micros;
}

/** Whether there is a value. Old taps write null and `{}` before they have read anything. */
export function isPresent(value: Json | undefined): value is Exclude<Json, null> {
  if (value === undefined || value === null) return false;
  return !isJsonObject(value) || Object.values(value).some((inner) => isPresent(inner));
}

interface Slice {
  readonly start: number;
  end: number;
  cursor: number | undefined;
}

/** The bookmark in Airbyte's concurrent format: the end of the first slices that follow each other without a gap. */
function slicesToMicros(slices: Json): number {
  if (!Array.isArray(slices) || slices.length === 0) throw invalidTimeError('slices', slices);
  const parsed = slices.map((slice): Slice => {
    if (!isJsonObject(slice)) throw invalidTimeError('slices', slice);
    const at = (key: string): number | undefined =>
      isPresent(slice[key]) ? parseTime(key, slice[key]) : undefined;
    const start = at('start') ?? at('end') ?? at('most_recent_cursor_value');
    if (start === undefined) throw invalidTimeError('slices', slice);
    return { start, end: at('end') ?? start, cursor: at('most_recent_cursor_value') };
  });
  const [first, ...others] = parsed.toSorted((a, b) => a.start - b.start);
  if (first === undefined) throw invalidTimeError('slices', slices);
  for (const next of others) {
    if (next.start > first.end) break;
    if (next.end > first.end) {
      first.end = next.end;
      first.cursor = next.cursor;
    }
  }
  return first.cursor ?? first.end;
}

function foreignBookmark(
  key: string,
  micros: number,
  sourceKeys: readonly string[] = [key],
): ExportBookmark {
  return { micros, endId: null, isOwn: false, key, sourceKeys };
}

/** The oldest time of the first complete group. A missing time means that its part was never read. */
function oldestTime(entry: JsonObject, spec: BookmarkSpec): ExportBookmark | undefined {
  const group = spec.foreignTimeKeys.find((keys) => keys.every((key) => isPresent(entry[key])));
  const times = group?.map((key) => ({ key, micros: parseTime(key, entry[key] ?? null) }));
  const [oldest] = times?.toSorted((a, b) => a.micros - b.micros) ?? [];
  return oldest && foreignBookmark(oldest.key, oldest.micros, group);
}

function ownEndId(
  entry: JsonObject,
  micros: number,
  spec: BookmarkSpec,
): string | null | undefined {
  const { position } = entry;
  if (!isJsonObject(position)) return undefined;
  const { end_time: endTime, end_id: endId } = position;
  if (typeof endTime !== 'number' || endTime * spec.unit.micros !== micros) return undefined;
  return typeof endId === 'string' ? endId : null;
}

/**
 * Reads a bookmark of an export stream in this tap's format, Airbyte's formats or those of older Singer taps. Returns
 * `undefined` if there is nothing to resume from.
 * @throws TapError (config) for any other content, so that a stream never restarts silently.
 */
export function readExportBookmark(
  entry: JsonObject | undefined,
  spec: BookmarkSpec,
): ExportBookmark | undefined {
  if (entry === undefined) return undefined;
  const value = entry[spec.replicationKey];
  if (isPresent(value)) {
    const micros = parseTime(spec.replicationKey, value);
    const endId = ownEndId(entry, micros, spec);
    const bookmark = foreignBookmark(spec.replicationKey, micros);
    return endId === undefined ? bookmark : { ...bookmark, endId, isOwn: true };
  }
  if (isPresent(entry['slices'])) {
    return foreignBookmark('slices', slicesToMicros(entry['slices']));
  }
  const oldest = oldestTime(entry, spec);
  if (oldest !== undefined) return oldest;
  const foreignKeys = [...spec.foreignTimeKeys.flat(), ...spec.foreignBookmarkKeys];
  checkUnknownKeys(entry, spec.replicationKey, foreignKeys);
  return undefined;
}

/**
 * Checks a bookmark without the required key: it may contain only known keys of other taps.
 * @throws TapError (config) for an unknown key.
 */
export function checkUnknownKeys(
  entry: JsonObject,
  needed: string,
  foreignKeys: readonly string[],
): void {
  const other = Object.keys(entry).find(
    (key) => !foreignKeys.includes(key) && !airbyteMarkers.has(key) && isPresent(entry[key]),
  );
  if (other !== undefined)
    throw invalidBookmarkError(`it has no ${needed}, but ${quotedName(other)}`);
}

/** The reason why a bookmark with only some of another tap's times is not used. */
export function describeMissingTimes(entry: JsonObject, spec: BookmarkSpec): string | undefined {
  const group = spec.foreignTimeKeys.find((keys) => keys.some((key) => isPresent(entry[key])));
  const missing = group?.filter((key) => !isPresent(entry[key])) ?? [];
  return missing.length > 0 ? `it has no ${missing.join(' and no ')}` : undefined;
}

/** The bookmark of this tap: the time for users and other taps, and the server's position for this tap. */
export function writeExportBookmark(position: ExportPosition, spec: BookmarkSpec): JsonObject {
  return {
    [spec.replicationKey]: microsToInstant(position.time * spec.unit.micros),
    position: { end_time: position.time, end_id: position.startId },
  };
}
