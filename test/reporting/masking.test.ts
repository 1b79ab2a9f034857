/**
 * Secrets of any length are masked in text from outside, and the program's own words do not change, even if the
 * secret is one of them.
 */
import { expect, test } from '@jest/globals';

import { createFakeClock } from '../support/fake-clock.ts';
import { withLookup } from '../support/fake-lookup.ts';
import { startLocalServer, withClosedPort } from '../support/local-server.ts';
import { runVerb } from '../support/run-source.ts';
import { runTap, type InProcessInput, type TapResult } from '../support/run-tap.ts';
import { withWorld } from '../support/world.ts';

const startMs = Date.UTC(2026, 0, 5, 12);
const jsonHeaders = { 'content-type': 'application/json', date: new Date(startMs).toUTCString() };
const unlikely = 'Zq7-4711-unlikely';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Runs the tap against a server that always sends the same response. */
async function runAgainst(
  { status = 200, headers = {}, body = '' }: Answer,
  { config, ...input }: InProcessInput & { readonly config: object },
): Promise<TapResult> {
  const server = await startLocalServer((_request, response) =>
    response.writeHead(status, { ...jsonHeaders, ...headers }).end(body),
  );
  try {
    return await runTap({
      sandboxUrl: server.origin,
      clock: createFakeClock(startMs),
      ...input,
      config: { subdomain: 'acme', max_retry_seconds: 0, ...config },
    });
  } finally {
    await server.close();
  }
}

/** The log without the differences between two runs: ports and process ids. */
function comparable({ stderr }: TapResult): string {
  return stderr.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST');
}

test.each(['token', 'a', 'e', 'access_token', 'chats', 'refused', '1'])(
  'With the token %j the log of a rejected run is the same as with another token',
  async (token) => {
    for (const log_format of ['text', 'json']) {
      const logOf = async (access_token: string): Promise<string> =>
        comparable(await runAgainst({ status: 401 }, { config: { access_token, log_format } }));
      const log = await logOf(token);
      expect(log).toContain('is refused');
      expect(log).not.toContain('***');
      expect(log).toBe(await logOf(unlikely));
    }
  },
);

test('With a token of one letter the log of a full run is the same as with another token', async () => {
  const logOf = async (access_token: string): Promise<string> =>
    withWorld({ token: access_token }, async ({ run }) => {
      const result = await run({ env: { LOGLEVEL: 'info', LOG_LEVEL: 'info' } });
      expect(result.code).toBe(0);
      return comparable(result);
    });
  expect(await logOf('e')).toBe(await logOf(unlikely));
});

const short = 'xyz';
const config = { access_token: short };

type Given = Omit<InProcessInput, 'config'> & { readonly config?: object };
const routes: readonly (readonly [string, Answer, Given])[] = [
  ['an error of the API', { status: 422, body: '{"error":"no xyz is known"}' }, {}],
  ['an error with 200', { body: '{"error":"no xyz is known"}' }, {}],
  ['a redirect to a host', { status: 302, headers: { location: 'https://xyz.example/a' } }, {}],
  ['a redirect to a path', { status: 302, headers: { location: '/xyz/login?xyz=xyz' } }, {}],
  ['a content encoding', { headers: { 'content-encoding': 'xyz' }, body: 'x' }, {}],
  ['the keys of an answer', { body: '{"xyz":1}' }, {}],
  ['a key of the config', { status: 401 }, { config: { ...config, xyz: 1 } }],
  ['a value of the config', {}, { config: { ...config, start_date: 'xyz' } }],
  ['a stream in the config', {}, { config: { ...config, extra_streams: ['xyz'] } }],
  ['a pattern', {}, { args: ['--select', 'xyz'] }],
  ['a stream of the catalog', {}, { catalog: catalogOf('xyz') }],
  [
    'a bookmark',
    {},
    { state: { bookmarks: { chats: { xyz: 1, chats_update_timestamp: 'xyz' } } } },
  ],
];

function catalogOf(name: string): object {
  const metadata = [{ breadcrumb: [], metadata: { selected: true } }];
  return { streams: [{ tap_stream_id: name, stream: name, schema: {}, metadata }] };
}

test.each(routes)('A short token is masked in %s', async (_name, answer, input) => {
  for (const log_format of ['text', 'json']) {
    const given = { config, env: { LOGLEVEL: 'debug' }, ...input };
    const logged = { ...given, config: { ...given.config, log_format } };
    const result = await runAgainst(answer, logged);
    expect(result.stderr).toContain('***');
    expect(result.stderr).not.toContain(short);
  }
});

test('A short token is masked in the names of hosts that cannot be reached', async () => {
  const clock = createFakeClock(startMs);
  const env = { LOGLEVEL: 'debug' };
  await withLookup(['ENOTFOUND'], async () => {
    const result = await runTap({ config: { subdomain: short, ...config }, clock, env });
    expect(result.stderr).toContain('***.zendesk.com has no address (ENOTFOUND)');
    expect(result.stderr).not.toContain(short);
  });
  await withClosedPort(async (sandboxUrl) => {
    const settings = { subdomain: 'acme', access_token: '127', max_retry_seconds: 0 };
    const result = await runTap({ config: settings, sandboxUrl, clock, env });
    expect(result.stderr).toContain('***.0.0.1:');
    expect(result.stderr).not.toContain('127.0.0.1');
  });
});

test('A short token is masked in paths of records and URLs of requests', async () => {
  await withWorld({ token: short }, async ({ sandbox, run }) => {
    sandbox.account.patchChat(sandbox.account.idAt('chats', 0), { xyz_field: 1 });
    const result = await run({ args: ['--select', 'chats'] });
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^WARNING .*chats: unknown field \/\*\*\*_field \(number\)/m);
    expect(result.stderr).not.toContain(short);
  });
  await withWorld({ token: '1000' }, async ({ run }) => {
    const { stderr } = await run({ args: ['--select', 'chats'] });
    expect(stderr).toContain('limit=***&');
    expect(stderr).not.toContain('limit=1000');
  });
});

test('A short token is masked in the messages of the source', async () => {
  const body = JSON.stringify({ error: 'no xyz is known' });
  const server = await startLocalServer((_request, response) =>
    response.writeHead(422, { 'content-type': 'application/json' }).end(body),
  );
  try {
    const credentials = { credentials: 'access_token', ...config };
    const settings = { subdomain: 'acme', start_date: '2026-01-01T00:00:00Z', credentials };
    const env = { ZENDESK_CHAT_API_URL: server.origin };
    const clock = createFakeClock(startMs);
    const { stdout } = await runVerb('check', { config: settings, env, clock });
    expect(stdout.toString('utf8')).toContain('no *** is known');
    expect(stdout.toString('utf8')).not.toContain(short);
  } finally {
    await server.close();
  }
});
