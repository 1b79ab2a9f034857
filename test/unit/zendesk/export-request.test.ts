import { expect, test } from '@jest/globals';

import { HttpError, type HttpFailure } from '../../../src/errors.ts';
import type { Query } from '../../../src/http/client.ts';
import type { Json } from '../../../src/json.ts';
import type { AskOptions } from '../../../src/zendesk/api.ts';
import { seconds } from '../../../src/zendesk/export-bookmark.ts';
import { exportPages } from '../../../src/zendesk/export-pages.ts';
import { readAll, scriptedApi } from '../../helpers/scripted-api.ts';

const t0 = Date.UTC(2026, 0, 5) / 1000;
const settings = { hasStartDate: true, startDateMs: t0 * 1000 };
const source = exportPages({
  name: 'chats',
  path: 'incremental/chats',
  unit: seconds,
  replicationKey: 'at',
  foreignTimes: [],
  foreignBookmarkKeys: [],
  identify: (item) => JSON.stringify(item),
});

const item = { id: 'a', at: '2026-01-05T00:00:01Z' };
const answer = { chats: [item], count: 1, end_time: t0 + 1, end_id: 'a' };
const empty = { chats: [] };

const failed = (failure: HttpFailure, status?: number, retryAfterMs?: number): HttpError =>
  new HttpError('failed', {
    kind: 'transient',
    failure,
    path: '/x',
    status,
    retryAfterMs,
    isLimit: retryAfterMs !== undefined,
  });

/** What the HTTP client would do: a failure for each attempt, until a page small enough is asked for. */
function failingUntil(limit: number, error: HttpError) {
  return async (query: Query, options: AskOptions = {}): Promise<Json> => {
    let current = query;
    for (let attempts = 1; attempts <= 30; attempts += 1) {
      if (Number(current['limit']) <= limit) return { ...answer, count: current['limit'] ?? 0 };
      const revised = await options.revise?.(error);
      current = revised ?? current;
    }
    throw error;
  };
}

const limits = (queries: readonly Query[]): readonly unknown[] =>
  queries.map((query) => query['limit']);

test('a page too large at once is asked for with half the limit, which is kept', async () => {
  const api = scriptedApi([failingUntil(250, failed('too-large')), answer, empty, empty]);
  const { ids, queries, warnings } = await readAll(source, { api, settings });
  expect(ids).toEqual(['a']);
  expect(limits(queries)).toEqual([1000, 250, 250, 250]);
  expect(warnings).toEqual([
    'the page at 2026-01-05T00:00:00Z (start_time 1767571200) does not get through; asking for 500 items',
    'the page at 2026-01-05T00:00:00Z (start_time 1767571200) does not get through; asking for 250 items',
  ]);
});

test('a page is not made smaller while the API answers nowhere', async () => {
  const down = (): never => {
    throw failed('status', 503);
  };
  const api = scriptedApi([failingUntil(500, failed('status', 503)), ...Array(28).fill(down)]);
  await expect(readAll(source, { api, settings })).rejects.toThrow('failed');
  expect(api.asked.filter(({ path }) => path !== 'agents')).toHaveLength(1);
});

test('a server that asks to wait is not taken for one that cannot send the page', async () => {
  const api = scriptedApi([failingUntil(500, failed('status', 503, 5000))]);
  await expect(readAll(source, { api, settings })).rejects.toThrow('failed');
  expect(api.asked).toHaveLength(1);
});
