import type { Flight, HeldPage } from './inventory.ts';

/** A guess starts at this part of the expected span, so that pages overlap and leave no gap. */
const placedPart = 0.9;

export interface Coverage {
  readonly held: readonly HeldPage[];
  /** Requests that are worth waiting for. */
  readonly flights: readonly Flight[];
  /** Starts of pages that are full of items with one time. */
  readonly marks: readonly number[];
  readonly spanAt: (place: number, isFar: boolean) => number;
}

interface Reach {
  /** The start of the next request. */
  readonly place: number;
  /** The maximum end of the known pages. */
  readonly farthest: number;
}

/** The first time after `start` that no page in memory and no request in flight covers. */
export function firstUncovered(start: number, coverage: Coverage): number {
  let reach: Reach = { place: start, farthest: start };
  for (let isFar = false; ; isFar = true) {
    const next = extended(reach, coverage, isFar);
    if (next === undefined) return reach.place;
    reach = next;
  }
}

function extended(
  { place, farthest }: Reach,
  coverage: Coverage,
  isFar: boolean,
): Reach | undefined {
  const { held, flights, marks, spanAt } = coverage;
  const ends = [
    ...held.map(({ flight, end }) => ({ start: flight.request.time, end })),
    ...marks.map((mark) => ({ start: mark, end: mark + 1 })),
  ].flatMap(({ start, end }) => (start <= farthest && end > place ? end : []));
  if (ends.length > 0) {
    const end = Math.max(...ends);
    return { place: end, farthest: end };
  }
  const reaches = flights.flatMap(({ request: { time } }) => {
    const span = spanAt(time, isFar);
    // At least one unit, so that a dense time is not requested repeatedly.
    const next = Math.max(time + 1, Math.floor(time + span * placedPart));
    const reach = { place: next, farthest: Math.max(next, Math.floor(time + span)) };
    return time <= farthest && next > place ? [reach] : [];
  });
  return reaches.toSorted((a, b) => b.place - a.place)[0];
}
