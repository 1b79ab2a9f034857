/** Responses: all encodings and charsets in use, no replaced bytes, errors for every status and shape. */
import type { OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

import { expect, test } from '@jest/globals';

import type { Clock } from '../../src/core/clock.ts';
import { catalogOf } from '../support/catalogs.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { startLocalServer } from '../support/local-server.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { lastErrorLine, secretToken } from '../support/with-sandbox.ts';

const path = '/api/v2/chat/';

/** Reads streams of an API with this listener, on a clock that does not wait. */
async function runAgainst(
  streams: readonly string[],
  answer: RequestListener,
  config: object = {},
  clock: Clock = createFakeClock(Date.UTC(2026, 0, 5, 12)),
): Promise<TapResult> {
  const api = await startLocalServer(answer);
  try {
    return await runTap({
      sandboxUrl: api.origin,
      config: { subdomain: 'acme', access_token: secretToken, ...config },
      catalog: catalogOf(streams),
      clock,
    });
  } finally {
    await api.close();
  }
}

const departments = JSON.stringify([{ id: 1, name: 'Café Zürich' }]);

test.each<[string, string, Buffer]>([
  ['gzip', '', gzipSync(departments)],
  ['X-GZip', '', gzipSync(departments)],
  ['deflate', '', deflateSync(departments)],
  ['deflate', '', deflateRawSync(departments)],
  ['br', '', brotliCompressSync(departments)],
  ['br, gzip', '', gzipSync(brotliCompressSync(departments))],
  ['identity', 'application/json; charset=utf-8', Buffer.from(departments)],
  ['', 'application/json;charset="UTF8"', Buffer.from(departments)],
  ['', 'application/json; charset=no-such', Buffer.from(departments)],
  ['', 'application/json', Buffer.from(`\uFEFF${departments}`)],
  ['', 'application/json; charset=iso-8859-1', Buffer.from(departments, 'latin1')],
  ['', 'application/json; charset=iso-8859-1', Buffer.from(`\uFEFF${departments}`)],
  ['', 'application/json; charset=utf-16le', Buffer.from(departments, 'utf16le')],
  ['', 'application/json; charset=utf-16le', Buffer.from(`\uFEFF${departments}`, 'utf16le')],
])('A body with encoding "%s" and type "%s" is decoded correctly', async (coding, type, body) => {
  const result = await runAgainst(['departments'], (_, response) => {
    if (coding !== '') response.setHeader('content-encoding', coding);
    response.setHeader('content-type', type).end(body);
  });
  expect(result.code).toBe(0);
  expect(result.records('departments')).toMatchObject([{ id: 1, name: 'Café Zürich' }]);
});

function sends(body: Buffer | string, headers: OutgoingHttpHeaders = {}): RequestListener {
  return (_, response) => response.writeHead(200, headers).end(body);
}

function sendsHalf(coding: string, body: Buffer): RequestListener {
  return sends(body.subarray(0, body.length / 2), { 'content-encoding': coding });
}

function breaksOff(headers: OutgoingHttpHeaders): RequestListener {
  return (_, response) => {
    response.writeHead(200, headers).write('[{"id":1}');
    setImmediate(() => response.destroy());
  };
}

const noText = Buffer.from('"café" ', 'latin1');

test.each<[string, RequestListener]>([
  ['sends bytes that are not valid UTF-8', sends(noText)],
  ['sends bytes that are not valid UTF-8', sends(noText, { 'content-type': 'x;charset=no-such' })],
  [
    'sends bytes that are not valid UTF-16LE',
    sends(noText, { 'content-type': 'x;charset=utf-16le' }),
  ],
  ['ends in the middle of the body', breaksOff({ 'content-length': 1000 })],
  ['ends in the middle of the body', breaksOff({})],
  ['sends an incomplete gzip body', sendsHalf('gzip', gzipSync(departments))],
  ['sends an incomplete deflate body', sendsHalf('deflate', deflateSync(departments))],
  ['sends an incomplete deflate body', sendsHalf('deflate', deflateRawSync(departments))],
  ['sends an incomplete brotli body', sendsHalf('br', brotliCompressSync(departments))],
  ['sends a damaged gzip body', sends('no gzip', { 'content-encoding': 'gzip' })],
  ['sends a damaged brotli body', sends('no brotli', { 'content-encoding': 'br' })],
  ['sends the encoding zstd, which was not requested', sends('x', { 'content-encoding': 'zstd' })],
  ['sends an empty body instead of JSON', sends('', { 'content-encoding': 'gzip' })],
  ['sends an empty body instead of JSON', sends('')],
  ['sends HTML instead of JSON', sends('<!doctype html><title>Log in</title>')],
  ['sends plain text instead of JSON', sends('all is well')],
  ['sends broken JSON instead of JSON', sends('[{"id": 1}')],
])(
  'If the API %s, the request is retried, and the response never counts as valid',
  async (words, answer) => {
    const result = await runAgainst(['departments'], answer, { max_retry_seconds: 1 });
    expect(result.code).toBe(1);
    expect(result.records('departments')).toEqual([]);
    expect(lastErrorLine(result)).toMatch(/^CRITICAL departments: /);
    expect(lastErrorLine(result)).toContain(` ${words}, at attempt 2 after 1 s`);
  },
);

test.each<[string, string, RequestListener]>([
  ['404', '/access/login', (_, response) => response.writeHead(404).end()],
  ['401', '/access/unauthenticated', (_, response) => response.writeHead(401).end('{}')],
  ['HTML', '/auth/v2/signin', sends('<html>Log in</html>')],
  [
    'with itself',
    '/access/login',
    (_, response) => response.writeHead(302, { location: '/access/login' }).end(),
  ],
])(
  'A redirect to a login page that returns %s is not a missing stream, and the error explains its usual meaning',
  async (_, location, login) => {
    const result = await runAgainst(['departments'], (request, response) => {
      if (!request.url?.startsWith(path)) login(request, response);
      else response.writeHead(302, { location: `${location}?return_to=x` }).end();
    });
    expect(result.code).toBe(2);
    expect(lastErrorLine(result)).toMatch(/^CRITICAL departments: /);
    expect(lastErrorLine(result)).toContain(
      ` redirects to a login page (${location}). This usually means that the access token is not accepted`,
    );
  },
);

test('A response that sends one space per second times out after a minute and is retried', async () => {
  const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
  const dribble = async (response: ServerResponse): Promise<void> => {
    const head = clock.refreshed();
    response.flushHeaders();
    await head;
    for (let second = 0; second < 60; second += 1) {
      const arrived = clock.refreshed();
      response.write(' ');
      await arrived;
      clock.pass(1_000);
    }
  };
  let requests = 0;
  const answer: RequestListener = (_, response) => {
    requests += 1;
    if (requests === 1) void dribble(response);
    else response.end(departments);
  };
  const result = await runAgainst(['departments'], answer, {}, clock);
  expect(result.code).toBe(0);
  expect(result.records('departments')).toHaveLength(1);
  expect(result.stderr).toMatch(
    /INFO waiting \d s: \/api\/v2\/chat\/departments sends less than 1024 bytes in 60 s/,
  );
});

test('An export whose position moves without new items causes a warning', async () => {
  const dayS = 86_400;
  let requests = 0;
  const answer: RequestListener = ({ url = '' }, response) => {
    requests += 1;
    const start = Number(new URL(url, 'http://localhost').searchParams.get('start_time'));
    const chat = { id: 'a', update_timestamp: '2025-06-01T00:00:00Z' };
    response.end(JSON.stringify({ chats: [chat], count: 1, end_time: start + dayS, end_id: 'a' }));
  };
  const result = await runAgainst(['chats'], answer, { start_date: '2025-08-01' });
  expect(requests).toBeGreaterThan(150);
  expect(result.records('chats')).toHaveLength(1);
  const warnings = result.warnings.filter((text) => text.includes('nothing new'));
  expect(warnings).toEqual([
    expect.stringMatching(
      /^chats: 20 consecutive requests have brought nothing new: the position is 2025-08-21T00:00:00Z \(start_time \d+\) and the end is 2026-01-05T11:\S+Z/,
    ),
    expect.stringMatching(/^chats: 120 consecutive requests .* the position is 2025-11-29T/),
  ]);
});
