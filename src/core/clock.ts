import { setTimeout as delay } from 'node:timers/promises';

/** All code reads the time and waits through a Clock, so that tests can replace it. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  readonly now: () => number;
  /** Milliseconds since an arbitrary moment. Monotonic: changes of the system time do not affect it. */
  readonly elapsed: () => number;
  /** Resolves after `ms` milliseconds. Rejects with the signal's reason when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Calls `callback` once, `ms` milliseconds from now or from the last `refresh`. At most 24 days. */
  readonly timer: (ms: number, callback: () => void) => Timer;
}

export interface Timer {
  /** Restarts the timer. Fast enough to call for each chunk of a body. */
  readonly refresh: () => void;
  readonly clear: () => void;
}

/** setTimeout accepts 31 bits of milliseconds. Longer sleeps are split. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Math.trunc(performance.now()),
  async sleep(ms, signal) {
    for (let left = ms; left > 0; left -= longestTimerMs) {
      signal?.throwIfAborted();
      await delay(Math.min(left, longestTimerMs), undefined, { signal }).catch((error: unknown) => {
        // Reject with the reason of the signal instead of an AbortError.
        signal?.throwIfAborted();
        throw error;
      });
    }
  },
  timer(ms, callback) {
    const timeout = setTimeout(callback, ms);
    return { refresh: () => timeout.refresh(), clear: () => clearTimeout(timeout) };
  },
};
