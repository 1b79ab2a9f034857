import type { Flight, HeldPage } from './inventory.ts';

/** A guess is placed at this part of the span that is expected, so that pages overlap rather than leave a gap. */
const placedPart = 0.9;

export interface Coverage {
  readonly held: readonly HeldPage[];
  /** Those that are worth waiting for. */
  readonly flights: readonly Flight[];
  /** Starts of pages that are full of one instant. */
  readonly marks: readonly number[];
  readonly spanAt: (place: number) => number;
}

interface Reach {
  /** What comes next is placed here. */
  readonly place: number;
  /** As far as what is known may reach. */
  readonly farthest: number;
}

/** The first place behind `start` that nothing covers that is held or in flight. */
export function firstUncovered(start: number, coverage: Coverage): number {
  let reach: Reach = { place: start, farthest: start };
  for (;;) {
    const next = extended(reach, coverage);
    if (next === undefined) return reach.place;
    reach = next;
  }
}

function extended({ place, farthest }: Reach, coverage: Coverage): Reach | undefined {
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
    const span = spanAt(time);
    // At least one unit, so that a dense time is not requested repeatedly.
    const next = Math.max(time + 1, Math.floor(time + span * placedPart));
    const reach = { place: next, farthest: Math.max(next, Math.floor(time + span)) };
    return time <= farthest && next > place ? [reach] : [];
  });
  return reaches.toSorted((a, b) => b.place - a.place)[0];
}
