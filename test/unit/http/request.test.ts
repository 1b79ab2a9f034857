import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { once as occurred } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';

import { afterEach, expect, test } from '@jest/globals';

import { createTestClient, rejectionOf, token } from '../../helpers/http-client.ts';
import { startLocalServer, type LocalServer } from '../../helpers/local-server.ts';

const servers: LocalServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()));
});

const get = { path: '/api/items', query: {} };
const once = { ...get, maxAttempts: 1 };
const items = { items: Array.from({ length: 500 }, (_, id) => ({ id, text: 'ünïcode' })) };
const json = JSON.stringify(items);

async function serve(listener: RequestListener) {
  const local = await startLocalServer(listener);
  servers.push(local);
  return local;
}

/** Sends the headers and a part of the body, and leaves the rest to the test. */
function begin(response: ServerResponse, headers: Record<string, string | number>): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.write('{"items":[');
}

/** Asks once a server that sends this. */
async function answerTo(headers: Record<string, string>, body: Buffer | string): Promise<unknown> {
  const { origin } = await serve((_, response) => response.writeHead(200, headers).end(body));
  return (await createTestClient({ origin }).client.get(once)).body;
}

test.each<[string, Buffer]>([
  ['gzip', gzipSync(json)],
  ['X-GZip', gzipSync(json)],
  ['deflate', deflateSync(json)],
  ['deflate', deflateRawSync(json)],
  ['br', brotliCompressSync(json)],
  ['identity', Buffer.from(json)],
  ['br, gzip', gzipSync(brotliCompressSync(json))],
])('a body sent as %s is decoded', async (encoding, body) => {
  expect(await answerTo({ 'content-encoding': encoding }, body)).toEqual(items);
});

test.each<[string, Buffer]>([
  ['application/json', Buffer.from('\uFEFF["café"]')],
  ['application/json; charset=utf-8', Buffer.from('["café"]')],
  ['application/json;charset="UTF8"', Buffer.from('["café"]')],
  ['application/json; charset=no-such', Buffer.from('["café"]')],
  ['application/json; charset=iso-8859-1', Buffer.from('["café"]', 'latin1')],
  ['application/json; charset=iso-8859-1', Buffer.from('\uFEFF["café"]')],
  ['application/json; charset=utf-16le', Buffer.from('["café"]', 'utf16le')],
  ['application/json; charset=utf-16le', Buffer.from('\uFEFF["café"]', 'utf16le')],
])('a body of type %s is read in its charset, without a byte order mark', async (type, body) => {
  expect(await answerTo({ 'content-type': type }, body)).toEqual(['café']);
});

test.each([
  ['application/json', 'UTF-8'],
  ['application/json; charset=no-such', 'UTF-8'],
  ['application/json; charset=utf-8', 'UTF-8'],
  ['application/json; charset=utf-16le', 'UTF-16LE'],
])('bytes that are invalid in the charset of %s are never replaced', async (type, charset) => {
  const body = Buffer.from([0x22, 0x63, 0x61, 0x66, 0xe9, 0x22, 0x20]);
  const error = await rejectionOf(answerTo({ 'content-type': type }, body));
  expect(error).toMatchObject({ failure: 'not-text', kind: 'transient', status: 200 });
  expect(String(error)).toContain(`sends bytes that are no text in ${charset}`);
});

function halfOf(encoding: string, body: Buffer): RequestListener {
  return (_, response) => {
    response
      .writeHead(200, { 'content-encoding': encoding })
      .end(body.subarray(0, body.length / 2));
  };
}

test('a body in many pieces is put together', async () => {
  const { origin } = await serve((_, response) => {
    for (const letter of json) response.write(letter);
    response.end();
  });
  expect((await createTestClient({ origin }).client.get(get)).body).toEqual(items);
});

test('requests follow each other on one connection', async () => {
  let connections = 0;
  const { origin, server } = await serve((_, response) => response.end('[]'));
  server.on('connection', () => {
    connections += 1;
  });
  const { client } = createTestClient({ origin });
  await client.get(get);
  await client.get(get);
  await client.get(get);
  expect(connections).toBe(1);
});

