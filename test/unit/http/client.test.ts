import { jest, test } from '@jest/globals';

import { HttpError } from '../../../src/core/errors.ts';
import type { Query } from '../../../src/http/transport.ts';
import { expect } from '../../support/readable.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { bearerCredentials } from '../../../src/zendesk/credentials.ts';
import { createTestClient, rejectionOf, startMs, token } from '../../support/http-client.ts';
import { scriptApi } from '../../support/nock.ts';

const origin = 'https://acme.example';
const path = '/api/v2/chat/agents';
const get = { path, query: {} };
const date = 'Fri, 02 Jan 2026 03:04:00 GMT';
const inDate = 'Fri, 02 Jan 2026 03:04:20 GMT';
const dateMs = Date.UTC(2026, 0, 2, 3, 4, 0);
const busy = { status: 503 };

test('a response has the server time and the time of its arrival', async () => {
  const api = scriptApi(origin, [{ body: [1], headers: { date } }]);
  const { client, reports } = createTestClient();
  const query = { limit: 100, fields: 'chats(*)' };
  expect(await client.get({ path, query })).toEqual({
    body: [1],
    serverTimeMs: dateMs,
    headersMs: startMs,
    receivedMs: startMs,
    durationMs: 0,
  });
  expect(api.requests[0]?.uri).toBe(`${path}?limit=100&fields=chats%28*%29`);
  const sent = { method: 'GET', path, url: expect.any(URL), isRedirected: false, attempt: 1 };
  const received = { status: 200, failure: undefined, bytes: expect.any(Number), durationMs: 0 };
  expect(reports).toEqual([{ ...sent, ...received, reason: undefined }]);
});

test('each request has headers for the token, the user agent and gzipped JSON', async () => {
  const api = scriptApi(origin, [{}]);
  await createTestClient().client.get(get);
  expect(api.requests[0]?.headers).toMatchObject({
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    'accept-encoding': 'gzip',
    'user-agent': 'tap-test/1',
  });
});

test.each([
  [{ status: 429, headers: { 'retry-after': '17' } }, 'rate-limit', 17_000],
  // A date is compared with the server's clock, or with the local clock if the server sends no time.
  [{ status: 429, headers: { date, 'retry-after': inDate } }, 'rate-limit', 20_000],
  [{ status: 429, headers: { 'retry-after': inDate } }, 'rate-limit', 15_000],
  [{ status: 503, headers: { 'retry-after': '3' } }, 'rate-limit', 3_000],
  [{ status: 403, headers: { 'retry-after': '3' } }, 'rate-limit', 3_000],
  [{ status: 404, headers: { 'retry-after': '0' } }, 'rate-limit', 2_000],
  [{ status: 400, body: { error: 'Rate limit exceeded' } }, 'rate-limit', 2_000],
  [{ status: 403, body: 'Too many requests' }, 'rate-limit', 2_000],
  [{ status: 429, headers: { 'ratelimit-reset': '7' } }, 'rate-limit', 7_000],
  [
    { status: 429, headers: { 'x-rate-limit-reset': String(startMs / 1000 + 8) } },
    'rate-limit',
    8_000,
  ],
  [{ status: 429, headers: { 'retry-after': '4', 'ratelimit-reset': '7' } }, 'rate-limit', 4_000],
  [{ status: 503, headers: { 'ratelimit-reset': '7' } }, 'retry', 2_000],
  [{ body: { error: 'APIRateLimitExceeded' } }, 'rate-limit', 2_000],
  [
    { body: { error: 'APIRateLimitExceeded' }, headers: { 'x-rate-limit-reset': '5' } },
    'rate-limit',
    5_000,
  ],
  [{ body: { errors: [{ message: 'try later' }] } }, 'retry', 2_000],
  [{ status: 429, headers: { 'retry-after': '0' } }, 'rate-limit', 2_000],
  [{ status: 429 }, 'rate-limit', 2_000],
  [{ status: 500 }, 'retry', 2_000],
  [{ status: 502, body: '<html>Bad gateway</html>' }, 'retry', 2_000],
  [{ errorCode: 'EAI_AGAIN' }, 'retry', 2_000],
])('after %j the request is retried (%s, %i ms)', async (answer, reason, ms) => {
  scriptApi(origin, [answer, { body: { ok: true } }]);
  const { client, clock, waits } = createTestClient();
  expect((await client.get(get)).body).toEqual({ ok: true });
  expect(clock.sleeps).toEqual([ms]);
  const hint = 'errorCode' in answer ? { advice: 'Check the network.' } : {};
  const retry = { attempt: 2, isLast: false, remainingMs: 900_000 - ms, ...hint };
  expect(waits).toEqual([{ reason, untilMs: startMs + ms, path, why: expect.any(String), retry }]);
});

