import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import { createRateLimiter } from '../../src/sandbox/api/rate-limit.ts';
import { requestApi, closeAll, startFrozenSandbox, page, untilLogged } from './sandbox-requests.ts';

afterEach(closeAll);

test('a slow body arrives completely', async () => {
  const fault: Fault = { kind: 'slow', everyMs: 1, pieces: 4 };
  const sandbox = await startFrozenSandbox({ chats: 5, faults: [{ fault }] });
  expect((await page(sandbox, 'chats')).count).toBe(5);
  expect(sandbox.requests[0]).toMatchObject({ fault: 'slow', items: 5, status: 200 });
});

test('rules match by path, number and times', async () => {
  const fault: Fault = { kind: 'status', status: 500 };
  const sandbox = await startFrozenSandbox({
    faults: [
      { path: 'goals', nth: 2, fault },
      { path: '=roles', every: 2, times: 1, fault },
    ],
  });
  const statuses = [];
  for (const path of ['goals', 'goals', 'goals', 'roles', 'roles', 'roles', 'roles', 'skills']) {
    statuses.push((await requestApi(sandbox, path)).status);
  }
  expect(statuses).toEqual([200, 500, 200, 200, 500, 200, 200, 200]);
});

test('the first matching rule applies, and only that one is counted', async () => {
  const sandbox = await startFrozenSandbox({
    faults: [
      { nth: 1, fault: { kind: 'status', status: 500 } },
      { times: 1, fault: { kind: 'status', status: 503 } },
    ],
  });
  const statuses = [];
  for (let turn = 0; turn < 3; turn += 1)
    statuses.push((await requestApi(sandbox, 'goals')).status);
  expect(statuses).toEqual([500, 503, 200]);
});

test('rules match by query, limit and the items in the response', async () => {
  const fault: Fault = { kind: 'status', status: 500 };
  const sandbox = await startFrozenSandbox({ chats: 10 });
  sandbox.faults.set([{ limitAbove: 3, includes: sandbox.account.idAt('chats', 2), fault }]);
  sandbox.faults.add({ query: { limit: '1' }, fault });
  const statuses = [];
  for (const limit of [4, 3, 2, 1]) {
    statuses.push((await requestApi(sandbox, `incremental/chats?limit=${limit}`)).status);
  }
  expect(statuses).toEqual([500, 200, 200, 500]);
  sandbox.faults.clear();
  expect((await requestApi(sandbox, 'incremental/chats?limit=4')).status).toBe(200);
});

test('rules match by a range of start_time with inclusive bounds', async () => {
  const fault: Fault = { kind: 'status', status: 500 };
  const sandbox = await startFrozenSandbox({
    faults: [
      { startTime: { min: 200, max: 300 }, fault },
      { startTime: { min: 400 }, times: 1, fault },
    ],
  });
  const statuses = [];
  for (const query of ['', ...[199, 200, 300, 301, 400, 400].map((at) => `?start_time=${at}`)]) {
    statuses.push((await requestApi(sandbox, `incremental/chats${query}`)).status);
  }
  expect(statuses).toEqual([200, 200, 500, 500, 200, 500, 200]);
});

test('requests above the rate limit get 429 with the seconds to wait', async () => {
  const sandbox = await startFrozenSandbox({ rateLimit: 2 });
  const answers = [
    await requestApi(sandbox, 'goals'),
    await requestApi(sandbox, 'goals'),
    await requestApi(sandbox, 'goals'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(50);
});

test('the rate limit applies to any 60 seconds and does not count rejected requests', () => {
  const waitFor = createRateLimiter(2);
  const waits = [0, 10_000, 59_000, 59_999, 60_000, 69_000, 70_000].map((at) => waitFor(at));
  expect(waits).toEqual([undefined, undefined, 1, 1, undefined, 1, undefined]);
});

test('responses are compressed for clients that accept it, unless the option is off', async () => {
  const sandbox = await startFrozenSandbox({ chats: 50 });
  const path = 'incremental/chats?fields=chats(*)';
  const packed = await requestApi(sandbox, path, { 'accept-encoding': 'br, gzip' });
  const plain = await requestApi(sandbox, path);
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
  expect(plain.headers).not.toHaveProperty('content-encoding');
  const off = await startFrozenSandbox({ gzip: false });
  expect(
    (await requestApi(off, 'goals', { 'accept-encoding': 'gzip' })).headers,
  ).not.toHaveProperty('content-encoding');
});

test('each response can be delayed', async () => {
  const soon = await startFrozenSandbox({ latencyMs: 1 });
  expect((await requestApi(soon, 'goals')).status).toBe(200);
  const late = await startFrozenSandbox({ latencyMs: 3_600_000 });
  const asked = requestApi(late, 'goals').then(
    () => 'answered',
    () => 'broken',
  );
  await untilLogged(late, () => true);
  await late.close();
  expect(await asked).toBe('broken');
});

test('delays of several requests run at the same time', async () => {
  const sandbox = await startFrozenSandbox({ latencyMs: 3_600_000 });
  const asked = ['goals', 'roles'].map((path) => requestApi(sandbox, path).catch(() => 'broken'));
  await untilLogged(sandbox, ({ number }) => number === 2);
  expect(sandbox.requests.map(({ doneAt }) => doneAt)).toEqual([null, null]);
  await sandbox.close();
  expect(await Promise.all(asked)).toEqual(['broken', 'broken']);
});

/** Sends three requests at once. The first gets its response after the others have arrived. Returns the order. */
async function workOrder(options: SandboxOptions): Promise<string[]> {
  const order: string[] = [];
  const gate: { open?: () => void } = {};
  const opened = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const sandbox = await startFrozenSandbox({
    ...options,
    onRequest: async ({ number }) => {
      order.push(`start ${number}`);
      if (number === 1) await opened;
    },
    onAnswer: ({ number }) => order.push(`end ${number}`),
  });
  const asked = ['goals', 'roles', 'skills'].map((path) => requestApi(sandbox, path));
  await untilLogged(sandbox, ({ number }) => number === 3);
  gate.open?.();
  await Promise.all(asked);
  return order;
}

test('the sandbox processes all requests at the same time, or at most the configured number', async () => {
  const ordered = ['start 1', 'end 1', 'start 2', 'end 2', 'start 3', 'end 3'];
  expect(await workOrder({ concurrency: 1 })).toEqual(ordered);
  expect(await workOrder({})).toEqual(expect.arrayContaining(ordered));
  expect((await workOrder({ concurrency: 2 })).slice(0, 2)).toEqual(['start 1', 'start 2']);
});
