/** Determines from the sizes of pages which page is full and where the data may end. */

/** Number of recent pages that are used. */
const remembered = 8;

/** A page with fewer items than this part of the largest page counts as short. */
const clearPart = 0.9;

/** A page of one item does not indicate the server's maximum page size. */
const minFullSize = 2;

export interface SizedPage {
  readonly start: number;
  /** `undefined` for an empty page. */
  readonly end: number | undefined;
  readonly size: number;
  /** The requested number of items. */
  readonly limit: number;
}

export class PageSizes {
  #sizes: readonly number[] = [];
  #hasFullPage = false;
  /** The time from which on no full page is known, so that the data may end there. */
  #edge = Number.POSITIVE_INFINITY;

  /** Number of items in the largest recent page; 0 if there is none. */
  get largest(): number {
    return Math.max(0, ...this.#sizes);
  }

  get hasFullPage(): boolean {
    return this.#hasFullPage;
  }

  get edge(): number {
    return this.#edge;
  }

  /** The size of a full page, estimated from at least two pages: servers may send fewer items than requested. */
  fullSize(limit: number): number {
    return this.#sizes.length < 2 ? limit : Math.min(limit, this.largest);
  }

  learn({ start, end, size, limit }: SizedPage): void {
    if (end === undefined) {
      this.#edge = Math.min(this.#edge, start);
      return;
    }
    const isClamped = this.#sizes.length > 0 && size >= minFullSize;
    const isFull = size >= limit || (isClamped && size >= this.largest * clearPart);
    if (!isFull) this.#edge = Math.min(this.#edge, end);
    else if (start >= this.#edge) this.#edge = Number.POSITIVE_INFINITY;
    // A page with a single time does not indicate the size of other pages.
    if (end === start) return;
    this.#hasFullPage ||= isFull;
    this.#sizes = [...this.#sizes, size].slice(-remembered);
  }
}
