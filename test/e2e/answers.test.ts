/** How answers are read: any encoding and charset in use, no byte replaced, every status and shape explained. */
import type { RequestListener, ServerResponse } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

import { expect, test } from '@jest/globals';

import type { Clock } from '../../src/clock.ts';
import { catalogOf } from '../helpers/catalogs.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { startLocalServer } from '../helpers/local-server.ts';
import { runTap, type TapResult } from '../helpers/run-tap.ts';
import { criticalLines, lastWords, secretToken } from '../helpers/with-sandbox.ts';

const path = '/api/v2/chat/';

/** Reads streams of an API that answers so, on a clock that does not wait. */
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
  ['deflate', '', deflateSync(departments)],
  ['deflate', '', deflateRawSync(departments)],
  ['br', '', brotliCompressSync(departments)],
  ['', 'application/json', Buffer.from(`\uFEFF${departments}`)],
  ['', 'application/json; charset=iso-8859-1', Buffer.from(departments, 'latin1')],
])(
  'A body with encoding "%s" and type "%s" is read as it was meant',
  async (coding, type, body) => {
    const result = await runAgainst(['departments'], (_, response) => {
      if (coding !== '') response.setHeader('content-encoding', coding);
      response.setHeader('content-type', type).end(body);
    });
    expect(result.code).toBe(0);
    expect(result.records('departments')).toMatchObject([{ id: 1, name: 'Café Zürich' }]);
  },
);

test('Bytes that are no UTF-8 are asked for again, and never emitted as something else', async () => {
  const result = await runAgainst(
    ['departments'],
    (_, response) => response.end(Buffer.from(departments, 'latin1')),
    { max_retry_seconds: 1 },
  );
  expect(result.code).toBe(1);
  expect(result.records('departments')).toEqual([]);
  expect(lastWords(result)).toMatch(
    /^CRITICAL departments: .* sends bytes that are no text in UTF-8, at attempt 2 after 1 s/,
  );
});

test.each([
  [402, 'The account is suspended'],
  [423, 'The account is locked'],
  [451, 'blocked for legal reasons'],
])('Status %i is explained and not asked for again', async (status, words) => {
  let requests = 0;
  const result = await runAgainst(['departments'], (_, response) => {
    requests += 1;
    response.writeHead(status).end();
  });
  expect(result.code).toBe(1);
  expect(criticalLines(result)).toEqual([expect.stringContaining(words)]);
  expect(requests).toBe(1);
});

test.each([409, 425])('Status %i passes: the request is made again', async (status) => {
  let requests = 0;
  const result = await runAgainst(['departments'], (_, response) => {
    requests += 1;
    response.writeHead(requests === 1 ? status : 200).end(departments);
  });
  expect(result.code).toBe(0);
  expect(result.records('departments')).toHaveLength(1);
});

test.each<[string, RequestListener]>([
  ['404', (_, response) => response.writeHead(404).end()],
  ['HTML', (_, response) => response.end('<!doctype html><title>Log in</title>')],
])(
  'A redirect to a login page that answers %s is no missing stream: it says what it usually means',
  async (_, login) => {
    const result = await runAgainst(['departments'], (request, response) => {
      if (!request.url?.startsWith(path)) login(request, response);
      else response.writeHead(302, { location: '/access/login?return_to=x' }).end();
    });
    expect(result.code).toBe(1);
    expect(lastWords(result)).toMatch(
      /^CRITICAL departments: .* redirects to a login page \(\/access\/login\)\. This usually means that the access token is not accepted/,
    );
  },
);

test.each([
  ['accounts', '[]', 'a list, but an object with account_key was expected'],
  ['routing_settings', '[]', 'a list, but an object that holds another one as data was expected'],
  [
    'bans',
    '[]',
    'a list, but an object with the lists of objects "ip_address" and "visitor" was expected',
  ],
  ['departments', '{}', 'an empty object, but a list of objects was expected'],
  ['agents', '{"agents":[]}', 'an object with "agents", but a list of objects was expected'],
  ['chats', '[]', 'a list, but an object with the list of objects "chats" was expected'],
])('%s answered with %s: the error says what was expected', async (stream, body, words) => {
  const result = await runAgainst([stream], (_, response) => response.end(body));
  expect(result.code).toBe(1);
  expect(lastWords(result)).toContain(`CRITICAL ${stream}: the API's answer is ${words}`);
});

test('An answer of one blank a second is given up after a minute, and asked for again', async () => {
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

test('An export whose positions move on while nothing new arrives is warned about', async () => {
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
      /^chats: 20 requests in a row have brought nothing new: reading is at 2025-08-21T00:00:00Z \(start_time \d+\) and ends at 2026-01-05T11:\S+Z/,
    ),
    expect.stringMatching(/^chats: 120 requests in a row .* reading is at 2025-11-29T/),
  ]);
});
