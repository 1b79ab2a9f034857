import type { Clock } from '../../src/core/clock.ts';
import { createTimers } from './fake-clock.ts';

export interface ManualClock extends Clock {
  /** Lets time pass: who sleeps wakes up in turn, and has done what it does then before this resolves. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until the first timer is due: nothing comes within the limit. */
  passLimit(): void;
  /** Resolves when a timer is next refreshed: a request has received something. */
  refreshed(): Promise<void>;
}

interface Sleeper {
  readonly untilMs: number;
  readonly wake: () => void;
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until a test advances it. `onSleep` is called with the length of each sleep that begins. */
export function createManualClock(
  startMs: number,
  onSleep: (ms: number) => void = () => undefined,
): ManualClock {
  let ms = startMs;
  const sleepers = new Set<Sleeper>();
  const timers = createTimers(() => ms);
  const firstDue = (endMs: number): Sleeper | undefined =>
    [...sleepers]
      .filter(({ untilMs }) => untilMs <= endMs)
      .toSorted((left, right) => left.untilMs - right.untilMs)[0];
  const advance = async (duration: number): Promise<void> => {
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
  };
  return {
    now: () => ms,
    elapsed: () => ms,
    timer: timers.start,
    refreshed: timers.refreshed,
    advance,
    passLimit: () => void advance(timers.nextMs() - ms),
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
        onSleep(duration);
      }),
  };
}
