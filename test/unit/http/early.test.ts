/** Requests that can be done without: they wait for nothing, and their failure has no consequence. */
import { expect, test } from '@jest/globals';

import type { HttpClientOptions } from '../../../src/http/client.ts';
import {
  createTestClient,
  rejectionOf,
  token,
  type TestClient,
} from '../../support/http-client.ts';
import { scriptApi } from '../../support/nock.ts';

const origin = 'https://acme.example';
const path = '/api/v2/chat/incremental/chats';
const get = { path, query: {} };

function create(options: Partial<HttpClientOptions> = {}): TestClient {
  return createTestClient({ requestsInFlight: 2, ...options });
}

test('an early request is answered with bytes that are parsed when they are needed', async () => {
  scriptApi(origin, [{ body: { chats: [] } }]);
  const { client } = create();
  const response = await client.getEarly(get);
  expect(String(response?.bytes)).toBe('{"chats":[]}');
  expect(response?.parse()).toEqual({ chats: [] });
  expect(response?.parse()).not.toBe(response?.parse());
});

test.each([
  [503, {}],
  [429, {}],
  [401, {}],
  [400, {}],
])('%i of an early request: no other attempt, no renewed token', async (status, headers) => {
  scriptApi(origin, [{ status, headers }]);
  let renewals = 0;
  const credentials = () => ({
    headers: async () => ({ authorization: `Bearer ${token}` }),
    onUnauthorized: async () => {
      renewals += 1;
      return true;
    },
  });
  const { client, reports, clock } = create({ credentials });
  expect(await rejectionOf(client.getEarly(get))).toMatchObject({ status });
  expect(reports.map((report) => report.status)).toEqual([status]);
  expect(clock.sleeps).toEqual([]);
  expect(renewals).toBe(0);
});

test('a pause that the response to an early request asks for holds for all requests', async () => {
  scriptApi(origin, [{ status: 429, headers: { 'retry-after': '20' } }, {}]);
  const { client, clock } = create();
  await rejectionOf(client.getEarly(get));
  expect(client.spareStarts()).toBe(0);
  expect(await client.getEarly(get)).toBeUndefined();
  await client.get(get);
  expect(clock.sleeps).toEqual([20_000]);
});

test('a pause that is longer than the retry budget fails the next request, which is not sent', async () => {
  const api = scriptApi(origin, [{ status: 429, headers: { 'retry-after': '3600' } }]);
  const { client, clock } = create();
  await rejectionOf(client.getEarly(get));
  expect(String(await rejectionOf(client.get(get)))).toMatch(/max_retry_seconds/);
  expect(api.requests).toHaveLength(1);
  expect(clock.sleeps).toEqual([]);
});

test('an early request needs two free starts and a free slot', async () => {
  const api = scriptApi(origin, [{}, {}]);
  const { client, clock } = create({ requestsPerMinute: 3 });
  expect(client.spareStarts()).toBe(3);
  await client.get(get);
  expect(client.spareStarts()).toBe(2);
  await client.getEarly(get);
  expect(client.spareStarts()).toBe(1);
  expect(await client.getEarly(get)).toBeUndefined();
  expect(api.requests).toHaveLength(2);
  clock.pass(60_000);
  expect(client.spareStarts()).toBe(3);
});

test('a wait for another attempt ends when its request is aborted', async () => {
  scriptApi(origin, [{ status: 503 }]);
  const controller = new AbortController();
  const onWait = (): void => controller.abort(new Error('not needed'));
  const { client } = create({ onWait });
  const failure = await rejectionOf(client.get({ ...get, signal: controller.signal }));
  expect(String(failure)).toMatch('not needed');
});

test('a body is seen before it is parsed', async () => {
  scriptApi(origin, [{ body: [1] }]);
  const seen: string[] = [];
  const { client } = create();
  const onBody = async (bytes: Buffer): Promise<void> => void seen.push(String(bytes));
  expect((await client.get({ ...get, onBody })).body).toEqual([1]);
  expect(seen).toEqual(['[1]']);
});
