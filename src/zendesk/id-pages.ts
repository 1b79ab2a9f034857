import { TapError } from '../errors.ts';
import type { HttpAnswer, Query } from '../http/client.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { quoted } from '../wording.ts';
import { checkNothingElse, isPresent, wrongBookmark } from './export-bookmark.ts';
import type { ChatApi } from './api.ts';
import type { Page, PageLimitKey, PageSource, ReadOptions } from './definition.ts';
import { PageLimit } from './page-limit.ts';
import { createListWarning, type ItemList, type Shape } from './shape.ts';
import { walkPages } from './walk-pages.ts';

export interface IdSpec {
  readonly path: string;
  readonly limit: PageLimitKey;
  readonly shape: Shape;
  /** Fills in, in place, what the API leaves to be known; `list` is the name of the one the item came from. */
  readonly prepare?: (item: JsonObject, list: string) => void;
}

function idOf(item: JsonObject): number | undefined {
  const { id } = item;
  const number = typeof id === 'string' && /^\d+$/.test(id) ? Number(id) : id;
  return typeof number === 'number' ? number : undefined;
}

function largestId(items: readonly JsonObject[]): number | undefined {
  const ids = items.flatMap((item) => idOf(item) ?? []);
  return ids.length === 0 ? undefined : Math.max(...ids);
}

/** Keys other taps left in a bookmark of a list by id. What they kept about reading it whole (`offset`) is no bookmark. */
export const foreignIdKeys: readonly string[] = ['offset', 'state_type', 'slices', 'legacy'];

/**
 * A bookmark of a list by id: `{"id": n}`; Airbyte's `slices` hold the same number. `undefined` when it holds
 * nothing to resume from.
 * @throws TapError (config) for anything else.
 */
export function readIdBookmark(entry: JsonObject): number | undefined {
  const { id, slices } = entry;
  if (isPresent(id)) return wholeNumber('id', id);
  if (isPresent(slices)) return wholeNumber('slices', cursorOfSlices(slices));
  checkNothingElse(entry, 'id', foreignIdKeys);
  return undefined;
}

/** The next id must be a number that is exact, too. */
function wholeNumber(key: string, value: Json): number {
  const id = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof id === 'number' && Number.isSafeInteger(id + 1) && id >= 0 && Number.isInteger(id))
    return id;
  throw wrongBookmark(
    `${key} is ${quoted(value)}, not a whole number from 0 to ${Number.MAX_SAFE_INTEGER - 1}`,
  );
}

function cursorOfSlices(slices: Json): Json {
  const first = Array.isArray(slices) ? slices[0] : undefined;
  if (!isJsonObject(first)) return slices;
  return first['most_recent_cursor_value'] ?? first['end'] ?? first['start'] ?? null;
}

/** Where the paging of one run stands. */
interface Paging {
  readonly spec: IdSpec;
  readonly limit: PageLimit;
  readonly seen: Set<string>;
  /** The largest id of the run so far. */
  largest: number;
  /** The bookmark as read: never is a lower one written. */
  readonly bookmark: number;
  readonly warnOfLists: (names: readonly string[]) => void;
}

/** The lists of an answer, and those of the same kind that it holds beside them. */
function listsOf(body: Json, { spec, warnOfLists }: Paging, sinceId: number): readonly ItemList[] {
  const unread = spec.shape.unread(body);
  const alike = unread.flatMap((name) => {
    const items = itemsWithIds(isJsonObject(body) ? body[name] : undefined);
    // It may not be paged: what lies before the place asked for has come.
    return items ? [{ name, items: items.filter((item) => (idOf(item) ?? 0) >= sinceId) }] : [];
  });
  warnOfLists(unread.filter((other) => !alike.some(({ name }) => name === other)));
  return [...spec.shape.read(body), ...alike];
}

/** The objects of a list in which each has an id; `undefined` for any other. */
function itemsWithIds(list: Json | undefined): readonly JsonObject[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const items = list.filter((item) => isJsonObject(item));
  const isAlike = items.length === list.length && items.every((item) => idOf(item) !== undefined);
  return isAlike ? items : undefined;
}

/**
 * With several lists in one answer, one of them may be behind: nothing below its last id is certain to
 * have come. (Whether `limit` counts each list or all of them together is not documented.)
 */
