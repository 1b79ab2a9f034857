import { expect, test } from '@jest/globals';

import { HttpError } from '../../../src/core/errors.ts';
import type { Json } from '../../../src/core/json.ts';
import { PageLimit } from '../../../src/zendesk/page-limit.ts';
import { scriptedApi, type Answer } from '../../support/scripted-api.ts';

function failure(status: number, body: Json = '', isRateLimit = false): HttpError {
  const kind = status >= 500 ? 'transient' : 'system';
  return new HttpError('failed', {
    kind,
    failure: 'status',
    path: '/x',
    status,
    body,
    isRateLimit,
  });
}

/** @param agents the API's response for another endpoint */
function createLimit(most: number, agents: Answer = []) {
  const api = scriptedApi(Array<Answer>(50).fill(agents));
  const limit = new PageLimit(most, { api, warn: () => undefined });
  return {
    limit,
    fail: (status = 500, body?: Json, isRateLimit?: boolean) =>
      limit.lower(failure(status, body, isRateLimit), 'here', 1),
    work: (pages: number) => {
      for (let page = 0; page < pages; page += 1) limit.recordSuccess();
      return limit.current;
    },
  };
}

test('a page is not made smaller while the API is unreachable', async () => {
  const { limit, fail } = createLimit(1000, () => {
    throw failure(503);
  });
  for (let attempt = 0; attempt < 5; attempt += 1) expect(await fail(503)).toBe(false);
  expect(limit.current).toBe(1000);
});

test('a server that requests a wait can still send the page', async () => {
  const { fail } = createLimit(1000);
  for (let attempt = 0; attempt < 5; attempt += 1) expect(await fail(503, '', true)).toBe(false);
});

test('a page is made smaller after three failures, and then after each', async () => {
  const { limit, fail } = createLimit(1000);
  const lowered: boolean[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) lowered.push(await fail());
  expect(lowered).toEqual([false, false, true, true, true]);
  expect(limit.current).toBe(125);
});

test('a page that is larger than the tap accepts is made smaller at once', async () => {
  const { limit } = createLimit(1000);
  const options = { kind: 'system', failure: 'too-large', path: '/x', status: 200 } as const;
  expect(await limit.lower(new HttpError('failed', options), 'here', 1)).toBe(true);
  expect(limit.current).toBe(500);
});

test('after ten good pages the limit is raised by a tenth, but not to one that the API has rejected', async () => {
  const { fail, work } = createLimit(100);
  await fail(400, { error: 'limit must be at most 99' });
  expect(work(9)).toBe(50);
  expect(work(1)).toBe(55);
  expect(work(10)).toBe(61);
  expect(work(1000)).toBe(92);
});

test('a raised limit that fails is reduced at once and not tried a third time', async () => {
  const { limit, fail, work } = createLimit(1000);
  for (let attempt = 0; attempt < 5; attempt += 1) await fail();
  for (const round of [1, 2]) {
    expect([round, work(10)]).toEqual([round, 138]);
    expect(await fail()).toBe(true);
    expect(limit.current).toBe(125);
  }
  expect(work(100)).toBe(125);
});

test.each<[number, Json, boolean]>([
  [400, { error: 'limit must not be above 200' }, true],
  [422, { details: { limit: ['too large'] } }, true],
  [400, 'Invalid parameter: LIMIT', true],
  [400, { error: 'start_time is too young' }, false],
  [400, { error: 'unlimited' }, false],
  [404, { error: 'limit' }, false],
])('status %i with %j makes the page smaller: %s', async (status, body, isLower) => {
  expect(await createLimit(1000).fail(status, body)).toBe(isLower);
});
