import { TapError } from '../core/errors.ts';
import type { HttpResponse, Query } from '../http/transport.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { quoted } from '../core/quoting.ts';
import { checkUnknownKeys, isPresent, invalidBookmarkError } from './export/bookmark.ts';
import type { ChatApi } from './api.ts';
import type { Page, PageLimitKey, PageSource, ReadOptions } from './stream-definition.ts';
import { PageLimit } from './page-limit.ts';
import { createUnknownListWarning, type ItemList, type ResponseShape } from './response-shape.ts';
import { paginate, type Paginator } from './paginate.ts';

export interface IdListSpec {
  readonly path: string;
  readonly limit: PageLimitKey;
  readonly shape: ResponseShape;
  /** Adds derived properties to an item, in place. `list` is the name of the item's array. */
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

/** Keys of other taps in a bookmark of a list by id. `offset` belongs to their full reads and is not a bookmark. */
export const foreignIdKeys: readonly string[] = ['offset', 'state_type', 'slices', 'legacy'];

/**
 * Reads a bookmark of a list by id: `{"id": n}`, or Airbyte's `slices` with the same number. Returns `undefined` if
 * there is nothing to resume from.
 * @throws TapError (config) for anything else.
 */
export function readIdBookmark(entry: JsonObject): number | undefined {
  const { id, slices } = entry;
  if (isPresent(id)) return parseId('id', id);
  if (isPresent(slices)) return parseId('slices', cursorOfSlices(slices));
  checkUnknownKeys(entry, 'id', foreignIdKeys);
  return undefined;
}

/** Checks that the id and the next one are exact integers. */
function parseId(key: string, value: Json): number {
  const id = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof id === 'number' && Number.isSafeInteger(id + 1) && id >= 0 && Number.isInteger(id))
    return id;
  throw invalidBookmarkError(
    `${key} is ${quoted(value)}, not a whole number from 0 to ${Number.MAX_SAFE_INTEGER - 1}`,
  );
}

function cursorOfSlices(slices: Json): Json {
  const first = Array.isArray(slices) ? slices[0] : undefined;
  if (!isJsonObject(first)) return slices;
  return first['most_recent_cursor_value'] ?? first['end'] ?? first['start'] ?? null;
}

/** The items of an array in which each item is an object with an id; `undefined` for any other value. */
function objectsWithIds(list: Json | undefined): readonly JsonObject[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const items = list.filter((item) => isJsonObject(item));
  const isAlike = items.length === list.length && items.every((item) => idOf(item) !== undefined);
  return isAlike ? items : undefined;
}

/**
 * If a response has several arrays, the next page starts after the smallest of their last ids, because one of them may
 * be behind. (It is not documented whether `limit` applies to each array or to all of them together.)
 */
function nextSinceId(lists: readonly ItemList[], sinceId: number): number {
  const ends = lists.flatMap(({ items }) => (items.length === 0 ? [] : [largestId(items)]));
  const ids = ends.flatMap((id) => id ?? []);
  if (ids.length < ends.length || ids.length === 0) {
    throw pagingError("the API's page has no ids, so the next page cannot be requested");
  }
  const next = Math.min(...ids) + 1;
  if (next > sinceId && Number.isSafeInteger(next)) return next;
  throw pagingError(`the API's page does not continue after ${sinceId}`);
}

function pagingError(message: string): TapError {
  return new TapError(`${message}. Report this with the tap's version`, { kind: 'system' });
}

class IdPaginator implements Paginator<number, HttpResponse> {
  readonly first: number;
  readonly #spec: IdListSpec;
  readonly #api: ChatApi;
  readonly #limit: PageLimit;
  readonly #warnOfUnknownLists: (names: readonly string[]) => void;
  /** The bookmark in the state. A lower one is never written. */
  readonly #bookmark: number;
  readonly #seen = new Set<string>();
  #largest: number;

