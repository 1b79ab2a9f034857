import { expect, test } from '@jest/globals';

import {
  parseHttpDate,
  parseRateLimitReset,
  parseRetryAfter,
  retryDelayMs,
} from '../../../src/http/retry.ts';

const now = Date.UTC(2026, 0, 2, 3, 4, 5);

test.each([
  [1, undefined, 0, 1_000],
  [1, undefined, 0.5, 1_500],
  [1, undefined, 1, 2_000],
  [2, undefined, 1, 4_000],
  [5, undefined, 1, 32_000],
  [6, undefined, 1, 60_000],
  [6, undefined, 0, 1_000],
  [500, undefined, 1, 60_000],
  [1, 1, 1, 1],
  [1, 17_000, 1, 17_000],
  [1, 86_400_000, 1, 86_400_000],
  [1, 0, 1, 2_000],
])(
  'after attempt %i, with a Retry-After of %s ms and the random value %f, the wait is %i ms',
  (attempts, retryAfterMs, luck, expected) => {
    expect(retryDelayMs(attempts, retryAfterMs, () => luck)).toBe(expected);
  },
);

test.each<[string | null, number | undefined]>([
  ['0', 0],
  ['7', 7_000],
  [' 120 ', 120_000],
  ['1.5', 1_500],
  ['9, 9', 9_000],
  ['9,12', 9_000],
  ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
  ['Friday, 02-Jan-26 03:05:05 GMT', 60_000],
  ['Fri Jan  2 03:05:05 2026', 60_000],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  [null, undefined],
  ['', undefined],
  ['soon', undefined],
  ['-5', undefined],
  ['1e3', undefined],
  ['in 5 minutes', undefined],
  ['Fri, 99 Jan 2026 03:05:05 GMT', undefined],
  ['2026-01-02T03:05:05Z', undefined],
  ['Fri, 02 Jan 2026 03:05:05 +0100', undefined],
])('Retry-After %j means %j', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected);
});

test('a Date header is read as UTC', () => {
  expect(parseHttpDate('Fri, 02 Jan 2026 03:04:05 GMT')).toBe(now);
  expect(parseHttpDate(null)).toBeUndefined();
});

test.each<[Record<string, string>, number | undefined]>([
  [{ 'ratelimit-reset': '7' }, 7_000],
  [{ 'x-rate-limit-reset': '0.5' }, 500],
  [{ 'ratelimit-reset': '7', 'x-rate-limit-reset': '9' }, 7_000],
  [{ 'ratelimit-reset': '7, 7' }, 7_000],
  [{ 'ratelimit-reset': String(now / 1000 + 60) }, 60_000],
  [{ 'ratelimit-reset': String(now / 1000 - 60) }, 0],
  [{ 'ratelimit-reset': 'soon' }, undefined],
  [{}, undefined],
])('the reset of a limit in %j is in %i ms', (headers, expected) => {
  expect(parseRateLimitReset(new Headers(headers), now)).toBe(expected);
});