test('waits double up to a minute and are reported with their cause', async () => {
  scriptApi(origin, [busy, busy, busy, busy, busy, busy, busy, {}]);
  const { client, clock, waits, reports } = createTestClient();
  await client.get(get);
  expect(clock.sleeps).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(waits[0]?.why).toBe('answers 503 Service Unavailable');
  expect(reports.map(({ status, failure }) => [status, failure])).toEqual([
    ...Array.from({ length: 7 }, () => [503, 'status']),
    [200, undefined],
  ]);
});

test('retries count for the rate limit', async () => {
  scriptApi(origin, [busy, {}, {}]);
  const { client, clock } = createTestClient({ requestsPerMinute: 2 });
  await client.get(get);
  await client.get(get);
  expect(clock.sleeps).toEqual([2_000, 58_000]);
});

test.each([
  [400, 'system', 'report it'],
  [401, 'config', 'a Support token is not a Chat token'],
  [402, 'config', 'The account is suspended'],
  [403, 'config', 'administrator'],
  [404, 'system', 'check the subdomain'],
  [407, 'config', 'HTTPS_PROXY'],
  [405, 'system', 'any proxy or firewall in between'],
  [410, 'system', 'check the subdomain'],
  [418, 'system', 'report it'],
  [422, 'system', 'does not accept this request'],
  [423, 'config', 'The account or the resource is locked'],
  [431, 'config', 'check access_token and user_agent'],
  [451, 'config', 'blocked for legal reasons'],
  [501, 'system', 'any proxy or firewall in between'],
  [511, 'config', 'requires a login'],
])('status %i is not retried, %s, with advice', async (status, kind, advice) => {
  scriptApi(origin, [{ status, headers: { date } }]);
  const { client, clock } = createTestClient();
  const error = await rejectionOf(client.get({ path, query: { since_id: 5 } }));
  expect(error).toBeInstanceOf(HttpError);
  expect(error).toMatchObject({ failure: 'status', status, kind, path, serverTimeMs: dateMs });
  expect(error).toMatchObject({ endsRun: false, message: expect.stringContaining(advice) });
  expect(error).toMatchObject({ message: expect.stringContaining(`${path} answers ${status}`) });
  expect(clock.sleeps).toEqual([]);
});

test('an error object is a response if it has the expected keys, and otherwise it is reported after the last retry', async () => {
  const body = { error: 'internal', items: [] };
  scriptApi(origin, [{ body }, { body }]);
  const { client } = createTestClient();
  expect((await client.get({ ...get, responseKeys: ['items'] })).body).toEqual(body);
  const error = await rejectionOf(client.get({ ...get, responseKeys: ['chats'], maxAttempts: 1 }));
  expect(error).toMatchObject({ failure: 'error-object', kind: 'transient', status: 200 });
  expect(String(error)).toContain('answers 200 OK with an error ("internal"). Try again later.');
});

const to = (location: string) => ({ status: 302, headers: { location } });

test.each([
  [[to('/gone'), { status: 404 }], 'redirects to /gone, which answers 404 Not Found'],
  [[{ status: 302 }], 'redirects without a valid target'],
  [[to('http://')], 'redirects without a valid target'],
])('a redirect without a target does not mean a missing stream: %j', async (answers, words) => {
  scriptApi(origin, answers);
  const error = await rejectionOf(createTestClient().client.get(get));
  expect(error).toMatchObject({ failure: 'redirect', kind: 'config', status: 302 });
  expect(String(error)).toContain(words);
});

test('a redirect within the host is followed and counts as a request', async () => {
  const api = scriptApi(origin, [to('/api/moved?a=1'), { body: '"moved"' }]);
  const { client, clock, reports } = createTestClient({ requestsPerMinute: 1 });
  expect((await client.get(get)).body).toBe('moved');
  expect(api.requests[1]?.uri).toBe('/api/moved?a=1');
  expect(clock.sleeps).toEqual([60_000]);
  expect(reports.map(({ status, failure }) => [status, failure])).toEqual([
    [302, undefined],
    [200, undefined],
  ]);
});

