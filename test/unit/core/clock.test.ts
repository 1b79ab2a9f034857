import { afterEach, expect, jest, test } from '@jest/globals';

import { systemClock } from '../../../src/core/clock.ts';

afterEach(() => {
  jest.useRealTimers();
});

test('The clock returns milliseconds since 1970', () => {
  jest.useFakeTimers({ now: Date.UTC(2024, 0, 31) });
  expect(systemClock.now()).toBe(1_706_659_200_000);
});

test('An aborted sleep ends at once with the reason', async () => {
  const controller = new AbortController();
  const slept = systemClock.sleep(3_600_000, controller.signal);
  controller.abort(new Error('stopped by SIGTERM'));
  await expect(slept).rejects.toThrow('stopped by SIGTERM');
});

test('A sleep with an aborted signal rejects at once', async () => {
  const signal = AbortSignal.abort(new Error('stopped by SIGINT'));
  await expect(systemClock.sleep(3_600_000, signal)).rejects.toThrow('stopped by SIGINT');
});

test('A sleep longer than a timer can hold does not end at once', async () => {
  const controller = new AbortController();
  let isOver = false;
  const slept = systemClock.sleep(2 ** 31 + 1000, controller.signal).finally(() => {
    isOver = true;
  });
  // Node.js uses 1 ms for a delay that a timer cannot hold, and timers fire in the order of their times.
  await systemClock.sleep(2);
  expect(isOver).toBe(false);
  controller.abort(new Error('enough'));
  await expect(slept).rejects.toThrow('enough');
});
