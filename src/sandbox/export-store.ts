import type { JsonObject } from '../json.ts';
import { isRaw, rawToText } from './raw-json.ts';
import type { Patch } from './raw-json.ts';
import { applyPatch } from './raw-json.ts';

/**
 * What an export holds before anything is changed: a pure function of the place of an item, so that a million items
 * need no memory. Items lie in the order of (time, id).
 */
export interface Series {
  readonly length: number;
  /** Microseconds since 1970; never smaller than that of the place before. */
  timeAt(index: number): number;
  /** Within one time: larger than that of the place before. */
  idAt(index: number): string;
  /** With `keys`, at least these of the item's. */
  itemAt(index: number, keys?: readonly string[]): JsonObject;
  /** The JSON text of the item, for a series that can do that faster. */
  readonly textAt?: (index: number) => string;
  /** The place of an item, also of one that has been changed since. */
  indexOf(id: string): number | undefined;
}

/** Where an item stands in the order of an export. */
export interface Place {
  readonly timeUs: number;
  readonly id: string;
}

/** An item in its place. */
export interface Entry extends Place {
  /** Its place in the series, -1 for one that was added later. */
  readonly index: number;
  /** The item in full, or with at least these keys. Numbers injected as raw text are still markers here. */
  item(keys?: readonly string[]): JsonObject;
  /** A faster way to the JSON text of the item in full. */
  readonly text?: () => string;
  /** Does the item hold raw text? */
  readonly raw: boolean;
}

/** An export's items: a series, and a small overlay of everything that was changed, added or taken away. */
export interface ExportStore {
  count(): number;
  /** In order, those for which `wanted` is true. It must be false up to some place and true from there on. */
  from(wanted: (place: Place) => boolean): Iterable<Entry>;
  find(id: string): Entry | undefined;
  /** The item of that place in the series, changed or not; undefined once it was removed. */
  atIndex(index: number): Entry | undefined;
  /** Adds an item or replaces the one with this id. */
  put(place: Place, item: JsonObject): void;
  /** Changes an item, at a new time if one is given. False: there is no such item. */
  patch(id: string, patch: Patch, timeUs?: number): boolean;
  remove(id: string): boolean;
}

function comparePlaces(left: Place, right: Place): number {
  if (left.timeUs !== right.timeUs) return left.timeUs - right.timeUs;
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}

/** Is `left` later in the order of exports than `right`: by time, then by id? */
export function isAfter(left: Place, right: Place): boolean {
  return comparePlaces(left, right) > 0;
}

/** The first place from 0 to `length` for which `wanted` is true. */
function firstIndex(length: number, wanted: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (wanted(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function seriesEntry(series: Series, index: number): Entry {
  const { textAt } = series;
  return {
    timeUs: series.timeAt(index),
    id: series.idAt(index),
    index,
    raw: false,
    item: (keys) => series.itemAt(index, keys),
    ...(textAt === undefined ? {} : { text: () => textAt(index) }),
  };
}

/** What was changed, added or taken away: entries by id, the same in order, and the places they speak for. */
function createOverlay(series: Series) {
  const byId = new Map<string, Entry>();
  const covered = new Set<number>();
  let sorted: readonly Entry[] | undefined = [];
  return {
    get: (id: string) => byId.get(id),
    covers: (index: number) => covered.has(index),
    set(entry: Entry) {
      if (entry.index >= 0) covered.add(entry.index);
      byId.set(entry.id, entry);
      sorted = undefined;
    },
    remove({ id, index }: Entry) {
      if (index >= 0) covered.add(index);
      byId.delete(id);
      sorted = undefined;
    },
    count: () => series.length - covered.size + byId.size,
    inOrder(): readonly Entry[] {
      sorted ??= [...byId.values()].sort(comparePlaces);
      return sorted;
    },
  };
}

/** Merges two ordered lists of entries. */
function* merge(changed: readonly Entry[], untouched: Iterable<Entry>): Iterable<Entry> {
  let next = 0;
  for (const entry of untouched) {
    let earlier = changed[next];
    while (earlier !== undefined && isAfter(entry, earlier)) {
      yield earlier;
      next += 1;
      earlier = changed[next];
    }
    yield entry;
  }
  yield* changed.slice(next);
}

/** Looks at series and overlay as one. */
function createReader(series: Series, overlay: ReturnType<typeof createOverlay>) {
  function untouched(index: number | undefined): Entry | undefined {
    if (index === undefined || index < 0 || index >= series.length) return undefined;
    return overlay.covers(index) ? undefined : seriesEntry(series, index);
  }
  function* untouchedFrom(start: number): Iterable<Entry> {
    for (let index = start; index < series.length; index += 1) {
      const entry = untouched(index);
      if (entry !== undefined) yield entry;
    }
  }
  function find(id: string): Entry | undefined {
    return overlay.get(id) ?? untouched(series.indexOf(id));
  }
  return {
    find,
    atIndex: (index: number) => (index < series.length ? find(series.idAt(index)) : undefined),
    from(wanted: (place: Place) => boolean) {
      const start = firstIndex(series.length, (index) =>
        wanted({ timeUs: series.timeAt(index), id: series.idAt(index) }),
      );
      return merge(overlay.inOrder().filter(wanted), untouchedFrom(start));
    },
  };
}

/** Makes the items of an export out of its series. */
export function createExportStore(series: Series): ExportStore {
  const overlay = createOverlay(series);
  const reader = createReader(series, overlay);
  return {
    ...reader,
    count: overlay.count,
    put(place, item) {
      const index = series.indexOf(place.id) ?? -1;
      overlay.set({ ...place, index, raw: isRaw(item), item: () => item });
    },
    patch(id, patch, timeUs) {
      const entry = reader.find(id);
      if (entry === undefined) return false;
      overlay.set({
        id,
        index: entry.index,
        timeUs: timeUs ?? entry.timeUs,
        raw: entry.raw || isRaw(patch),
        item: () => applyPatch(entry.item(), patch),
      });
      return true;
    },
    remove(id) {
      const entry = reader.find(id);
      if (entry !== undefined) overlay.remove(entry);
      return entry !== undefined;
    },
  };
}

/** The item as it goes over the wire, with only the given keys if there are any. */
export function entryText(entry: Entry, keys?: readonly string[]): string {
  if (keys === undefined && entry.text !== undefined) return entry.text();
  const item = entry.item(keys);
  const text = JSON.stringify(keys === undefined ? item : pickKeys(item, keys));
  return entry.raw ? rawToText(text) : text;
}

function pickKeys(item: JsonObject, keys: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const key of keys) {
    const value = item[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}
