import type { JsonObject } from '../json.ts';

/** A page held against what has come already. */
export interface SeamPage {
  /** The items that have not come in this version, in their order. */
  readonly fresh: readonly JsonObject[];
  readonly identities: ReadonlySet<string>;
}

/** What has come already, as far back as the export can deliver it again. */
export interface Seam {
  /** Holds a page against it; changes nothing. */
  compare(items: readonly JsonObject[]): SeamPage;
  /** Remembers a page that was used. `endTime`: its end in the stream's unit. */
  remember(page: SeamPage, endTime: number): void;
}

/**
 * `start_time` is inclusive, so pages overlap. An item is dropped only if the same key in the same
 * version came since the end time last changed, or in the page before that: what an export can repeat
 * lies there, and nothing older is kept in memory.
 *
 * @param identify key and version of an item in one text
 */
export function createSeam(identify: (item: JsonObject) => string): Seam {
  let before: readonly ReadonlySet<string>[] = [];
  let since: ReadonlySet<string>[] = [];
  let lastEnd: number | undefined;
  return {
    compare: (items) => {
      const identities = new Set<string>();
      const isFresh = (item: JsonObject): boolean => {
        const identity = identify(item);
        const isRepeated = identities.has(identity);
        identities.add(identity);
        return !isRepeated && ![...before, ...since].some((page) => page.has(identity));
      };
      return { fresh: items.filter((item) => isFresh(item)), identities };
    },
    remember: ({ identities }, endTime) => {
      if (endTime === lastEnd) {
        since.push(identities);
        return;
      }
      before = since.slice(-1);
      since = [identities];
      lastEnd = endTime;
    },
  };
}
