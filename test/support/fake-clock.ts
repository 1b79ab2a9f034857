import type { Clock } from '../../src/core/clock.ts';

/** The timers of a made-up clock. */
export interface Timers {
  readonly start: Clock['timer'];
  /** Runs those whose time has come. */
  readonly runDue: () => void;
  /** Resolves when one is next refreshed: a request has received something. */
  readonly refreshed: () => Promise<void>;
  /** When the first one is due, ms since 1970; `Infinity` when none is running. */
  readonly nextMs: () => number;
}

export function createTimers(now: () => number): Timers {
  const running = new Map<object, { dueMs: number; callback: () => void }>();
  const waiting: (() => void)[] = [];
  return {
    start(ms, callback) {
      const key = {};
      const restart = (): void => void running.set(key, { dueMs: now() + ms, callback });
      restart();
      return {
        refresh: () => {
          if (running.has(key)) restart();
          for (const resolve of waiting.splice(0)) resolve();
        },
        clear: () => void running.delete(key),
      };
    },
    runDue() {
      for (const [key, { dueMs, callback }] of running) {
        if (dueMs > now()) continue;
        running.delete(key);
        callback();
      }
    },
    refreshed: () => new Promise((resolve) => void waiting.push(resolve)),
    nextMs: () => Math.min(...[...running.values()].map(({ dueMs }) => dueMs)),
  };
}

export interface FakeClock extends Clock {
  /** The requested waits in ms, in order. */
  readonly sleeps: number[];
  /** Sets the time, also back; timers that are due by then run. */
  set(ms: number): void;
  /** Advances the time without a sleep, and runs the timers that are due. */
  pass(ms: number): void;
  /** Advances the time until the first timer is due, as if nothing arrived within the limit. */
  passLimit(): void;
  /** Resolves when a timer is next refreshed: a request has received something. */
  refreshed(): Promise<void>;
}

/** A frozen clock that a sleep advances at once. */
export function createFakeClock(startMs: number): FakeClock {
  let ms = startMs;
  let elapsedMs = 0;
  const sleeps: number[] = [];
  const timers = createTimers(() => ms);
  const set = (to: number): void => {
    elapsedMs += Math.max(0, to - ms);
    ms = to;
    timers.runDue();
  };
  return {
    sleeps,
    now: () => ms,
    elapsed: () => elapsedMs,
    set,
    pass: (duration) => set(ms + duration),
    passLimit: () => set(timers.nextMs()),
    refreshed: timers.refreshed,
    timer: timers.start,
    async sleep(duration, signal) {
      signal?.throwIfAborted();
      sleeps.push(duration);
      set(ms + duration);
    },
  };
}
