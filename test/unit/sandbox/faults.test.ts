import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import type { Fault } from '../../../src/sandbox/fault-rules.ts';
import { createRateLimiter } from '../../../src/sandbox/rate-limit.ts';
import { ask, closeAll, frozen, noonMs, page, seen } from './ask.ts';

afterEach(closeAll);

const gzip = { 'accept-encoding': 'gzip' };

test.each([
  [{ kind: 'status', status: 503 }, 503, '{"error":"Service Unavailable"}'],
  [{ kind: 'status', status: 599 }, 599, '{"error":"Status 599"}'],
  [{ kind: 'status', status: 500, body: 'empty' }, 500, ''],
  [{ kind: 'emptyBody' }, 200, ''],
  [{ kind: 'wrongShape' }, 200, '{"unexpected":true}'],
  [{ kind: 'wrongShape', body: '[]' }, 200, '[]'],
] as readonly (readonly [Fault, number, string])[])(
  '%j is an answer',
  async (fault, status, text) => {
    const sandbox = await frozen({ faults: [{ fault }] });
    const answer = await ask(sandbox, 'goals');
    expect([answer.status, answer.text]).toEqual([status, text]);
  },
);

test.each([
  [{ kind: 'status', status: 502, body: 'html' }, 502],
  [{ kind: 'html' }, 200],
] as readonly (readonly [Fault, number])[])('%j is a web page', async (fault, status) => {
  const sandbox = await frozen({ faults: [{ fault }] });
  const answer = await ask(sandbox, 'goals');
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toContain('text/html');
  expect(answer.text).toContain('<html>');
});

test.each([
  [17, '17'],
  [99_999_999, '99999999'],
  ['soon', 'soon'],
  [{ inSeconds: 90 }, new Date(noonMs + 90_000).toUTCString()],
])('Retry-After %j goes out as %s', async (retryAfter, expected) => {
  const fault: Fault = { kind: 'status', status: 429, retryAfter };
  const sandbox = await frozen({ faults: [{ fault }] });
  const { status, headers } = await ask(sandbox, 'goals');
  expect([status, headers['retry-after']]).toEqual([429, expected]);
});

test('a status without Retry-After has no such header', async () => {
  const sandbox = await frozen({ faults: [{ fault: { kind: 'status', status: 429 } }] });
  expect((await ask(sandbox, 'goals')).headers).not.toHaveProperty('retry-after');
});

test.each(['reset', 'resetInBody', 'cutBody'] as const)(
  '%s breaks the connection',
  async (kind) => {
    const sandbox = await frozen({ faults: [{ fault: { kind } }] });
    await expect(ask(sandbox, 'incremental/chats?fields=chats(*)')).rejects.toThrow();
    expect(sandbox.requests[0]).toMatchObject({ fault: kind, items: 0 });
  },
);

test('a cut gzip stream is a whole answer that cannot be unpacked', async () => {
  const sandbox = await frozen({ faults: [{ fault: { kind: 'cutGzip' } }] });
  const { bytes, headers } = await ask(sandbox, 'goals', gzip);
  expect(headers['content-length']).toBe(String(bytes.length));
  expect(() => gunzipSync(bytes)).toThrow('unexpected end');
});

test.each(['headers', 'body'] as const)(
  'a stall before the %s lasts until the sandbox closes',
  async (where) => {
    const sandbox = await frozen({ faults: [{ fault: { kind: 'stall', where } }] });
    const asked = ask(sandbox, 'goals').then(
      () => 'answered',
      () => 'broken',
    );
    await seen(sandbox, ({ doneAt }) => doneAt !== null);
    await sandbox.close();
    expect(await asked).toBe('broken');
  },
);

test('broken JSON ends too early', async () => {
  const sandbox = await frozen({ faults: [{ fault: { kind: 'brokenJson' } }] });
  const { status, text } = await ask(sandbox, 'goals');
  expect(status).toBe(200);
  expect(() => JSON.parse(text) as unknown).toThrow();
});

test('next_page can point to another host', async () => {
  const fault: Fault = { kind: 'foreignNextPage', origin: 'https://elsewhere.test' };
  const sandbox = await frozen({ faults: [{ fault }] });
  const body = await page(sandbox, 'chats');
  expect(body.next_page).toMatch(/^https:\/\/elsewhere\.test\/api\/v2\/chat\/incremental\/chats\?/);
  expect(body.count).toBe(30);
});

