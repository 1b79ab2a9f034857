/** What the sizes of pages say: which one is full, and where the data may end. */

/** How many of the last pages count. */
const remembered = 8;

/** A page with fewer items than this part of the largest one is clearly shorter. */
const clearPart = 0.9;

/** One item says nothing about how many items a server is willing to send. */
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
  /** No full page starts at or behind this place, as far as is known: the data may end there. */
  #edge = Number.POSITIVE_INFINITY;

  /** Items of the largest of the last pages; 0: there was none. */
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
    // A page that stays at one instant says nothing about the size of others.
    if (end === start) return;
    this.#hasFullPage ||= isFull;
    this.#sizes = [...this.#sizes, size].slice(-remembered);
  }
}
