/** A page that has been seen, in the stream's unit. */
export interface KnownPage {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** So many pages are remembered: a guess looks at the nearest one only. */
const maxKnownPages = 64;

/** A guess reaches no further than so many times the mean span: beyond a silence the data may be dense again. */
const maxMeanSpans = 8;
const meanOver = 4;

/**
 * Predicts how far a page reaches that starts at some place: as far as the nearest known page before it, at the same
 * density.
 */
export class SpanPredictor {
  /** In the order they were learned. */
  #known: readonly KnownPage[] = [];

  learn(page: KnownPage): void {
    this.#known = [...this.#known, page].slice(-maxKnownPages);
  }

  /**
   * @param size items of a full page
   * @returns the span in the stream's unit, at least 1; `undefined` while no page is known
   */
  span(place: number, size: number): number | undefined {
    const nearest = nearestBefore(place, this.#known);
    if (nearest === undefined) return undefined;
    const scaled = ({ start, end, size: items }: KnownPage): number =>
      ((end - start) * size) / items;
    const recent = this.#known.slice(-meanOver);
    const mean = recent.reduce((sum, page) => sum + scaled(page), 0) / recent.length;
    return Math.max(1, Math.min(scaled(nearest), maxMeanSpans * mean));
  }
}

/** The known page with the latest start at or before a place, else the first one after it. */
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
