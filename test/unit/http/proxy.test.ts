import { once } from 'node:events';
import type { Socket } from 'node:net';

import { afterEach, beforeEach, test } from '@jest/globals';

import { proxyFor } from '../../../src/http/proxy.ts';
import { expect } from '../../support/readable.ts';
import { createTestClient, rejectionOf } from '../../support/http-client.ts';
import { startLocalServer, type LocalServer } from '../../support/local-server.ts';

const origin = 'https://acme.example';
const get = { path: '/api/items', query: {}, maxAttempts: 1 };
const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];
const variables = [...names, ...names.map((name) => name.toLowerCase())];
const before = { ...process.env };
const proxies: LocalServer[] = [];

function setEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  for (const name of variables) {
    const value = values[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

beforeEach(() => setEnvironment({}));

afterEach(async () => {
  setEnvironment(before);
  await Promise.all(proxies.splice(0).map(async (proxy) => proxy.close()));
});

/** A proxy whose `onConnect` responds to each CONNECT, and the request lines that it has received. */
async function startProxy(onConnect: (socket: Socket) => void) {
  const proxy = await startLocalServer((_, response) => response.writeHead(500).end());
  proxies.push(proxy);
  const asked: [string, string | undefined][] = [];
  proxy.server.on('connect', (request, socket: Socket) => {
    // A server's sockets stay half open when the client closes; this one goes along.
    socket.on('error', () => {});
    socket.on('end', () => socket.end()).resume();
    asked.push([`${request.method} ${request.url}`, request.headers['proxy-authorization']]);
    onConnect(socket);
  });
  return { asked, host: proxy.origin.replace('http://', '') };
}

const plain = { HTTPS_PROXY: 'http://proxy.example' };
const zendesk = 'https://acme.zendesk.com';

test.each<[string, Record<string, string>, string | undefined]>([
  [origin, {}, undefined],
  [origin, { HTTPS_PROXY: 'http://proxy.example:3128' }, 'http://proxy.example:3128/'],
  [origin, { https_proxy: 'https://proxy.example' }, 'https://proxy.example/'],
  [origin, { ALL_PROXY: 'http://proxy.example:3128' }, 'http://proxy.example:3128/'],
  [origin, { HTTPS_PROXY: 'proxy.example:3128' }, 'http://proxy.example:3128/'],
  [origin, { HTTP_PROXY: 'http://proxy.example:3128' }, undefined],
  [origin, { ...plain, NO_PROXY: 'acme.example' }, undefined],
  [origin, { ...plain, no_proxy: 'localhost,.example' }, undefined],
  [origin, { ...plain, NO_PROXY: '*' }, undefined],
  [origin, { ...plain, NO_PROXY: 'other.example' }, 'http://proxy.example/'],
  [zendesk, { ...plain, NO_PROXY: 'zendesk.com' }, undefined],
  [zendesk, { ...plain, NO_PROXY: '.zendesk.com' }, undefined],
  [zendesk, { ...plain, NO_PROXY: '*.zendesk.com' }, undefined],
  [zendesk, { ...plain, NO_PROXY: 'Zendesk.COM' }, undefined],
  [zendesk, { ...plain, NO_PROXY: 'localhost, zendesk.com:443' }, undefined],
  [zendesk, { ...plain, NO_PROXY: 'zendesk.com:8443' }, 'http://proxy.example/'],
  [zendesk, { ...plain, NO_PROXY: 'desk.com' }, 'http://proxy.example/'],
  [zendesk, { ...plain, NO_PROXY: 'other.zendesk.com' }, 'http://proxy.example/'],
  // An IP address has no parts that could be listed.
  ['https://10.0.0.1', { ...plain, NO_PROXY: '0.1,0.0.1,1' }, 'http://proxy.example/'],
  ['https://[::1]', { ...plain, NO_PROXY: '0.1,0.0.1,1' }, 'http://proxy.example/'],
  ['http://127.0.0.1:8080', { ...plain, HTTP_PROXY: 'http://proxy.example' }, undefined],
])('to %s with %j in the environment the proxy is %s', (address, values, expected) => {
  setEnvironment(values);
  expect(proxyFor(address)?.href).toBe(expected);
});

test.each([['http://user:pass word@:0:0'], ['socks5://user:pass@proxy.example']])(
  'an invalid proxy is an error about the environment that does not contain the password',
  async (address) => {
    setEnvironment({ HTTPS_PROXY: address });
    const error = await rejectionOf(createTestClient({ origin }).client.get(get));
    expect(error).toMatchObject({
      kind: 'config',
      message: expect.stringContaining('HTTPS_PROXY'),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('pass');
  },
);

test('a request goes through the proxy with user name and password, and an error contains neither', async () => {
  const proxy = await startProxy((socket) => socket.end('HTTP/1.1 502 Bad gateway\r\n\r\n'));
  setEnvironment({ HTTPS_PROXY: `http://us%20er:pass@${proxy.host}` });
  const error = await rejectionOf(createTestClient({ origin }).client.get(get));
  const credentials = Buffer.from('us er:pass').toString('base64');
  expect(proxy.asked).toEqual([['CONNECT acme.example:443', `Basic ${credentials}`]]);
  expect(error).toMatchObject({ failure: 'network', kind: 'transient', status: undefined });
  expect(String(error)).toContain(
    `the connection to acme.example through the proxy ${proxy.host} is refused with 502`,
  );
  expect(String(error)).not.toContain('pass');
});

test.each([
  [403, 'Check HTTPS_PROXY and NO_PROXY'],
  [407, 'The proxy requires a user name and a password'],
])(
  'a proxy that returns %i is an error that the user must correct, without a retry',
  async (status, advice) => {
    const proxy = await startProxy((socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
    setEnvironment({ HTTPS_PROXY: `http://${proxy.host}` });
    const { path, query } = get;
    const error = await rejectionOf(createTestClient({ origin }).client.get({ path, query }));
    expect(error).toMatchObject({ failure: 'network', kind: 'config', status: undefined });
    expect(error).toMatchObject({ message: expect.stringContaining(advice) });
    expect(proxy.asked).toHaveLength(1);
  },
);

test('a proxy that closes the connection is a network failure', async () => {
  const proxy = await startProxy((socket) => socket.destroy());
  setEnvironment({ HTTPS_PROXY: `http://${proxy.host}` });
  const error = await rejectionOf(createTestClient({ origin }).client.get(get));
  expect(error).toMatchObject({ failure: 'network', kind: 'transient' });
  expect(String(error)).toContain('cannot be reached');
});

test('the connection to a silent proxy is closed after the time limit and opened again', async () => {
  const closed: Promise<unknown>[] = [];
  const proxy = await startProxy((socket) => {
    closed.push(once(socket, 'close'));
    clock.pass(60_000);
  });
  setEnvironment({ HTTPS_PROXY: `http://${proxy.host}` });
  const { client, clock } = createTestClient({ origin });
  const { path, query } = get;
  const error = await rejectionOf(client.get({ path, query, maxAttempts: 2 }));
  expect(error).toMatchObject({ failure: 'timeout' });
  expect(await Promise.all(closed)).toHaveLength(2);
});

test('the connection to a silent proxy is closed when the run is stopped', async () => {
  const stop = new AbortController();
  const closed: Promise<unknown>[] = [];
  const proxy = await startProxy((socket) => {
    closed.push(once(socket, 'close'));
    stop.abort(new Error('SIGTERM'));
  });
  setEnvironment({ HTTPS_PROXY: `http://${proxy.host}` });
  const { client } = createTestClient({ origin, signal: stop.signal });
  await expect(client.get(get)).rejects.toThrow('SIGTERM');
  expect(await Promise.all(closed)).toHaveLength(1);
});