  constructor(spec: IdListSpec, options: ReadOptions, bookmark: number | undefined) {
    this.first = bookmark === undefined ? 0 : bookmark + 1;
    this.#spec = spec;
    this.#api = options.api;
    this.#limit = new PageLimit(options.settings[spec.limit], options);
    this.#warnOfUnknownLists = createUnknownListWarning(options.warn);
    this.#bookmark = bookmark ?? 0;
    this.#largest = this.#bookmark;
  }

  fetchPage(sinceId: number): Promise<HttpResponse> {
    const query = (): Query => ({ limit: this.#limit.current, since_id: sinceId });
    return this.#api.get(this.#spec.path, query(), {
      responseKeys: this.#spec.shape.keys,
      reason: 'page of ids',
      reviseQuery: async (error) =>
        (await this.#limit.lower(error, `since_id ${sinceId}`, 1)) ? query() : undefined,
    });
  }

  advance(sinceId: number, { body, receivedMs }: HttpResponse): { page: Page; next?: number } {
    const lists = this.#listsOf(body, sinceId);
    for (const { name, items } of lists) {
      for (const item of items) this.#spec.prepare?.(item, name);
      this.#largest = Math.max(this.#largest, largestId(items) ?? 0);
    }
    const isEmpty = lists.every(({ items }) => items.length === 0);
    const isEnd = isEmpty || this.#ignoresPaging(lists, sinceId);
    const items = this.#newItems(lists, sinceId);
    const page = { items, fetchedMs: receivedMs, startsAt: `since_id ${sinceId}` };
    if (isEnd) return { page: this.#withBookmark(page, this.#largest) };
    const next = nextSinceId(lists, sinceId);
    return { page: this.#withBookmark(page, next - 1), next };
  }

  /** The arrays of a response, including unknown ones with items of the same kind. */
  #listsOf(body: Json, sinceId: number): readonly ItemList[] {
    const { shape } = this.#spec;
    const unread = shape.unreadLists(body);
    const alike = unread.flatMap((name) => {
      const items = objectsWithIds(isJsonObject(body) ? body[name] : undefined);
      // The unknown array may not be paged. Items before since_id were already read.
      return items ? [{ name, items: items.filter((item) => (idOf(item) ?? 0) >= sinceId) }] : [];
    });
    this.#warnOfUnknownLists(unread.filter((other) => !alike.some(({ name }) => name === other)));
    return [...shape.read(body), ...alike];
  }

  /** Whether the server ignores since_id and sends the whole list. @throws TapError if it may not be complete. */
  #ignoresPaging(lists: readonly ItemList[], sinceId: number): boolean {
    if (!lists.some(({ items }) => items.some((item) => (idOf(item) ?? sinceId) < sinceId)))
      return false;
    const sizes = lists.map(({ items }) => items.length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const limit = this.#limit.current;
    if (total === limit || sizes.includes(limit)) {
      throw pagingError(
        `the API ignores since_id and sends at most ${limit} items, so the ` +
          'rest cannot be read; a larger page limit in the config may help',
      );
    }
    return true;
  }

  /** Removes items before since_id and items that were already read. */
  #newItems(lists: readonly ItemList[], sinceId: number): JsonObject[] {
    return lists.flatMap(({ name, items }) =>
      items.filter((item) => {
        const id = idOf(item);
        if (id === undefined) return true;
        const identity = `${name}/${id}`;
        if (id < sinceId || this.#seen.has(identity)) return false;
        this.#seen.add(identity);
        return true;
      }),
    );
  }

  #withBookmark(page: Page, id: number): Page {
    const isNew = id > this.#bookmark && Number.isSafeInteger(id + 1);
    return isNew ? { ...page, checkpoint: { id } } : page;
  }
}

/**
 * Reads a list in the order of ids. `since_id` is inclusive, so the next page starts at the last id + 1. An empty page
 * is the end.
 */
export function idPages(spec: IdListSpec): PageSource {
  return (options) => {
    const bookmark = options.bookmark && readIdBookmark(options.bookmark);
    return () => paginate(new IdPaginator(spec, options, bookmark));
  };
}