test('a login page that is temporarily unavailable is retried', async () => {
  const unavailable = { status: 503, headers: { 'retry-after': '7' } };
  scriptApi(origin, [to('/login'), unavailable, { body: [] }]);
  const { client, clock, waits } = createTestClient();
  expect((await client.get(get)).body).toEqual([]);
  expect(clock.sleeps).toEqual([7_000]);
  expect(waits[0]?.why).toBe('redirects to /login, which answers 503 Service Unavailable');
});

test('the error text of the API is quoted without the token', async () => {
  scriptApi(origin, [{ status: 401, body: { error: 'invalid', description: `no ${token}` } }]);
  const error = await rejectionOf(createTestClient().client.get(get));
  expect(String(error)).toContain('answers 401 Unauthorized ("invalid: no ***")');
  expect(String(error)).not.toContain(token);
});

test('a token with a line break is a config error, not a network failure', async () => {
  const { client } = createTestClient({ credentials: () => bearerCredentials('a\nb') });
  const error = await rejectionOf(client.get(get));
  expect(error).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('Copy the token'),
  });
  expect(String(error)).not.toContain('a\nb');
});

test.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', 'set the environment variable NODE_EXTRA_CA_CERTS', 'config'],
  ['ENOTFOUND', 'acme.example has no address (ENOTFOUND). Check the subdomain', 'config'],
  ['EAI_AGAIN', 'the name server does not answer'],
  ['ECONNREFUSED', 'refuses the connection'],
  ['ETIMEDOUT', 'there is no route to acme.example'],
  ['EPROTO', 'NODE_EXTRA_CA_CERTS'],
  ['HPE_INVALID_CONSTANT', 'the response is not HTTP'],
  ['EWEIRD', 'cannot be reached (EWEIRD)'],
])('the message for %s explains the failure', async (errorCode, words, kind = 'transient') => {
  scriptApi(origin, [{ errorCode }]);
  const error = await rejectionOf(createTestClient().client.get({ ...get, maxAttempts: 1 }));
  expect(error).toMatchObject({
    kind,
    failure: 'network',
    status: undefined,
    message: expect.stringContaining(words),
    cause: expect.objectContaining({ code: errorCode }),
  });
});

test('when the retry budget is exhausted, the error names the last failure, the attempts and the setting', async () => {
  scriptApi(origin, [{ status: 500 }, busy, busy, { status: 502 }]);
  const { client, clock } = createTestClient({ maxRetryMs: 10_000 });
  const error = await rejectionOf(client.get(get));
  expect(clock.sleeps).toEqual([2_000, 4_000, 4_000]);
  expect(error).toMatchObject({ kind: 'transient', status: 502, endsRun: false });
  expect((error as HttpError).message).toBe(
    `${path} answers 502 Bad Gateway, at attempt 4 after 10 s of waiting ` +
      '(max_retry_seconds). Try again later.',
  );
});

test('the retry budget is for one response, and the next one has the full budget', async () => {
  scriptApi(origin, [busy, busy, {}, busy, busy, {}]);
  const { client, clock } = createTestClient({ maxRetryMs: 6_000 });
  await client.get(get);
  await client.get(get);
  expect(clock.sleeps).toEqual([2_000, 4_000, 2_000, 4_000]);
});

test('after the retry budget is exhausted each request gets one attempt until a response arrives', async () => {
  scriptApi(origin, [busy, busy, busy, {}, busy, {}]);
  const { client, clock } = createTestClient({ maxRetryMs: 2_000 });
  await rejectionOf(client.get(get));
  expect(clock.sleeps).toEqual([2_000]);
  await rejectionOf(client.get(get));
  expect(clock.sleeps).toEqual([2_000]);
  await client.get(get);
  await client.get(get);
  expect(clock.sleeps).toEqual([2_000, 2_000]);
});

test('a Retry-After without a valid date does not break the error message', async () => {
  scriptApi(origin, [{ status: 429, headers: { 'retry-after': '9'.repeat(400) } }]);
  const error = await rejectionOf(createTestClient().client.get(get));
  expect(error).toMatchObject({ endsRun: true, message: expect.stringContaining('9999-12-31') });
});

test('a Retry-After that equals the retry budget is waited for', async () => {
  scriptApi(origin, [{ status: 429, headers: { 'retry-after': '900' } }, {}]);
  const { client, clock } = createTestClient();
  await client.get(get);
  expect(clock.sleeps).toEqual([900_000]);
});

