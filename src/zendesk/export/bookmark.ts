import { TapError } from '../../core/errors.ts';
import { epochToMicros, instantToMicros, microsToInstant } from '../../core/instant.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { quoted, quotedName } from '../../core/quoting.ts';

/** The unit of `start_time` and `end_time`: seconds, but microseconds for agent_timeline (API page "incremental export"). */
export interface TimeUnit {
  readonly name: 'seconds' | 'microseconds';
  readonly micros: 1_000_000 | 1;
}

export const seconds: TimeUnit = { name: 'seconds', micros: 1_000_000 };
export const microseconds: TimeUnit = { name: 'microseconds', micros: 1 };

/** Where an export stands: a time in the stream's unit and, inside ties only, the last id of that instant. */
export interface ExportPosition {
  readonly time: number;
  readonly startId: string | null;
}

/** A bookmark as it was read. */
export interface ExportBookmark {
  readonly micros: number;
  readonly endId: string | null;
  /** False: another tap wrote it, which did not cap it at the head. */
  readonly isOwn: boolean;
  /** The key its time was found under. */
  readonly key: string;
  /** Keys of the times of which this is the oldest. */
  readonly sourceKeys: readonly string[];
}

/** What reading and writing an export's bookmark needs to know of the stream. */
export interface BookmarkSpec {
  readonly replicationKey: string;
  readonly unit: TimeUnit;
  /**
   * Keys of times other taps keep, in groups: the parts of one reading, of which the oldest counts. They follow our
   * bookmark once the end is proven, so that such a tap can go on from there.
   */
  readonly foreignTimeKeys: readonly (readonly string[])[];
  /** All other keys of other taps. */
  readonly foreignBookmarkKeys: readonly string[];
}

/** Airbyte's notes about streams without a cursor: nothing to resume. */
const airbyteMarkers = new Set(['__ab_no_cursor_state_message', '__ab_full_refresh_sync_complete']);

/** The error of a bookmark from which nothing can be resumed. It is said before any request. */
export function invalidBookmarkError(problem: string): TapError {
  return new TapError(
    `the state's bookmark cannot be understood: ${problem}; ` +
      'pass the state the last run wrote, or remove this bookmark to read from the beginning',
    { kind: 'config' },
  );
}

function invalidTimeError(key: string, value: Json): TapError {
  return invalidBookmarkError(`${key} is ${quoted(value)}, not a time of the years 1 to 9999`);
}

/** A time in any form a tap has written it: ISO text, or digits (Airbyte's connector wrote all three units). */
function parseTime(key: string, value: Json): number {
  const text = typeof value === 'number' ? String(Math.floor(value)) : value;
  if (typeof text !== 'string') throw invalidTimeError(key, value);
  const micros = epochToMicros(text.trim()) ?? instantToMicros(text);
  // Beginning within the very last second, a later position would have no ISO form.
  if (micros === undefined || micros > 253_402_300_799e6) throw invalidTimeError(key, value);
  return micros;
}

/** Is there a value? Old taps left null and `{}` where nothing had been read yet. */
export function isPresent(value: Json | undefined): value is Exclude<Json, null> {
  if (value === undefined || value === null) return false;
  return !isJsonObject(value) || Object.values(value).some((inner) => isPresent(inner));
}

interface Slice {
  readonly start: number;
  end: number;
  cursor: number | undefined;
}

/** Airbyte's concurrent form: of the slices that touch, the first run of them has been read without a gap. */
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

/** The oldest time of the first group that is complete: a missing one means that part was never read. */
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
 * Reads a bookmark of an export stream: ours, Airbyte's forms and those of the older Singer taps.
 * `undefined` when it holds nothing to resume from.
 * @throws TapError (config) for one that holds something else: never a silent restart.
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
 * Of a bookmark without the key that is needed: holds it nothing else, but what another tap is known to leave?
 * @throws TapError (config)
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

/** Says, where a bookmark holds only a part of another tap's times, why there is nothing to resume from. */
export function describeMissingTimes(entry: JsonObject, spec: BookmarkSpec): string | undefined {
  const group = spec.foreignTimeKeys.find((keys) => keys.some((key) => isPresent(entry[key])));
  const missing = group?.filter((key) => !isPresent(entry[key])) ?? [];
  return missing.length > 0 ? `it has no ${missing.join(' and no ')}` : undefined;
}

/** Our bookmark: the time for people and other taps, the server's own position for us. */
export function writeExportBookmark(position: ExportPosition, spec: BookmarkSpec): JsonObject {
  return {
    [spec.replicationKey]: microsToInstant(position.time * spec.unit.micros),
    position: { end_time: position.time, end_id: position.startId },
  };
}
