import { setTimeout as delay } from 'node:timers/promises';

/** The only way to read the time and to wait. Tests hand in one that jumps. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  readonly now: () => number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** setTimeout holds 31 bits of milliseconds: longer sleeps are taken in pieces. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    for (let left = ms; left > 0; left -= longestTimerMs) {
      signal?.throwIfAborted();
      await delay(Math.min(left, longestTimerMs), undefined, { signal }).catch((error: unknown) => {
        // The abort is what this waits for: it is passed on as the caller's own reason.
        signal?.throwIfAborted();
        throw error;
      });
    }
  },
};