test('no other request starts while one waits for Retry-After', async () => {
  const api = scriptApi(origin, [{ status: 429, headers: { 'retry-after': '30' } }, {}, {}]);
  const pauses: { ms: number; end: () => void }[] = [];
  let now = startMs;
  const sleep = async (ms: number) =>
    new Promise<void>((end) => {
      pauses.push({ ms, end });
    });
  const { client } = createTestClient({
    clock: { ...createFakeClock(startMs), now: () => now, elapsed: () => now, sleep },
  });
  const both = [client.get(get), client.get({ ...get, query: { second: 1 } })];
  while (pauses.length < 2) await new Promise(setImmediate);
  expect(pauses.map(({ ms }) => ms)).toEqual([30_000, 30_000]);
  expect(api.requests).toHaveLength(1);
  now += 30_000;
  for (const { end } of pauses) end();
  await Promise.all(both);
  expect(api.requests).toHaveLength(3);
});

test('a request with at most one attempt is not retried and does not use the retry budget', async () => {
  scriptApi(origin, [busy, busy, {}]);
  const { client, clock } = createTestClient();
  const error = await rejectionOf(client.get({ ...get, maxAttempts: 1 }));
  expect(error).toMatchObject({ status: 503, kind: 'transient' });
  await client.get(get);
  expect(clock.sleeps).toEqual([2_000]);
});

test('a revised query resets the backoff and the retry budget', async () => {
  const api = scriptApi(origin, [busy, busy, busy, busy, {}]);
  const asked: (number | undefined)[] = [];
  const reviseQuery = async ({ status }: HttpError): Promise<Query | undefined> => {
    asked.push(status);
    return asked.length === 2 ? { limit: 500 } : undefined;
  };
  const { client, clock } = createTestClient({ maxRetryMs: 3_000 });
  await client.get({ path, query: { limit: 1000 }, reviseQuery });
  expect(api.requests.map(({ uri }) => uri)).toEqual([
    `${path}?limit=1000`,
    `${path}?limit=1000`,
    `${path}?limit=500`,
    `${path}?limit=500`,
    `${path}?limit=500`,
  ]);
  expect(clock.sleeps).toEqual([2_000, 2_000, 2_000, 1_000]);
  expect(asked).toEqual([503, 503, 503, 503]);
});

test('reviseQuery may send a request: the slot is free, and a Retry-After applies to it, too', async () => {
  const api = scriptApi(origin, [{ status: 503, headers: { 'retry-after': '5' } }, {}, {}]);
  const { client, clock } = createTestClient();
  const reviseQuery = async (): Promise<Query> => {
    await client.get({ path: '/probe', query: {}, maxAttempts: 1 });
    return { limit: 1 };
  };
  await client.get({ path, query: { limit: 2 }, reviseQuery });
  expect(api.requests.map(({ uri }) => uri)).toEqual([
    `${path}?limit=2`,
    '/probe',
    `${path}?limit=1`,
  ]);
  expect(clock.sleeps).toEqual([5_000, 5_000]);
});

test('a body that is too large is not retried, but a smaller page is requested at once if possible', async () => {
  const large = { body: { text: 'x'.repeat(2000) } };
  scriptApi(origin, [large, large, {}]);
  const { client, clock, reports } = createTestClient({ maxBodyBytes: 1000 });
  const error = await rejectionOf(client.get(get));
  expect(error).toMatchObject({ failure: 'too-large', kind: 'system', status: 200 });
  await client.get({ ...get, reviseQuery: async () => ({ limit: 1 }) });
  expect(clock.sleeps).toEqual([]);
  expect(reports.map(({ failure }) => failure)).toEqual(['too-large', 'too-large', undefined]);
});

test('reviseQuery is not called if the token is rejected', async () => {
  scriptApi(origin, [{ status: 401 }]);
  const reviseQuery = jest.fn<() => Promise<Query | undefined>>();
  await rejectionOf(createTestClient().client.get({ ...get, reviseQuery }));
  expect(reviseQuery).not.toHaveBeenCalled();
});

test('a stopped run makes no request and reports no failure', async () => {
  const api = scriptApi(origin, []);
  const { client, reports } = createTestClient({ signal: AbortSignal.abort(new Error('SIGTERM')) });
  await expect(client.get(get)).rejects.toThrow('SIGTERM');
  expect(api.requests).toEqual([]);
  expect(reports).toEqual([]);
});

test('a wait ends when the run is stopped', async () => {
  scriptApi(origin, [busy]);
  const stop = new AbortController();
  const onWait = () => stop.abort(new Error('SIGTERM'));
  const { client } = createTestClient({ signal: stop.signal, onWait });
  await expect(client.get(get)).rejects.toThrow('SIGTERM');
});
