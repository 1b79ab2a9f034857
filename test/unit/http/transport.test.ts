import { gzipSync } from 'node:zlib';
import { once as occurred } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';

import { afterEach, expect, test } from '@jest/globals';

import { createTestClient, rejectionOf } from '../../support/http-client.ts';
import { startLocalServer, type LocalServer } from '../../support/local-server.ts';

const servers: LocalServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()));
});

const get = { path: '/api/items', query: {} };
const once = { ...get, maxAttempts: 1 };
async function serve(listener: RequestListener) {
  const local = await startLocalServer(listener);
  servers.push(local);
  return local;
}

test('consecutive requests use one connection', async () => {
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

test('decompression of a gzip bomb is stopped', async () => {
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

test('an endless error page is not read completely', async () => {
  const { origin } = await serve((_, response) => {
    response.writeHead(500);
    const pour = (): void =>
      void (response.socket?.destroyed === false && response.write('x'.repeat(50_000), pour));
    pour();
  });
  const error = await rejectionOf(createTestClient({ origin }).client.get(once));
  expect(error).toMatchObject({ failure: 'status', status: 500 });
});

test('the minimum rate is measured over the time limit if that is longer than a minute', async () => {
  const { origin } = await serve((_, response) => void dribble(response));
  const requestTimeoutMs = 120_000;
  const { client, clock } = createTestClient({ origin, minBytesPerMinute: 10, requestTimeoutMs });
  const dribble = async (response: ServerResponse): Promise<void> => {
    const head = clock.refreshed();
    response.flushHeaders();
    await head;
    for (let piece = 0; piece < 12; piece += 1) {
      const arrived = clock.refreshed();
      response.write(' ');
      await arrived;
      clock.pass(10_000);
    }
  };
  const error = await rejectionOf(client.get(once));
  expect(error).toMatchObject({ failure: 'timeout', kind: 'transient', status: 200 });
  expect(String(error)).toContain('sends less than 20 bytes in 120 s');
});

test('a path that looks like another host remains a path of this host', async () => {
  const { origin } = await serve((request, response) => response.end(JSON.stringify(request.url)));
  const { client } = createTestClient({ origin });
  const answer = await client.get({ path: '//127.0.0.2/x', query: {} });
  expect(answer.body).toBe('//127.0.0.2/x');
});

test('a request ends when the run is stopped, before the headers and in the body', async () => {
  const { origin } = await serve((request, response) => {
    if (request.url === '/api/body') response.writeHead(200).write('[');
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

test('a response that is not HTTP is a network failure', async () => {
  const server = createServer((socket) => socket.end('220 mail.example ready\r\n'));
  server.listen(0, '127.0.0.1');
  await occurred(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const error = await rejectionOf(createTestClient({ origin }).client.get(once));
  server.close();
  expect(error).toMatchObject({ failure: 'network', kind: 'transient' });
  expect(String(error)).toContain('the response is not HTTP');
});

test('an aborted request ends at once and is counted, and other requests continue', async () => {
  const held: (() => void)[] = [];
  const controller = new AbortController();
  const { origin } = await serve((_, response) => {
    held.push(() => void response.end('[]'));
    if (held.length === 2) controller.abort(new Error('not needed'));
  });
  const { client, reports } = createTestClient({ origin, requestsInFlight: 2 });
  const early = rejectionOf(client.getEarly({ ...get, signal: controller.signal }));
  const own = client.get(get);
  expect(String(await early)).toMatch('not needed');
  for (const answer of held) answer();
  expect((await own).body).toEqual([]);
  expect(reports.map(({ failure }) => failure)).toEqual(['aborted', undefined]);
});