test.each<[string, RequestListener]>([
  [
    'shorter than its content-length',
    (_, response) => {
      begin(response, { 'content-length': 1000 });
      setImmediate(() => response.destroy());
    },
  ],
  [
    'chunked and without its last chunk',
    (_, response) => {
      begin(response, {});
      setImmediate(() => response.destroy());
    },
  ],
  [
    'reset on the way',
    (_, response) => {
      begin(response, {});
      setImmediate(() => response.socket?.resetAndDestroy());
    },
  ],
  ['half of a gzip body', halfOf('gzip', gzipSync(json))],
  ['half of a deflate body', halfOf('deflate', deflateSync(json))],
  ['half of a deflate body without its header', halfOf('deflate', deflateRawSync(json))],
  ['half of a brotli body', halfOf('br', brotliCompressSync(json))],
])('a body that is %s counts as cut and is asked for again', async (_, cut) => {
  let requests = 0;
  const { origin } = await serve((request, response) => {
    requests += 1;
    if (requests === 1) cut(request, response);
    else response.end(json);
  });
  const { client, clock, reports } = createTestClient({ origin });
  expect((await client.get(get)).body).toEqual(items);
  expect(reports.map(({ status, failure }) => [status, failure])).toEqual([
    [200, 'cut'],
    [200, undefined],
  ]);
  expect(clock.sleeps).toEqual([2_000]);
});

test.each([
  ['HTML', {}, '<!doctype html><title>Log in</title>', 'sends HTML instead of JSON'],
  ['an empty body', {}, '', 'sends an empty body instead of JSON'],
  ['an empty body called gzip', { 'content-encoding': 'gzip' }, '', 'sends an empty body'],
  ['words', {}, 'all is well', 'sends plain text instead of JSON'],
  ['half of a JSON text', {}, '{"items": [', 'sends broken JSON instead of JSON'],
  ['a damaged gzip', { 'content-encoding': 'gzip' }, 'no gzip', 'sends a damaged gzip body'],
  ['a damaged brotli', { 'content-encoding': 'br' }, 'no brotli', 'sends a damaged brotli body'],
  ['zstd', { 'content-encoding': 'zstd' }, 'x', 'sends the encoding zstd, which was not asked for'],
])('%s with status 200 is never taken for an answer', async (_, headers, body, words) => {
  const { origin } = await serve((_request, response) =>
    response.writeHead(200, headers).end(body),
  );
  const error = await rejectionOf(createTestClient({ origin }).client.get(once));
  expect(error).toMatchObject({ failure: 'not-json', kind: 'transient', status: 200 });
  expect(error).toMatchObject({ message: expect.stringContaining(words) });
});

test('a small gzip body that would fill the memory is stopped', async () => {
  const body = gzipSync(Buffer.alloc(3 * 2 ** 20, ' '));
  const { origin } = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
  });
  const { client } = createTestClient({ origin, maxBodyBytes: 2 ** 20 });
  expect(await rejectionOf(client.get(once))).toMatchObject({
    failure: 'too-large',
    kind: 'system',
    message: expect.stringContaining('more than 1 MiB'),
  });
});

test('an error page without an end is not read to its end', async () => {
  const { origin } = await serve((_, response) => {
    response.writeHead(500);
    const pour = (): void =>
      void (response.socket?.destroyed === false && response.write('x'.repeat(50_000), pour));
    pour();
  });
  const error = await rejectionOf(createTestClient({ origin }).client.get(once));
  expect(error).toMatchObject({ failure: 'status', status: 500 });
});

test('a server that sends no headers is given up after the time limit', async () => {
  const { origin } = await serve(() => clock.pass(60_000));
  const { client, clock, reports } = createTestClient({ origin });
  const error = await rejectionOf(client.get(once));
  expect(error).toMatchObject({ failure: 'timeout', kind: 'transient', status: undefined });
  expect(String(error)).toContain('does not answer within 60 s');
  expect(reports.map(({ failure }) => failure)).toEqual(['timeout']);
});