test('an answer can be a redirect', async () => {
  const fault: Fault = { kind: 'redirect', location: 'https://elsewhere.test/x' };
  const sandbox = await frozen({ faults: [{ fault }, { fault: { ...fault, status: 307 } }] });
  const { status, headers } = await ask(sandbox, 'goals');
  expect([status, headers.location]).toEqual([302, 'https://elsewhere.test/x']);
});

test('a slow body arrives whole', async () => {
  const fault: Fault = { kind: 'slow', everyMs: 1, pieces: 4 };
  const sandbox = await frozen({ chats: 5, faults: [{ fault }] });
  expect((await page(sandbox, 'chats')).count).toBe(5);
  expect(sandbox.requests[0]).toMatchObject({ fault: 'slow', items: 5, status: 200 });
});

test('rules choose by path, number and times', async () => {
  const fault: Fault = { kind: 'status', status: 500 };
  const sandbox = await frozen({
    faults: [
      { path: 'goals', nth: 2, fault },
      { path: '=roles', every: 2, times: 1, fault },
    ],
  });
  const statuses = [];
  for (const path of ['goals', 'goals', 'goals', 'roles', 'roles', 'roles', 'roles', 'skills']) {
    statuses.push((await ask(sandbox, path)).status);
  }
  expect(statuses).toEqual([200, 500, 200, 200, 500, 200, 200, 200]);
});

test('the first rule that wants a request wins, and only that one has fired', async () => {
  const sandbox = await frozen({
    faults: [
      { nth: 1, fault: { kind: 'status', status: 500 } },
      { times: 1, fault: { kind: 'status', status: 503 } },
    ],
  });
  const statuses = [];
  for (let turn = 0; turn < 3; turn += 1) statuses.push((await ask(sandbox, 'goals')).status);
  expect(statuses).toEqual([500, 503, 200]);
});

test('rules choose by query, limit and the items in the answer', async () => {
  const fault: Fault = { kind: 'status', status: 500 };
  const sandbox = await frozen({ chats: 10 });
  sandbox.faults.set([{ limitAbove: 3, includes: sandbox.account.idAt('chats', 2), fault }]);
  sandbox.faults.add({ query: { limit: '1' }, fault });
  const statuses = [];
  for (const limit of [4, 3, 2, 1]) {
    statuses.push((await ask(sandbox, `incremental/chats?limit=${limit}`)).status);
  }
  expect(statuses).toEqual([500, 200, 200, 500]);
  sandbox.faults.clear();
  expect((await ask(sandbox, 'incremental/chats?limit=4')).status).toBe(200);
});

test('more requests than allowed in a minute are answered 429 with the seconds to wait', async () => {
  const sandbox = await frozen({ rateLimit: 2 });
  const answers = [
    await ask(sandbox, 'goals'),
    await ask(sandbox, 'goals'),
    await ask(sandbox, 'goals'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(50);
});

test('the rate limit counts any sixty seconds, without those it refused', () => {
  const waitFor = createRateLimiter(2);
  const waits = [0, 10_000, 59_000, 59_999, 60_000, 69_000, 70_000].map((at) => waitFor(at));
  expect(waits).toEqual([undefined, undefined, 1, 1, undefined, 1, undefined]);
});

test('answers are compressed for clients that accept it, unless switched off', async () => {
  const sandbox = await frozen({ chats: 50 });
  const path = 'incremental/chats?fields=chats(*)';
  const packed = await ask(sandbox, path, { 'accept-encoding': 'br, gzip' });
  const plain = await ask(sandbox, path);
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
  expect(plain.headers).not.toHaveProperty('content-encoding');
  const off = await frozen({ gzip: false });
  expect((await ask(off, 'goals', gzip)).headers).not.toHaveProperty('content-encoding');
});

test('each answer can be kept waiting', async () => {
  const soon = await frozen({ latencyMs: 1 });
  expect((await ask(soon, 'goals')).status).toBe(200);
  const late = await frozen({ latencyMs: 3_600_000 });
  const asked = ask(late, 'goals').then(
    () => 'answered',
    () => 'broken',
  );
  await seen(late, () => true);
  await late.close();
  expect(await asked).toBe('broken');
});