function nextSinceId(lists: readonly ItemList[]): number {
  const ends = lists.flatMap(({ items }) => (items.length === 0 ? [] : [largestId(items)]));
  const ids = ends.flatMap((id) => id ?? []);
  if (ids.length < ends.length || ids.length === 0) {
    throw new TapError("the API's page has no ids, so the next page cannot be asked for", {
      kind: 'system',
    });
  }
  return Math.min(...ids) + 1;
}

/** Takes out what lies before the place asked for and what came already. */
function freshItems(paging: Paging, sinceId: number, lists: readonly ItemList[]): JsonObject[] {
  return lists.flatMap(({ name, items }) =>
    items.filter((item) => {
      const id = idOf(item);
      if (id === undefined) return true;
      const identity = `${name}/${id}`;
      if (id < sinceId || paging.seen.has(identity)) return false;
      paging.seen.add(identity);
      return true;
    }),
  );
}

/** Items before the place asked for: the server ignores paging and sends the whole list, if it fits. */
function checkIgnored(paging: Paging, sinceId: number, lists: readonly ItemList[]): boolean {
  const below = lists.some(({ items }) => items.some((item) => (idOf(item) ?? sinceId) < sinceId));
  if (!below) return false;
  const sizes = lists.map(({ items }) => items.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const limit = paging.limit.current;
  if (total === limit || sizes.includes(limit)) {
    throw new TapError(
      `the API ignores since_id and sends ${limit} items at most, so the ` +
        'rest cannot be reached; a larger page limit in the config may help',
      { kind: 'system' },
    );
  }
  return true;
}

function take(
  paging: Paging,
  sinceId: number,
  { body, receivedMs }: HttpAnswer,
): { page: Page; next?: number } {
  const lists = listsOf(body, paging, sinceId);
  for (const { name, items } of lists) {
    for (const item of items) paging.spec.prepare?.(item, name);
  }
  const isEmpty = lists.every(({ items }) => items.length === 0);
  const isEnd = isEmpty || checkIgnored(paging, sinceId, lists);
  const items = freshItems(paging, sinceId, lists);
  for (const list of lists) {
    paging.largest = Math.max(paging.largest, largestId(list.items) ?? 0);
  }
  const page = { items, fetchedMs: receivedMs, place: `since_id ${sinceId}` };
  if (isEnd) return { page: withBookmark(paging, page, paging.largest) };
  const next = nextSinceId(lists);
  if (next <= sinceId || !Number.isSafeInteger(next)) {
    throw new TapError(`the API's page does not lead on from ${sinceId}`, {
      kind: 'system',
    });
  }
  return { page: withBookmark(paging, page, next - 1), next };
}

function withBookmark(paging: Paging, page: Page, id: number): Page {
  return id > paging.bookmark && Number.isSafeInteger(id + 1)
    ? { ...page, checkpoint: { id } }
    : page;
}

async function ask(api: ChatApi, { spec, limit }: Paging, sinceId: number): Promise<HttpAnswer> {
  const query = (): Query => ({ limit: limit.current, since_id: sinceId });
  return api.get(spec.path, query(), {
    answerKeys: spec.shape.keys,
    revise: async (error) =>
      (await limit.lower(error, `since_id ${sinceId}`, 1)) ? query() : undefined,
  });
}

/**
 * Lists in the order of their ids: `since_id` is inclusive, so the next page starts at the last id + 1,
 * until a page is empty.
 */
export function idPages(spec: IdSpec): PageSource {
  return ({ api, settings, bookmark: entry, warn }: ReadOptions) => {
    const bookmark = entry && readIdBookmark(entry);
    return () => {
      const start = bookmark ?? 0;
      const limit = new PageLimit({ most: settings[spec.limit], api, warn });
      const paging: Paging = {
        spec,
        limit,
        seen: new Set(),
        largest: start,
        bookmark: start,
        warnOfLists: createListWarning(warn),
      };
      return walkPages<number, HttpAnswer>({
        first: bookmark === undefined ? 0 : bookmark + 1,
        ask: (sinceId) => ask(api, paging, sinceId),
        take: (sinceId, answer) => take(paging, sinceId, answer),
      });
    };
  };
}
