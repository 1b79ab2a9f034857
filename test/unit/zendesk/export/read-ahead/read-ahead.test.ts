import { setImmediate as oneTurn } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import { HttpError } from '../../../../../src/core/errors.ts';
import type { JsonObject } from '../../../../../src/core/json.ts';
import type { UnparsedResponse } from '../../../../../src/http/transport.ts';
import { seconds } from '../../../../../src/zendesk/export/bookmark.ts';
import { exportPages } from '../../../../../src/zendesk/export/pages.ts';
import type { ReadAheadStats, ReadOptions } from '../../../../../src/zendesk/stream-definition.ts';
import { now, stillClock, usualSettings } from '../../../../support/scripted-api.ts';

const t0 = Date.UTC(2026, 0, 5) / 1000;

interface Call {
  /** `own 0`, or `early 90 x1`: the requested second and its start_id. */
  readonly text: string;
  readonly signal: AbortSignal | undefined;
  readonly answer: (body: JsonObject) => void;
  readonly fail: (status: number) => void;
}

/** Reads an export with one item per second in pages of ten. Each request waits until the test responds. */
function startReading() {
  const calls: Call[] = [];
  let stats: ReadAheadStats | undefined;
  const send = (kind: string, query: object, signal?: AbortSignal): Promise<UnparsedResponse> =>
    new Promise((resolve, reject) => {
      const { start_time: time, start_id: id } = query as { start_time: number; start_id?: string };
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
      calls.push({
        text: [kind, time - t0, ...(id === undefined ? [] : [id])].join(' '),
        signal,
        answer: (body) => {
          const bytes = Buffer.from(JSON.stringify(body));
          const times = { serverTimeMs: now, headersMs: now, receivedMs: now, durationMs: 100 };
          resolve({ ...times, bytes, parse: () => JSON.parse(String(bytes)) });
        },
        fail: (status) => {
          const options = { kind: 'transient', failure: 'status', path: '/', status } as const;
          reject(new HttpError('refused', options));
        },
      });
    });
  const options: ReadOptions = {
    ...stillClock,
    api: {
      get: async (_, query = {}, { signal } = {}) => {
        const { parse, ...response } = await send('own', query, signal);
        return { ...response, body: parse() };
      },
      getEarly: (_, query, { signal }) => send('early', query, signal),
      spareStarts: () => 200,
      latestServerTimeMs: () => now,
      responseCount: () => 1,
    },
    settings: { ...usualSettings, startDateMs: t0 * 1000, chats_page_limit: 10, read_ahead: 4 },
    bookmark: undefined,
    info: () => undefined,
    warn: () => undefined,
    onReadAhead: (latest) => {
      stats = latest;
    },
  };
  const source = exportPages({
    name: 'chats',
    path: 'incremental/chats',
    limit: 'chats_page_limit',
    unit: seconds,
    replicationKey: 'at',
    foreignTimeKeys: [],
    foreignBookmarkKeys: [],
    requiredFields: ['id', 'at'],
    identify: ({ id }) => JSON.stringify(id),
  });
  const pages = source(options)();
  const sent = async (): Promise<string[]> => {
    for (let turn = 0; turn < 5; turn += 1) await oneTurn();
    return calls.splice(0).map((call) => (open.push(call), call.text));
  };
  const open: Call[] = [];
  const call = (text: string): Call => {
    const found = open.findLast((one) => one.text === text);
    if (found === undefined) throw new Error(`${text} was not sent`);
    return found;
  };
  const idsOf = async (taken: ReturnType<typeof pages.next>): Promise<unknown[]> =>
    (await taken).value?.items.map(({ id }) => id) ?? [];
  return { pages, sent, call, idsOf, stats: () => stats };
}

/** The items of these seconds, both included. */
function page(from: number, to: number): JsonObject {
  const chats = Array.from({ length: to - from + 1 }, (_, index) => ({
    id: `x${from + index}`,
    at: new Date((t0 + from + index) * 1000).toISOString(),
  }));
  return { chats, count: chats.length, end_time: t0 + to, end_id: `x${to}` };
}