test('a body that stalls is given up after the time limit', async () => {
  const { origin } = await serve((_, response) => begin(response, {}));
  const { client, clock } = createTestClient({ origin });
  const failed = rejectionOf(client.get(once));
  await clock.refreshed();
  clock.pass(60_000);
  const error = await failed;
  expect(error).toMatchObject({ failure: 'timeout', status: 200 });
  expect(String(error)).toContain('falls silent for 60 s in the middle of the body');
});

test('a slow body that goes on is never given up', async () => {
  const { origin } = await serve((_, response) => void dribble(response));
  const { client, clock } = createTestClient({ origin });
  const dribble = async (response: ServerResponse): Promise<void> => {
    const head = clock.refreshed();
    response.flushHeaders();
    await head;
    for (const character of '[1,2,3,4]') {
      const piece = character + ' '.repeat(1_023);
      clock.pass(59_999);
      const arrived = clock.refreshed();
      response.write(piece);
      await arrived;
    }
    response.end();
  };
  expect((await client.get(once)).body).toEqual([1, 2, 3, 4]);
});

test.each([
  [
    1_024,
    60_000,
    'sends less than 1024 bytes in 60 s. Try again later, or lower min_bytes_per_minute',
  ],
  [10, 120_000, 'sends less than 20 bytes in 120 s'],
])(
  'a body that comes more slowly than %i bytes in a minute is given up (time limit %i ms)',
  async (minBytesPerMinute, requestTimeoutMs, words) => {
    const { origin } = await serve((_, response) => void dribble(response));
    const { client, clock } = createTestClient({ origin, minBytesPerMinute, requestTimeoutMs });
    const dribble = async (response: ServerResponse): Promise<void> => {
      const head = clock.refreshed();
      response.flushHeaders();
      await head;
      for (let piece = 0; piece < requestTimeoutMs / 10_000; piece += 1) {
        const arrived = clock.refreshed();
        response.write(' ');
        await arrived;
        clock.pass(10_000);
      }
    };
    const error = await rejectionOf(client.get(once));
    expect(error).toMatchObject({ failure: 'timeout', kind: 'transient', status: 200 });
    expect(String(error)).toContain(words);
  },
);

test('a connection that nobody accepts is a network failure', async () => {
  const gone = await startLocalServer(() => {});
  await gone.close();
  const { client } = createTestClient({ origin: gone.origin });
  const error = await rejectionOf(client.get(once));
  expect(error).toMatchObject({ failure: 'network', kind: 'transient', status: undefined });
  expect(String(error)).toContain('refuses the connection (ECONNREFUSED)');
});

test('a connection reset before the answer is a network failure', async () => {
  const { origin } = await serve((request) => request.socket.resetAndDestroy());
  const error = await rejectionOf(createTestClient({ origin }).client.get(once));
  expect(error).toMatchObject({ failure: 'network', kind: 'transient' });
  expect(String(error)).toContain('the connection breaks off (ECONNRESET)');
});

test('a redirect within the host is followed and counts as a request', async () => {
  const { origin } = await serve((request, response) => {
    if (request.url === '/api/moved?a=1') response.end('"moved"');
    else response.writeHead(307, { location: '/api/moved?a=1' }).end('moved');
  });
  const { client, clock, reports } = createTestClient({ origin, requestsPerMinute: 1 });
  expect((await client.get(get)).body).toBe('moved');
  expect(clock.sleeps).toEqual([60_000]);
  expect(reports.map(({ status, failure }) => [status, failure])).toEqual([
    [307, undefined],
    [200, undefined],
  ]);
});

test('a redirect to another host is refused, and the token does not go there', async () => {
  const authorizations: unknown[] = [];
  const foreign = await serve((request, response) => {
    authorizations.push(request.headers.authorization);
    response.end('[]');
  });
  const { origin } = await serve((_, response) => {
    response.writeHead(302, { location: `${foreign.origin}/login?to=${token}` }).end();
  });
  const error = await rejectionOf(createTestClient({ origin }).client.get(get));
  expect(error).toMatchObject({ failure: 'redirect', kind: 'config', status: 302 });
  expect(String(error)).toContain(
    `redirects to ${foreign.origin}. The token was not sent there. Check the subdomain.`,
  );
  expect(authorizations).toEqual([]);
});

