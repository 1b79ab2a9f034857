import { setTimeout as delay } from 'node:timers/promises';

/** The only way to read the time, to wait and to limit a wait. Tests hand in one that jumps. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  readonly now: () => number;
  /** Milliseconds since an arbitrary moment, monotonic: setting the clock does not change it. */
  readonly elapsed: () => number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Calls `callback` once, `ms` milliseconds from now or from the last `refresh`. At most 24 days. */
  readonly timer: (ms: number, callback: () => void) => Timer;
}

export interface Timer {
  /** Starts the time anew. Cheap: it may be called for each piece of a body. */
  readonly refresh: () => void;
  readonly clear: () => void;
}

/** setTimeout holds 31 bits of milliseconds: longer sleeps are taken in pieces. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Math.trunc(performance.now()),
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
  timer(ms, callback) {
    const timeout = setTimeout(callback, ms);
    return { refresh: () => timeout.refresh(), clear: () => clearTimeout(timeout) };
  },
};
