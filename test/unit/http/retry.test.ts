import { expect, test } from '@jest/globals';

import type { HttpFailure } from '../../../src/errors.ts';
import { readHttpDate, readRetryAfter, verdictOn, waitMs } from '../../../src/http/retry.ts';

const now = Date.UTC(2026, 0, 2, 3, 4, 5);

test.each([
  ['network', 'transient'],
  ['timeout', 'transient'],
  ['cut', 'transient'],
  ['not-json', 'transient'],
  ['too-large', 'system'],
  ['redirect', 'config'],
] as [HttpFailure, string][])('a request that fails with "%s" is %s', (failure, kind) => {
  expect(verdictOn(failure, 200)).toBe(kind);
});

test.each([
  [400, 'system'],
  [401, 'config'],
  [403, 'config'],
  [404, 'system'],
  [407, 'config'],
  [408, 'transient'],
  [410, 'system'],
  [422, 'system'],
  [429, 'transient'],
  [500, 'transient'],
  [502, 'transient'],
  [503, 'transient'],
  [504, 'transient'],
  [599, 'transient'],
  [304, 'system'],
])('a request answered with %i is %s', (status, kind) => {
  expect(verdictOn('status', status)).toBe(kind);
});

test('a failure without a status is not taken for a passing one', () => {
  expect(verdictOn('status')).toBe('system');
});

test.each([
  [1, 0, 1_000],
  [1, 0.5, 1_500],
  [1, 1, 2_000],
  [2, 1, 4_000],
  [5, 1, 32_000],
  [6, 1, 60_000],
  [6, 0, 1_000],
  [500, 1, 60_000],
])('after attempt %i with luck %f the wait is %i ms', (attempts, luck, expected) => {
  expect(waitMs({ attempts, retryAfterMs: undefined, random: () => luck })).toBe(expected);
});

test.each([
  [1, 1],
  [17_000, 17_000],
  [86_400_000, 86_400_000],
  [0, 2_000],
])('a Retry-After of %i ms means a wait of %i ms', (retryAfterMs, expected) => {
  expect(waitMs({ attempts: 1, retryAfterMs, random: () => 1 })).toBe(expected);
});

test.each([
  ['0', 0],
  ['7', 7_000],
  [' 120 ', 120_000],
  ['1.5', 1_500],
  ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
  ['Friday, 02-Jan-26 03:05:05 GMT', 60_000],
  ['Fri Jan  2 03:05:05 2026', 60_000],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
])('Retry-After "%s" is understood', (header, expected) => {
  expect(readRetryAfter(header, now)).toBe(expected);
});

test.each([
  [null],
  [''],
  ['soon'],
  ['-5'],
  ['1e3'],
  ['in 5 minutes'],
  ['Fri, 99 Jan 2026 03:05:05 GMT'],
  ['2026-01-02T03:05:05Z'],
  ['Fri, 02 Jan 2026 03:05:05 +0100'],
])('Retry-After %j counts as none', (header) => {
  expect(readRetryAfter(header, now)).toBeUndefined();
});

test('a Date header is read as UTC', () => {
  expect(readHttpDate('Fri, 02 Jan 2026 03:04:05 GMT')).toBe(now);
  expect(readHttpDate(null)).toBeUndefined();
});