test('a path that looks like another host stays a path of this one', async () => {
  const { origin } = await serve((request, response) => response.end(JSON.stringify(request.url)));
  const { client } = createTestClient({ origin });
  const answer = await client.get({ path: '//127.0.0.2/x', query: {} });
  expect(answer.body).toBe('//127.0.0.2/x');
});

test.each<[string, string, RequestListener]>([
  ['404', '/access/login?return_to=x', (_, response) => response.writeHead(404).end()],
  ['401', '/access/unauthenticated', (_, response) => response.writeHead(401).end('{}')],
  ['HTML', '/auth/v2/signin', (_, response) => response.end('<html>Log in</html>')],
  [
    'itself',
    '/access/login',
    (_, response) => response.writeHead(302, { location: '/access/login' }).end(),
  ],
])('a redirect to a login page that answers %s says so', async (_, location, login) => {
  const { origin } = await serve((request, response) => {
    if (request.url === '/api/items') response.writeHead(302, { location }).end();
    else login(request, response);
  });
  const error = await rejectionOf(createTestClient({ origin }).client.get(get));
  expect(error).toMatchObject({ failure: 'redirect', kind: 'config', status: 302 });
  const page = location.replace(/\?.*/, '');
  expect(String(error)).toContain(`/api/items redirects to a login page (${page}). This usually`);
});

test('a redirect out of the API to something that is not there is no missing stream', async () => {
  const { origin } = await serve((request, response) => {
    if (request.url === '/api/items') response.writeHead(301, { location: '/gone' }).end();
    else response.writeHead(404).end();
  });
  const error = await rejectionOf(createTestClient({ origin }).client.get(get));
  expect(error).toMatchObject({ failure: 'redirect', kind: 'config', status: 301 });
  expect(String(error)).toContain('redirects to /gone, which answers 404 Not Found');
});

test('a login page that does not answer just now is asked for again', async () => {
  let requests = 0;
  const { origin } = await serve((request, response) => {
    requests += 1;
    if (requests > 2) response.end('[]');
    else if (request.url === '/login') response.writeHead(503, { 'retry-after': '7' }).end();
    else response.writeHead(302, { location: '/login' }).end();
  });
  const { client, clock, waits } = createTestClient({ origin });
  expect((await client.get(get)).body).toEqual([]);
  expect(clock.sleeps).toEqual([7_000]);
  expect(waits[0]?.why).toBe('redirects to /login, which answers 503 Service Unavailable');
});

test('a redirect in a circle comes to an end', async () => {
  const { origin } = await serve((_, response) => {
    response.writeHead(301, { location: '/again' }).end();
  });
  const { client, reports } = createTestClient({ origin });
  const error = await rejectionOf(client.get(get));
  expect(error).toMatchObject({ failure: 'redirect', kind: 'config' });
  expect(String(error)).toContain('redirects more than 5 times');
  expect(reports).toHaveLength(6);
});

test.each([[{}], [{ location: 'http://' }]])(
  'a redirect with %j leads nowhere',
  async (headers) => {
    const { origin } = await serve((_, response) => response.writeHead(302, headers).end());
    const error = await rejectionOf(createTestClient({ origin }).client.get(get));
    expect(String(error)).toContain('redirects without saying where');
  },
);

test('a request ends when the run is stopped, before the headers and in the body', async () => {
  const { origin } = await serve((request, response) => {
    if (request.url === '/api/body') begin(response, {});
    setImmediate(() => stop.abort(new Error('SIGTERM')));
  });
  for (const path of ['/api/headers', '/api/body']) {
    stop = new AbortController();
    const { client, reports } = createTestClient({ origin, signal: stop.signal });
    await expect(client.get({ path, query: {} })).rejects.toThrow('SIGTERM');
    expect(reports).toEqual([]);
  }
});

let stop = new AbortController();

test('something that does not speak HTTP is a network failure', async () => {
  const server = createServer((socket) => socket.end('220 mail.example ready\r\n'));
  server.listen(0, '127.0.0.1');
  await occurred(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const error = await rejectionOf(createTestClient({ origin }).client.get(once));
  server.close();
  expect(error).toMatchObject({ failure: 'network', kind: 'transient' });
  expect(String(error)).toContain('is not answered in HTTP');
});
