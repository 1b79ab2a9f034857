import { expect, test } from '@jest/globals';

import { RateLimiter } from '../../../src/http/rate-limiter.ts';
import type { WaitReport } from '../../../src/http/options.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);

function createTestLimiter(requestsPerMinute: number, requestsInFlight = 1) {
  const clock = createFakeClock(startMs);
  const stop = new AbortController();
  const waits: WaitReport[] = [];
  const onWait = (wait: WaitReport) => waits.push(wait);
  const { signal } = stop;
  const options = { clock, signal, requestsPerMinute, requestsInFlight, onWait };
  return { limiter: new RateLimiter(options), clock, stop, waits };
}

async function startMany(limiter: RateLimiter, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await limiter.waitForStart('/x');
}

test('a burst up to the rate limit starts without a wait, and the next request waits for the window', async () => {
  const { limiter, clock, waits } = createTestLimiter(200);
  await startMany(limiter, 200);
  expect(clock.sleeps).toEqual([]);
  await limiter.waitForStart('/api/next');
  expect(clock.sleeps).toEqual([60_000]);
  expect(waits).toEqual([
    {
      reason: 'pace',
      untilMs: startMs + 60_000,
      path: '/api/next',
      why: '200 requests in 60 s are made (requests_per_minute)',
    },
  ]);
});

test('the window is sliding: a start becomes free a minute after it was used', async () => {
  const { limiter, clock } = createTestLimiter(2);
  await limiter.waitForStart('/1');
  clock.set(startMs + 40_000);
  await limiter.waitForStart('/2');
  await limiter.waitForStart('/3');
  await limiter.waitForStart('/4');
  expect(clock.sleeps).toEqual([20_000, 40_000]);
});

test('a wait of less than a second is not reported', async () => {
  const { limiter, clock, waits } = createTestLimiter(1);
  await limiter.waitForStart('/1');
  clock.set(startMs + 59_400);
  await limiter.waitForStart('/2');
  expect(clock.sleeps).toEqual([600]);
  expect(waits).toEqual([]);
});

test('a pause that the API requests delays all requests, even if the clock is set back', async () => {
  const { limiter, clock, waits } = createTestLimiter(200);
  limiter.pauseFor(30_000);
  limiter.pauseFor(10_000);
  clock.set(startMs - 3_600_000);
  await limiter.waitForStart('/1');
  expect(clock.sleeps).toEqual([30_000]);
  expect(waits.map(({ reason, why }) => [reason, why])).toEqual([
    ['rate-limit', 'the API requested a pause'],
  ]);
});

test('one request is in flight at a time, and the slot is free again after a failure', async () => {
  const { limiter } = createTestLimiter(200);
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
    if (name === 'a') throw new Error('a fails');
    return name;
  };
  const results = await Promise.allSettled([
    limiter.withSlot(work('a')),
    limiter.withSlot(work('b')),
  ]);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('with two slots two requests share one rate limit', async () => {
  const { limiter, clock } = createTestLimiter(1, 2);
  await Promise.all([
    limiter.withSlot(() => limiter.waitForStart('/1')),
    limiter.withSlot(() => limiter.waitForStart('/2')),
  ]);
  expect(clock.sleeps).toEqual([60_000]);
});

test('requests that wait for a slot or a start reject with the reason when the run is stopped', async () => {
  const { limiter, stop } = createTestLimiter(1);
  await limiter.waitForStart('/1');
  stop.abort(new Error('SIGTERM'));
  await expect(limiter.waitForStart('/2')).rejects.toThrow('SIGTERM');
  await expect(limiter.withSlot(async () => 1)).rejects.toThrow('SIGTERM');
});