async function startWithFirstPage() {
  const reading = startReading();
  const first = reading.pages.next();
  expect(await reading.sent()).toEqual(['own 0']);
  reading.call('own 0').answer(page(0, 9));
  expect(await reading.sent()).toEqual(['own 9', 'early 17', 'early 25', 'early 33']);
  expect(await reading.idsOf(first)).toHaveLength(10);
  return reading;
}

test('the walk gets early pages without known items, and the next requests are sent before they are used', async () => {
  const { pages, sent, call, idsOf, stats } = await startWithFirstPage();
  call('early 17').answer(page(17, 26));
  call('early 25').answer(page(25, 34));
  expect(await sent()).toEqual(['early 41', 'early 49']);
  call('own 9').answer(page(9, 18));
  expect(await idsOf(pages.next())).toEqual(
    [10, 11, 12, 13, 14, 15, 16, 17, 18].map((n) => `x${n}`),
  );
  expect(await idsOf(pages.next())).toEqual([19, 20, 21, 22, 23, 24, 25, 26].map((n) => `x${n}`));
  expect(stats()).toMatchObject({ used: 1, wasted: 0 });
});

test('an early page without the last item is dropped, and the own request is sent', async () => {
  const { pages, sent, call, idsOf, stats } = await startWithFirstPage();
  const { chats, ...envelope } = page(17, 26);
  const withoutLast = (chats as JsonObject[]).filter(({ id }) => id !== 'x18');
  call('early 17').answer({ ...envelope, chats: withoutLast });
  call('own 9').answer(page(9, 18));
  await idsOf(pages.next());
  void pages.next();
  expect(await sent()).toContain('own 18');
  expect(stats()).toMatchObject({ used: 0, wasted: 1 });
});

test('an own response that equals an early one of another position is requested again, alone, at most twice', async () => {
  const { pages, sent, call, idsOf, stats } = await startWithFirstPage();
  call('early 25').answer(page(25, 34));
  await sent();
  call('own 9').answer(page(25, 34));
  expect(await sent()).toEqual(['own 9']);
  expect(call('early 33').signal?.aborted).toBe(true);
  call('own 9').answer(page(25, 34));
  expect(await sent()).toEqual(['own 9']);
  call('own 9').answer(page(9, 18));
  expect(await idsOf(pages.next())).toEqual(
    [10, 11, 12, 13, 14, 15, 16, 17, 18].map((n) => `x${n}`),
  );
  expect(stats()).toMatchObject({ ownAskedAgain: 2 });
});

test('failures of early requests have no effect', async () => {
  const { pages, sent, call, idsOf, stats } = await startWithFirstPage();
  call('early 17').fail(503);
  call('early 25').fail(401);
  call('early 33').fail(400);
  expect(await sent()).toEqual([]);
  call('own 9').answer(page(9, 18));
  expect(await sent()).toContain('early 18');
  expect(await idsOf(pages.next())).toHaveLength(9);
  expect(stats()).toMatchObject({ failed: 3 });
});

test('a stream that is closed cancels all its requests', async () => {
  const { pages, call, stats } = await startWithFirstPage();
  await pages.return();
  const open = ['own 9', 'early 17', 'early 25', 'early 33'];
  expect(open.map((text) => call(text).signal?.aborted)).toEqual([true, true, true, true]);
  expect(stats()).toMatchObject({ ahead: 0, dropped: 3 });
});

test('after a short page the three requests that prove the end are sent together', async () => {
  const reading = startReading();
  const first = reading.pages.next();
  await reading.sent();
  reading.call('own 0').answer(page(0, 4));
  expect(await reading.sent()).toEqual(['own 4', 'early 4 x4', 'early 5']);
  await reading.idsOf(first);
  const rest = reading.pages.next();
  const empty = { chats: [], count: 0, end_time: null, end_id: null };
  reading.call('early 4 x4').answer(empty);
  reading.call('early 5').answer(empty);
  reading.call('own 4').answer(page(4, 4));
  await rest;
  expect((await reading.pages.next()).done).toBe(true);
  expect(await reading.sent()).toEqual([]);
  expect(reading.stats()).toMatchObject({ used: 2, wasted: 0, ahead: 0 });
});
