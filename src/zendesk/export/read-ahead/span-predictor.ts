/** A known page, in the stream's unit. */
export interface KnownPage {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** Number of remembered pages. A guess uses only the nearest one. */
const maxKnownPages = 64;

/** Maximum span of a guess as a multiple of the mean span, because data after a silence may be dense again. */
const maxMeanSpans = 8;
const meanOver = 4;

/** Minimum span of a page that is not the next one, as a part of the mean span. */
const farPart = 0.95;

/**
 * Predicts the span of a page from the density of the nearest known page before it.
 *
 * Pages after the next one are expected to have at least about the mean span of the last pages: a guess too near is
 * wasted, and a page too far away is used later.
 */
export class SpanPredictor {
  /** Known pages in the order in which they were added. */
  #known: readonly KnownPage[] = [];

  learn(page: KnownPage): void {
    this.#known = [...this.#known, page].slice(-maxKnownPages);
  }

  /**
   * @param size Number of items in a full page.
   * @param isFar Whether other pages are expected between the position of the walk and this one.
   * @returns The span in the stream's unit, at least 1; `undefined` while no page is known.
   */
  span(place: number, size: number, isFar = false): number | undefined {
    const nearest = nearestBefore(place, this.#known);
    if (nearest === undefined) return undefined;
    const scaled = ({ start, end, size: items }: KnownPage): number =>
      ((end - start) * size) / items;
    const recent = this.#known.slice(-meanOver);
    const mean = recent.reduce((sum, page) => sum + scaled(page), 0) / recent.length;
    const near = Math.min(scaled(nearest), maxMeanSpans * mean);
    return Math.max(1, near, isFar ? mean * farPart : 0);
  }
}

/** The known page with the latest start at or before a time, or the first one after it. */
function nearestBefore(place: number, known: readonly KnownPage[]): KnownPage | undefined {
  let before: KnownPage | undefined;
  let after: KnownPage | undefined;
  for (const page of known) {
    if (page.start > place) {
      if (after === undefined || page.start < after.start) after = page;
    } else if (before === undefined || page.start >= before.start) before = page;
  }
  return before ?? after;
}
