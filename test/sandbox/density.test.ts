import { afterEach, expect, test } from '@jest/globals';
import type { Density } from '../../src/sandbox/data/density.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { closeAll, noonSeconds, page, startFrozenSandbox, textOf } from './sandbox-requests.ts';

afterEach(closeAll);

const chats = 10_000;
const pages = 100;
const days = 70;

/** The times of all chats in seconds, in their order. */
async function timesOf(density: Density, options: SandboxOptions = {}): Promise<number[]> {
  const sandbox = await startFrozenSandbox({ chats, days, density, ...options });
  return Array.from({ length: chats }, (_unused, index) => sandbox.account.timeAt('chats', index));
}

/** How long each hundredth of the chats takes, in seconds, ascending. */
function spansOf(times: readonly number[]): number[] {
  const size = chats / pages;
  const spans = Array.from({ length: pages - 1 }, (_unused, index) => {
    const [start = 0, end = 0] = [times[index * size], times[(index + 1) * size]];
    return end - start;
  });
  return spans.toSorted((left, right) => left - right);
}

/** The longest span in relation to the shortest, without the tenth at either end. */
function spread(times: readonly number[]): number {
  const spans = spansOf(times);
  return (spans[pages - pages / 10] ?? 0) / (spans[pages / 10] ?? 1);
}

test.each(['even', 'uneven', 'week', 'silence', 'growth', 'bursts'] as const)(
  'with the density %s all chats are within the days, in order, up to the newest',
  async (density) => {
    const times = await timesOf(density);
    expect(times).toEqual(times.toSorted((left, right) => left - right));
    expect(times[0]).toBeGreaterThanOrEqual(noonSeconds - days * 86_400);
    expect(times.at(-1)).toBe(noonSeconds - 600);
  },
);

test('even: all pages take about equally long', async () => {
  expect(spread(await timesOf('even'))).toBeLessThan(1.1);
});

test('uneven: sparse pages take fifty times as long as dense ones', async () => {
  expect(spread(await timesOf('uneven'))).toBeCloseTo(50, -1);
});

test('week: most chats are in working hours', async () => {
  const times = await timesOf('week');
  const isWorking = (seconds: number): boolean => {
    const date = new Date(seconds * 1000);
    return date.getUTCDay() % 6 > 0 && date.getUTCHours() >= 8 && date.getUTCHours() < 18;
  };
  expect(times.filter(isWorking).length).toBeGreaterThan(0.85 * chats);
});

test('silence: a third of the time has no chat', async () => {
  const times = await timesOf('silence');
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  expect(Math.max(...gaps) / 86_400).toBeCloseTo(days / 3, 0);
});

test('growth: pages become shorter towards the end', async () => {
  const times = await timesOf('growth');
  const [start = 0, early = 0, late = 0, end = 0] = [0, 100, chats - 101, chats - 1].map(
    (index) => times[index],
  );
  expect((early - start) / (end - late)).toBeGreaterThan(10);
});

test('bursts: two thousand chats within an hour, several times', async () => {
  const times = await timesOf('bursts');
  const inHour = times.map((time, index) => (times[index + 1900] ?? Infinity) - time < 3600);
  const starts = inHour.filter((isBurst, index) => isBurst && inHour[index - 1] !== true);
  expect(starts).toHaveLength(2);
});

test('ties are within one second in any density', async () => {
  const ties = [1000, 4000, 7000].map((at) => ({ at, count: 2500 }));
  const times = await timesOf('uneven', { ties });
  expect(new Set(times.slice(1000, 3500)).size).toBe(1);
  expect(new Set(times.slice(7000, 9500)).size).toBe(1);
});

test('small chats have about 300 bytes and the same ids', async () => {
  const small = await startFrozenSandbox({ chats: 100, chatSize: 'small' });
  const full = await startFrozenSandbox({ chats: 100 });
  const { items, ids } = await page(small, 'chats');
  expect(ids).toEqual((await page(full, 'chats')).ids);
  const sizes = items.map((item) => textOf(item).length);
  expect(Math.min(...sizes)).toBeGreaterThan(250);
  expect(Math.max(...sizes)).toBeLessThan(350);
});
