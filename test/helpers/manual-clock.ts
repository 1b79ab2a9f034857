import type { Clock } from '../../src/clock.ts';
import { createTimers } from './fake-clock.ts';

export interface ManualClock extends Clock {
  /** Lets time pass: who sleeps wakes up in turn, and has done what it does then before this resolves. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly untilMs: number;
  readonly wake: () => void;
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is told to go on. */
export function createManualClock(startMs: number): ManualClock {
  let ms = startMs;
  const sleepers = new Set<Sleeper>();
  const timers = createTimers(() => ms);
  const firstDue = (endMs: number): Sleeper | undefined =>
    [...sleepers]
      .filter(({ untilMs }) => untilMs <= endMs)
      .toSorted((left, right) => left.untilMs - right.untilMs)[0];
  return {
    now: () => ms,
    timer: timers.start,
    sleep: (duration, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => reject(signal?.reason);
        if (signal?.aborted === true) {
          abort();
          return;
        }
        const sleeper = {
          untilMs: ms + duration,
          wake: () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    async advance(duration) {
      const endMs = ms + duration;
      await settled();
      for (let due = firstDue(endMs); due !== undefined; due = firstDue(endMs)) {
        ms = due.untilMs;
        sleepers.delete(due);
        due.wake();
        await settled();
      }
      ms = endMs;
      timers.runDue();
    },
  };
}
