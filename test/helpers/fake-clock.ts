import type { Clock } from '../../src/clock.ts';

export interface FakeClock extends Clock {
  /** The waits that were asked for, in ms, in order. */
  readonly sleeps: number[];
  /** Sets the time, also back. */
  set(ms: number): void;
}

/** A clock that stands still, and jumps ahead at once when somebody sleeps. */
export function createFakeClock(startMs: number): FakeClock {
  let ms = startMs;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => ms,
    set: (to) => {
      ms = to;
    },
    async sleep(duration, signal) {
      signal?.throwIfAborted();
      sleeps.push(duration);
      ms += duration;
    },
  };
}
