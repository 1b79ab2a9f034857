/** Streams whose records are parts of an endpoint's items, such as the messages of chats. */
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { Page, PageSource, Probe } from './stream-definition.ts';

/** Returns the records of an item, which may be objects in it. */
export type SplitItem = (item: JsonObject) => readonly JsonObject[];

/** A longer page is divided, so that its records need not be in memory at the same time. */
const maxPageItems = 1000;

/** The records of a bad item are bad, too. The checkpoint belongs to the last page. */
function* splitPage(page: Page, split: SplitItem): Generator<Page, void, undefined> {
  const { items, badItems, checkpoint, ...details } = page;
  let part = { ...details, items: new Array<JsonObject>(), badItems: new Set<JsonObject>() };
  for (const item of items) {
    for (const record of split(item)) {
      part.items.push(record);
      if (badItems?.has(item) === true) part.badItems.add(record);
    }
    if (part.items.length >= maxPageItems) {
      yield part;
      part = { ...details, items: [], badItems: new Set() };
    }
  }
  yield { ...part, ...(checkpoint !== undefined && { checkpoint }) };
}

/** The same endpoint with split items. Paging, bookmarks and `end_date` apply to the whole items. */
export function splitPages(
  endpoint: { readonly pages: PageSource; readonly probe: Probe },
  split: SplitItem,
): { pages: PageSource; probe: Probe } {
  return {
    pages: (options) => {
      const pages = endpoint.pages(options);
      return async function* parts() {
        for await (const page of pages()) yield* splitPage(page, split);
      };
    },
    probe: async (options) => {
      const { items, ...rest } = await endpoint.probe(options);
      return { ...rest, items: items.flatMap((item) => split(item)) };
    },
  };
}

/**
 * Splits items into the elements of the array `key`. An element that is not an object becomes an object with this key.
 * @param addedTo Properties that are added to the element at this position of an item's array.
 */
export function splitArray(
  key: string,
  addedTo: (item: JsonObject, position: number) => JsonObject,
): SplitItem {
  return (item) =>
    [item[key] ?? []]
      .flat()
      .map((part, position) =>
        Object.assign(isJsonObject(part) ? part : { [key]: part }, addedTo(item, position)),
      );
}
