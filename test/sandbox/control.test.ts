import { afterEach, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/json.ts';
import { startSandbox } from '../../src/sandbox/api/server.ts';
import {
  requestApi,
  closeAll,
  control,
  startFrozenSandbox,
  json,
  noonSeconds,
  page,
  send,
} from './sandbox-requests.ts';

afterEach(closeAll);

test('the log contains each request without its token', async () => {
  const sandbox = await startFrozenSandbox({ chats: 7 });
  await requestApi(sandbox, 'incremental/chats?limit=3', { 'user-agent': 'tester/1' });
  await requestApi(sandbox, 'goals', { authorization: 'Bearer other' });
  expect(sandbox.requests).toMatchObject([
    {
      number: 1,
      method: 'GET',
      path: '/api/v2/chat/incremental/chats',
      query: { limit: '3' },
      status: 200,
      items: 3,
      isAuthorized: true,
      userAgent: 'tester/1',
      fault: null,
    },
    { number: 2, path: '/api/v2/chat/goals', status: 401, items: 0, isAuthorized: false },
  ]);
  expect(JSON.stringify(sandbox.requests)).not.toContain(sandbox.token);
});

test('the log can be read and cleared over HTTP, and does not contain control requests', async () => {
  const sandbox = await startFrozenSandbox();
  await requestApi(sandbox, 'goals');
  const { text } = await control(sandbox, 'GET requests');
  expect(JSON.parse(text)).toMatchObject([{ path: '/api/v2/chat/goals' }]);
  await control(sandbox, 'DELETE requests');
  expect(sandbox.requests).toEqual([]);
});

test('chats can be edited, deleted, added and delayed over HTTP', async () => {
  const sandbox = await startFrozenSandbox({ chats: 10 });
  const at = noonSeconds - 400;
  const edited = await control(sandbox, 'POST edit', { count: 2, at });
  const added = await control(sandbox, 'POST add', { at });
  const late = await control(sandbox, 'POST late', {});
  const deleted = await control(sandbox, 'POST delete', {
    ids: [sandbox.account.idAt('chats', 0)],
  });
  const touched = [edited, added, late, deleted].map(
    ({ text }) => (JSON.parse(text) as { ids: string[] }).ids,
  );
  expect(touched.map(({ length }) => length)).toEqual([2, 1, 1, 1]);
  const { ids } = await page(sandbox, 'chats');
  expect(ids).toEqual(expect.arrayContaining(touched.flat()));
  expect(ids).toHaveLength(12);
});

test('items, switches and faults can be set over HTTP', async () => {
  const sandbox = await startFrozenSandbox();
  await control(sandbox, 'POST put', { resource: 'goals', item: { id: 1, name: 'mine' } });
  await control(sandbox, 'POST put', { resource: 'chats', item: { id: 'x' }, at: 1_000_000_000 });
  expect(await json(sandbox, 'goals')).toContainEqual({ id: 1, name: 'mine' });
  expect((await page(sandbox, 'chats')).ids[0]).toBe('x');
  await control(sandbox, 'POST switches', { absent: { goals: 403 } });
  expect((await requestApi(sandbox, 'goals')).status).toBe(403);
  await control(sandbox, 'POST faults', { path: 'roles', fault: { kind: 'status', status: 500 } });
  expect((await requestApi(sandbox, 'roles')).status).toBe(500);
  await control(sandbox, 'POST faults', [{ fault: { kind: 'html' } }]);
  await control(sandbox, 'DELETE faults');
  expect((await requestApi(sandbox, 'roles')).status).toBe(200);
});

test('a dump contains every item as a line of JSON', async () => {
  const sandbox = await startFrozenSandbox({ chats: 300 });
  const { text, headers } = await control(sandbox, 'GET dump/chats');
  expect(headers['content-type']).toContain('jsonl');
  expect(text).toBe([...sandbox.account.dumpLines('chats'), ''].join('\n'));
  const { text: account } = await control(sandbox, 'GET dump/routing_settings/account');
  expect(JSON.parse(account)).toHaveProperty('routing_mode');
});

test.each([
  ['POST edit', { id: 'x' }, 'Unknown key: id'],
  ['POST edit', { ids: 'x' }, 'ids must be a list'],
  ['POST edit', { count: 'x' }, 'count must be a whole number'],
  ['POST edit', [], 'must be a JSON object'],
  ['POST put', { resource: 'visitors', item: {} }, 'There is no resource visitors'],
  ['POST put', { resource: 'goals' }, 'must be a JSON object'],
  ['POST switches', { start: 'x' }, 'switches: start is not known'],
  ['POST switches', { startId: 'x' }, 'startId must be one of exclusive'],
  ['POST switches', [], 'must be a JSON object'],
  ['POST faults', { path: 'x' }, 'faults.0 needs fault.'],
  ['POST faults', { fault: { kind: 'x' } }, 'faults.0.fault.kind must be one of status, reset'],
  ['GET dump/visitors', {}, 'There is no resource'],
])('%s with %j returns 400 and a sentence', async (call, body, sentence) => {
  const sandbox = await startFrozenSandbox({ chats: 3 });
  const { status, text } = await control(sandbox, call, body);
  expect(status).toBe(400);
  expect((JSON.parse(text) as JsonObject)['error']).toContain(sentence);
});

test('a control request that is invalid JSON or unknown is rejected', async () => {
  const sandbox = await startFrozenSandbox();
  const broken = await send(`${sandbox.url}/sandbox/edit`, { method: 'POST', body: '{' });
  expect([broken.status, broken.text]).toEqual([400, '{"error":"The body is not JSON."}\n']);
  const empty = await send(`${sandbox.url}/sandbox/edit`, { method: 'POST', body: '' });
  expect(empty.status).toBe(200);
  expect((await control(sandbox, 'GET nothing')).status).toBe(404);
});

test('the API accepts only GET', async () => {
  const sandbox = await startFrozenSandbox();
  const headers = { authorization: `Bearer ${sandbox.token}` };
  const url = `${sandbox.url}/api/v2/chat/goals`;
  expect((await send(url, { method: 'POST', headers })).status).toBe(405);
});

test('a failing hook causes a 500 that explains it', async () => {
  const sandbox = await startFrozenSandbox({
    onRequest: () => Promise.reject(new Error('hook broke')),
  });
  const { status, text } = await requestApi(sandbox, 'goals');
  expect(status).toBe(500);
  expect(text).toContain('hook broke');
});

test('without a clock the time of the server starts now or at the given time', async () => {
  const beforeMs = Date.now();
  const fromNow = await startSandbox({ chats: 1 });
  const fromThen = await startSandbox({ chats: 1, now: Date.UTC(2020, 0, 1) });
  try {
    expect(fromNow.now()).toBeGreaterThanOrEqual(beforeMs);
    expect(new Date(fromThen.now()).getUTCFullYear()).toBe(2020);
  } finally {
    await Promise.all([fromNow.close(), fromThen.close()]);
  }
  await fromNow.close();
});

test('a port that is in use is an error', async () => {
  const first = await startFrozenSandbox();
  const port = Number(new URL(first.url).port);
  await expect(startFrozenSandbox({ port })).rejects.toThrow('EADDRINUSE');
});
