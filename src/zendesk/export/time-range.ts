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

/** The API rejects a start in the last five minutes. Ten more seconds allow for network delays. */
const headDelayMs = 310_000;

/** Additional delay if the API sends no time: the local clock may be this fast. */
const unknownTimeDelayMs = 900_000;

/** The start of an export, and the minimum of its bookmark. */
export interface ExportStart {
  readonly position: ExportPosition;
  /** The bookmark in the state. `time` is in the stream's unit, rounded up. */
  readonly floor: { readonly time: number; readonly endId: string | null } | undefined;
  /**
   * Reading starts before the bookmark, because of a lookback or because another tap wrote it. Only positions after the
   * bookmark replace it.
   */
  readonly isBeforeFloor: boolean;
  /** Another tap wrote the bookmark. This tap's bookmark replaces it after the end is reached. */
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

/** Logs which time of another tap's bookmark is used, because items may be read again. */
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

/** @throws TapError (config) for an invalid bookmark. */
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
      `start_date ${start} is newer than the bookmark ${end}: changes between the two are never ` +
        `read. To read them, remove start_date or set it to ${end} or earlier`,
    );
    return { ...first, floor, isBeforeFloor: true };
  }
  const backMs = settings.lookback_minutes * 60_000 + (bookmark.isOwn ? 0 : headDelayMs);
  const isForeign = !bookmark.isOwn;
  if (backMs === 0) {
    // The API accepts no time before 1970.
    const position = { time: Math.max(floor.time, 0), startId: bookmark.endId };
    return { position, floor, isBeforeFloor: false, isForeign };
  }
  const earliest = settings.hasStartDate ? first.position.time : 0;
  const back = Math.floor((bookmark.micros - backMs * 1000) / spec.unit.micros);
  const position = { time: Math.max(back, earliest), startId: null };
  return { position, floor, isBeforeFloor: true, isForeign };
}

/** The newest time that can be requested, in the stream's unit, as far as the current time is known. */
export function computeHead({ api, settings, now }: ReadOptions, spec: BookmarkSpec): number {
  const serverMs = api.latestServerTimeMs();
  const isTimeUnknown = serverMs === undefined && api.responseCount() > 0;
  const knownMs = Math.min(now(), serverMs ?? Number.POSITIVE_INFINITY);
  const headMs = knownMs - headDelayMs - (isTimeUnknown ? unknownTimeDelayMs : 0);
  const endMs = Math.min(headMs, settings.endDateMs ?? Number.POSITIVE_INFINITY);
  return Math.floor((endMs * 1000) / spec.unit.micros);
}

/**
 * The bookmark for a position. Never later than the head, so that items that arrive late are read again, and never
 * earlier than the bookmark in the state. `undefined` means that the bookmark does not change.
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
 * New values for other taps' times in the state, valid only after the export was read to its end: other taps find a
 * chat by its end, but a chat that was edited later is at a later position of the export.
 * @param bookmark The last bookmark of this tap.
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
  // Objects stay objects, so that runners can merge the states.
  return Object.fromEntries(
    keys.filter((key) => !isJsonObject(entry[key])).map((key) => [key, text]),
  );
}
