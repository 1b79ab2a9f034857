import { setImmediate as oneTurn } from 'node:timers/promises';

import type { Clock } from '../../../src/core/clock.ts';

/** Time that passes only while everything waits for it. */
export interface VirtualTime extends Clock {
  /** Lets time pass until `work` is done. @throws what `work` throws; an Error if nothing can happen any more. */
  readonly run: <T>(work: Promise<T>) => Promise<T>;
}

interface Event {
  readonly dueMs: number;
  readonly happen: () => void;
}

/** After so many turns of the event loop most parts of the program wait for time. */
const turnsUntilIdle = 10;

/** What goes on without a wait, as one page that is held after another, takes no more turns. */
const mostTurns = 1000;

async function takeTurns(turns: number, isOver: () => boolean): Promise<void> {
  for (let turn = 0; turn < turns && !isOver(); turn += 1) await oneTurn();
}

export function createVirtualTime(startMs: number): VirtualTime {
  let nowMs = startMs;
  /** In the order in which they happen. */
  const events: Event[] = [];

  const remove = (event: Event): void => {
    const index = events.indexOf(event);
    if (index !== -1) events.splice(index, 1);
  };

  const add = (ms: number, happen: () => void): Event => {
    const event = { dueMs: nowMs + ms, happen };
    const index = events.findIndex(({ dueMs }) => dueMs > event.dueMs);
    events.splice(index === -1 ? events.length : index, 0, event);
    return event;
  };

  const timer: Clock['timer'] = (ms, callback) => {
    let event = add(ms, callback);
    const clear = (): void => remove(event);
    const refresh = (): void => {
      clear();
      event = add(ms, callback);
    };
    return { clear, refresh };
  };

  const sleep: Clock['sleep'] = async (ms, signal) => {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        remove(event);
        reject(signal?.reason);
      };
      const event = add(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  };

  const run: VirtualTime['run'] = async (work) => {
    const state = { isDone: false };
    const done = (): void => {
      state.isDone = true;
    };
    work.then(done, done);
    for (;;) {
      await takeTurns(turnsUntilIdle, () => state.isDone);
      await takeTurns(mostTurns, () => state.isDone || events.length > 0);
      if (state.isDone) return work;
      const next = events.shift();
      if (next === undefined) throw new Error('Nothing can happen any more.');
      nowMs = Math.max(nowMs, next.dueMs);
      next.happen();
    }
  };

  return { now: () => nowMs, elapsed: () => nowMs - startMs, sleep, timer, run };
}
