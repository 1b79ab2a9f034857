import { microsToInstant, timeToMicros } from '../../core/instant.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { ReadOptions } from '../stream-definition.ts';
import {
  describeMissingTimes,
  readExportBookmark,
  writeExportBookmark,
  type BookmarkSpec,
  type ExportBookmark,
  type ExportPosition,
} from './bookmark.ts';

/** The API refuses a start younger than five minutes; ten seconds more allow for the way there. */
const headDelayMs = 310_000;

/** An API that never says what time it is leaves us to our own clock, which may be fast by so much. */
const unknownTimeDelayMs = 900_000;

/** Where an export begins, and the bookmark it may not fall behind. */
export interface ExportStart {
  readonly position: ExportPosition;
  /** What was read from the state. `time`: in the stream's unit, never before the bookmark's own. */
  readonly floor: { readonly time: number; readonly endId: string | null } | undefined;
  /**
   * Reading starts before the bookmark, so that only a later position says more than it: another tap's,
   * which was not capped, or one that is to be looked back from.
   */
  readonly isBeforeFloor: boolean;
  /** Another tap wrote the bookmark: once the end is proven, ours takes its place. */
  readonly isForeign: boolean;
}

function initialStart(options: ReadOptions, spec: BookmarkSpec): ExportStart {
  const time = Math.floor((options.settings.startDateMs * 1000) / spec.unit.micros);
  return {
    position: { time, startId: null },
    floor: undefined,
    isBeforeFloor: false,
    isForeign: false,
  };
}

/** What is made of another tap's bookmark: it holds several times, and much or all may be read once more. */
function logUsedBookmark(
  bookmark: ExportBookmark | undefined,
  { info, bookmark: entry = {} }: ReadOptions,
  spec: BookmarkSpec,
): void {
  if (bookmark === undefined) {
    const problem = describeMissingTimes(entry, spec);
    if (problem !== undefined) info(`the state's bookmark is not used: ${problem}`);
  } else if (!bookmark.isOwn) {
    const { key, sourceKeys, micros } = bookmark;
    const oldest = sourceKeys.length > 1 ? `, the oldest of ${sourceKeys.join(', ')}` : '';
    info(`the bookmark used is ${key} ${microsToInstant(micros)}${oldest}`);
  }
}

/** @throws TapError (config) for a bookmark that cannot be understood. */
export function planStart(options: ReadOptions, spec: BookmarkSpec): ExportStart {
  const bookmark = readExportBookmark(options.bookmark, spec);
  const first = initialStart(options, spec);
  logUsedBookmark(bookmark, options, spec);
  if (bookmark === undefined) return first;
  const { settings } = options;
  const floor = {
    time: Math.ceil(bookmark.micros / spec.unit.micros),
    endId: bookmark.endId,
  };
  if (settings.hasStartDate && first.position.time > floor.time) {
    const start = microsToInstant(settings.startDateMs * 1000);
    const end = microsToInstant(bookmark.micros);
    options.warn(
      `start_date ${start} is newer than the bookmark ${end}: what changed between the two is not ` +
        `read, now or later. To read it, take start_date out or set it to ${end} or earlier`,
    );
    return { ...first, floor, isBeforeFloor: true };
  }
  const backMs = settings.lookback_minutes * 60_000 + (bookmark.isOwn ? 0 : headDelayMs);
  const isForeign = !bookmark.isOwn;
  if (backMs === 0) {
    // The API knows no time before 1970.
    const position = { time: Math.max(floor.time, 0), startId: bookmark.endId };
    return { position, floor, isBeforeFloor: false, isForeign };
  }
  const earliest = settings.hasStartDate ? first.position.time : 0;
  const back = Math.floor((bookmark.micros - backMs * 1000) / spec.unit.micros);
  const position = { time: Math.max(back, earliest), startId: null };
  return { position, floor, isBeforeFloor: true, isForeign };
}

/** The newest time that may be asked for, in the stream's unit: with what is known of the time now. */
export function computeHead({ api, settings, now }: ReadOptions, spec: BookmarkSpec): number {
  const serverMs = api.latestServerTimeMs();
  const isTimeUnknown = serverMs === undefined && api.responseCount() > 0;
  const knownMs = Math.min(now(), serverMs ?? Number.POSITIVE_INFINITY);
  const headMs = knownMs - headDelayMs - (isTimeUnknown ? unknownTimeDelayMs : 0);
  const endMs = Math.min(headMs, settings.endDateMs ?? Number.POSITIVE_INFINITY);
  return Math.floor((endMs * 1000) / spec.unit.micros);
}

/**
 * The bookmark that is true at a position: never later than the head, since what arrives late near the
 * present is to be read again; never earlier than the one that was read. `undefined`: leave it.
 */
export function bookmarkAt(
  position: ExportPosition,
  head: number,
  { floor, isBeforeFloor }: ExportStart,
  spec: BookmarkSpec,
): JsonObject | undefined {
  const capped = position.time > head ? { time: head, startId: null } : position;
  if (floor !== undefined) {
    if (capped.time < floor.time) return undefined;
    const saysLess = isBeforeFloor || (floor.endId !== null && capped.startId === null);
    if (capped.time === floor.time && saysLess) return undefined;
  }
  return writeExportBookmark(capped, spec);
}

/**
 * The times of other taps that the state holds, as an export that was read to its end makes them true. An earlier
 * bookmark does not: such a tap finds a chat by its end, and one that was edited later lies further on in the export.
 * @param bookmark ours, as it was written last
 */
export function foreignTimes(
  bookmark: JsonObject,
  options: ReadOptions,
  { replicationKey, foreignTimeKeys: groups }: BookmarkSpec,
): JsonObject {
  const entry = options.bookmark ?? {};
  const micros = timeToMicros(bookmark[replicationKey]);
  if (micros === undefined) return {};
  const text = microsToInstant(micros - headDelayMs * 1000);
  const keys = groups.filter((group) => group.some((key) => Object.hasOwn(entry, key))).flat();
  // What is an object stays one, so that runners can merge the states.
  return Object.fromEntries(
    keys.filter((key) => !isJsonObject(entry[key])).map((key) => [key, text]),
  );
}
