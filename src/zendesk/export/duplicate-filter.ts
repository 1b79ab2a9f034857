import type { JsonObject } from '../../core/json.ts';

/** A page held against what has come already. */
interface FilteredPage {
  /** The items that have not come in this version, in their order. */
  readonly newItems: readonly JsonObject[];
  readonly identities: ReadonlySet<string>;
}

/**
 * What has come already, as far back as the export can deliver it again. `start_time` is inclusive, so pages
 * overlap. An item is dropped only if the same key in the same version came since the end time last changed, or
 * in the page before that: what an export can repeat lies there, and nothing older is kept in memory.
 */
export class DuplicateFilter {
  readonly #identify: (item: JsonObject) => string;
  #previousPages: readonly ReadonlySet<string>[] = [];
  #currentPages: ReadonlySet<string>[] = [];
  #lastEnd: number | undefined;

  /** @param identify key and version of an item in one text */
  constructor(identify: (item: JsonObject) => string) {
    this.#identify = identify;
  }

  /** Holds a page against it; changes nothing. */
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

  /** Remembers a page that was used. `endTime`: its end in the stream's unit. */
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
