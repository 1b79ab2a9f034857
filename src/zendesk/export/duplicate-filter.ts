import type { JsonObject } from '../../core/json.ts';

/** A page compared with earlier pages. */
interface FilteredPage {
  /** Items that were not read in this version yet, in order. */
  readonly newItems: readonly JsonObject[];
  readonly identities: ReadonlySet<string>;
}

/**
 * Removes items that the export delivers again. `start_time` is inclusive, so pages overlap. An item is removed only if
 * the same key in the same version was read since the end time last changed, or in the page before. The export cannot
 * repeat older items, so they are not kept in memory.
 */
export class DuplicateFilter {
  readonly #identify: (item: JsonObject) => string;
  #previousPages: readonly ReadonlySet<string>[] = [];
  #currentPages: ReadonlySet<string>[] = [];
  #lastEnd: number | undefined;

  /** @param identify Returns the key and the version of an item as one string. */
  constructor(identify: (item: JsonObject) => string) {
    this.#identify = identify;
  }

  /** Compares a page with earlier pages, without changing the filter. */
  filter(items: readonly JsonObject[]): FilteredPage {
    const identities = new Set<string>();
    const known = [...this.#previousPages, ...this.#currentPages];
    const newItems = items.filter((item) => {
      const identity = this.#identify(item);
      const isRepeated = identities.has(identity);
      identities.add(identity);
      return !isRepeated && !known.some((page) => page.has(identity));
    });
    return { newItems, identities };
  }

  /** Adds a page. `endTime` is its end in the stream's unit. */
  remember({ identities }: FilteredPage, endTime: number): void {
    if (endTime === this.#lastEnd) {
      this.#currentPages.push(identities);
      return;
    }
    this.#previousPages = this.#currentPages.slice(-1);
    this.#currentPages = [identities];
    this.#lastEnd = endTime;
  }
}
