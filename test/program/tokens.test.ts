/** Expiring access tokens are renewed once, stored before their first use, and logged without a secret. */
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { startLocalServer } from '../support/local-server.ts';
import type { TapResult } from '../support/run-tap.ts';
import { spawnTap } from '../support/spawn-tap.ts';
import { criticalLines, lastErrorLine, withSandbox } from '../support/with-sandbox.ts';
import { withWorld, type World } from '../support/world.ts';

let folder = '';
let tokenFile = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokens-'));
  tokenFile = join(folder, 'tokens.json');
});
afterEach(() => rm(folder, { recursive: true }));

const client = { client_id: 'sandbox-client', client_secret: 'sandbox-secret' };
const noPlace = 'no file can store the next refresh token';

/** A config whose access token can be renewed. */
function renewable({ provider }: Sandbox) {
  const { access_token, refresh_token = '' } = provider.issue(client.client_id, true);
  return { ...client, access_token, refresh_token };
}

function tokenRequests({ requests }: Sandbox): readonly (number | null)[] {
  return requests.filter(({ path }) => path.endsWith('/token')).map(({ status }) => status);
}

async function storedIn(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/** The sandbox's tokens, wherever they must not be. */
function expectNoTokens({ stdout, stderr }: TapResult): void {
  expect(`${stdout}${stderr}`).not.toMatch(/(?:access|refresh|code)-[\w-]{20}/);
  expect(stderr).not.toContain(client.client_secret);
}

function expectGood(result: TapResult): void {
  expect(criticalLines(result)).toEqual([]);
  expect(result.code).toBe(0);
  expectNoTokens(result);
}

function expectFailure(result: TapResult, ...words: readonly string[]): void {
  expectFailureWith(2, result, ...words);
}

function expectFailureWith(code: number, result: TapResult, ...words: readonly string[]): void {
  expect(result.code).toBe(code);
  for (const one of words) expect(result.stderr).toContain(one);
  expectNoTokens(result);
}

function recordsOf({ messages }: TapResult): readonly unknown[] {
  return messages.flatMap((line) => (line.type === 'RECORD' ? [line.record] : []));
}

test('Three runs with fresh copies of one config use single-use refresh tokens from a token file', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), token_file: tokenFile };
    for (const done of [1, 2, 3]) {
      sandbox.provider.expire();
      expectGood(await run({ config }));
      expect(tokenRequests(sandbox)).toEqual(Array.from({ length: done }, () => 200));
    }
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    expectGood(await run({ config }));
    expect(tokenRequests(sandbox)).toHaveLength(3);
  });
});

test.each([
  ['chats', 2],
  ['agents', 1],
])(
  'A token that expires in the middle of %s changes nothing in the output',
  async (stream, nth) => {
    const options: SandboxOptions = {
      chats: 40,
      agents: 9,
      switches: { maxPage: 15, agentsMaxPage: 4 },
    };
    const plain = await withWorld(options, ({ run }) => run());
    let met = 0;
    let expire = (): void => undefined;
    const onRequest: SandboxOptions['onRequest'] = ({ path }) => {
      if (path.endsWith(`/${stream}`)) met += 1;
      if (met === nth) expire();
    };
    await withWorld({ ...options, onRequest }, async ({ sandbox, run }) => {
      expire = () => {
        met += 1;
        sandbox.provider.expire();
      };
      const result = await run({ config: { ...renewable(sandbox), token_file: tokenFile } });
      expectGood(result);
      expect(tokenRequests(sandbox)).toEqual([200]);
      expect(recordsOf(result)).toEqual(recordsOf(plain));
      expect(result.states).toEqual(plain.states);
    });
  },
);

test('An access token is renewed a minute before it expires, and a short-lived one in its last tenth', async () => {
  await withWorld({ tokenLife: 600 }, async ({ sandbox, clock, run }) => {
    const config = { ...sandbox.config, token_file: tokenFile };
    sandbox.provider.expire();
    expectGood(await run({ config }));
    clock.pass(539_000);
    expectGood(await run({ config }));
    expect(tokenRequests(sandbox)).toHaveLength(1);
    clock.pass(2_000);
    expectGood(await run({ config }));
    expect(tokenRequests(sandbox)).toEqual([200, 200]);
    expect(sandbox.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });
  await rm(tokenFile);
  await withWorld({ tokenLife: 20 }, async ({ sandbox, clock, run }) => {
    const config = { ...sandbox.config, token_file: tokenFile };
    sandbox.provider.expire();
    expectGood(await run({ config }));
    clock.pass(17_000);
    expectGood(await run({ config }));
    expect(tokenRequests(sandbox)).toHaveLength(1);
    clock.pass(1_500);
    expectGood(await run({ config }));
    expect(tokenRequests(sandbox)).toHaveLength(2);
  });
});

test.each(['absent', 'zero', 'text', 'huge'] as const)(
  'If expires_in is %s, only a 401 causes a renewal',
  async (expiresIn) => {
    await withWorld({ switches: { expiresIn } }, async ({ sandbox, clock, run }) => {
      const config = { ...renewable(sandbox), token_file: tokenFile };
      sandbox.provider.expire();
      expectGood(await run({ config }));
      clock.pass(9 * 3_600_000);
      expectGood(await run({ config }));
      expect(tokenRequests(sandbox)).toEqual([200]);
      sandbox.provider.expire();
      expectGood(await run({ config }));
      expect(tokenRequests(sandbox)).toEqual([200, 200]);
    });
  },
);

test.each(['present', 'absent'] as const)(
  'An endpoint that always returns 401 uses one refresh token per run (expires_in %s)',
  async (expiresIn) => {
    const switches = { expiresIn, tokenRefused: ['goals', 'bans', 'chats'] as const };
    await withWorld({ switches }, async ({ sandbox, run }) => {
      const result = await run({ config: { ...renewable(sandbox), token_file: tokenFile } });
      expectFailure(result, 'goals: ', 'bans: ', 'The access token is refused');
      expect(tokenRequests(sandbox)).toEqual([200]);
      expect(result.records('agents')).not.toEqual([]);
    });
  },
);

test('A refresh token is enough, and so are client id and secret', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const { access_token: _token, ...config } = renewable(sandbox);
    const input = { config: { ...config, access_token: null, token_file: tokenFile } };
    expectGood(await run(input));
    const alone = { ...client, access_token: null };
    const result = await run({ config: alone });
    expectGood(result);
    expect(result.warnings).toEqual([]);
    sandbox.provider.expire();
    expectGood(await run({ config: alone }));
    expect(tokenRequests(sandbox)).toEqual([200, 200, 200]);
  });
});

test('A token request goes through the proxy of the environment', async () => {
  const asked: string[] = [];
  const proxy = await startLocalServer((_request, response) => void response.end());
  proxy.server.on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  try {
    const result = await spawnTap({
      sandboxUrl: 'https://api.example.test',
      config: { subdomain: 'acme', ...client },
      env: { HTTPS_PROXY: proxy.origin },
    });
    expectFailure(result, '/oauth2/chat/token cannot be reached', 'is refused with 403');
    expect(asked).toEqual(['api.example.test:443']);
  } finally {
    await proxy.close();
  }
});

test('A refresh token that remains valid is used again', async () => {
  await withWorld({ switches: { refreshTokens: 'kept' } }, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), token_file: tokenFile };
    for (const _run of [1, 2]) {
      sandbox.provider.expire();
      expectGood(await run({ config }));
    }
    expect(await storedIn(tokenFile)).toMatchObject({ refresh_token: config.refresh_token });
  });
});

test('A run that cannot store the next refresh token logs a warning, and the next run says what to do', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = renewable(sandbox);
    expect((await run({ config })).warnings).toEqual([]);
    sandbox.provider.expire();
    const renewed = await run({ config });
    expectGood(renewed);
    expect(renewed.warnings).toEqual([expect.stringContaining(noPlace)]);
    sandbox.provider.expire();
    const last = await run({ config });
    expectFailure(
      last,
      'the refresh token is refused',
      'tap-zendesk-chat login --subdomain sandbox',
    );
    expect(criticalLines(last)).toHaveLength(1);
  });
});

test('A run that is stopped during a token request still stores the new tokens', async () => {
  const stop = new AbortController();
  const onRequest: SandboxOptions['onRequest'] = ({ path }) => {
    if (path.endsWith('/token')) stop.abort(new Error('stopped by SIGTERM'));
  };
  await withWorld({ onRequest }, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), token_file: tokenFile };
    sandbox.provider.expire();
    const stopped = await run({ config, signal: stop.signal });
    expectNoTokens(stopped);
    expect(lastErrorLine(stopped)).toMatch(/^CRITICAL stopped by a signal/);
    expectGood(await run({ config }));
    expect(tokenRequests(sandbox)).toEqual([200]);
  });
});

/** A config file as `login --out` writes it. */
async function loginConfig(sandbox: Sandbox): Promise<string> {
  const file = join(folder, 'config.json');
  const config = { ...sandbox.config, ...renewable(sandbox), login: {} };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** The file comes after the sandbox's own config, and wins. */
function runWith(run: World['run'], file: string): Promise<TapResult> {
  return run({ args: ['--config', file] });
}

test('A config that login has written stores renewed tokens and keeps its other keys', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const file = await loginConfig(sandbox);
    const before = await storedIn(file);
    await chmod(file, 0o644);
    for (const _run of [1, 2, 3]) {
      sandbox.provider.expire();
      const result = await runWith(run, file);
      expectGood(result);
      expect(result.warnings).toEqual([]);
    }
    const after = await storedIn(file);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(after).toMatchObject({ subdomain: 'sandbox', start_date: before['start_date'] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});

test('No other config is written: none without the marker, and no link', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const file = await loginConfig(sandbox);
    const link = join(folder, 'link.json');
    await symlink(file, link);
    const { login: _mark, ...unmarked } = await storedIn(file);
    const plain = join(folder, 'plain.json');
    await writeFile(plain, JSON.stringify(unmarked));
    const text = await readFile(plain, 'utf8');
    sandbox.provider.expire();
    const result = await runWith(run, plain);
    expectGood(result);
    expect(result.warnings).toEqual([expect.stringContaining(noPlace)]);
    expect(await readFile(plain, 'utf8')).toBe(text);
    const before = await readFile(file, 'utf8');
    await runWith(run, link);
    expect(await readFile(file, 'utf8')).toBe(before);
  });
});

test('New tokens in the config take precedence over the token file, and the tokens in the file are still tried', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const old = { ...renewable(sandbox), token_file: tokenFile };
    sandbox.provider.expire();
    expectGood(await run({ config: old }));
    const fresh = { ...renewable(sandbox), token_file: tokenFile };
    expectGood(await run({ config: fresh }));
    expect(tokenRequests(sandbox)).toEqual([200]);
    sandbox.provider.expire();
    expectGood(await run({ config: fresh }));
    // The older config comes back: its own refresh token is spent, that of the file is not.
    sandbox.provider.expire();
    expectGood(await run({ config: old }));
    expect(tokenRequests(sandbox)).toEqual([200, 200, 400, 200]);
  });
});

test.each([
  ['a broken connection in the answer', { kind: 'resetInBody' }],
  ['an answer that stalls', { kind: 'stall', where: 'body' }],
] satisfies readonly (readonly [string, Fault])[])(
  'If a response with new tokens is lost, the next run explains it: %s',
  async (_name, fault) => {
    await withWorld({}, async ({ sandbox, run }) => {
      const config = { ...renewable(sandbox), token_file: tokenFile, max_retry_seconds: 0 };
      sandbox.provider.expire();
      sandbox.faults.add({ path: 'oauth2/chat/token', times: 1, fault });
      expectFailureWith(1, await run({ config }), 'the access token cannot be renewed');
      for (const _run of [1, 2]) {
        const next = await run({ config });
        expectFailure(next, 'a run that began to renew the access token at 2026-01-05T12:');
        expectFailure(
          next,
          `tap-zendesk-chat login --subdomain sandbox`,
          `--token-file ${tokenFile}`,
        );
        expect(criticalLines(next)).toHaveLength(1);
      }
    });
  },
);

test.each([
  ['429', { kind: 'status', status: 429, retryAfter: 7 }],
  ['503', { kind: 'status', status: 503 }],
  ['HTML', { kind: 'html' }],
  [
    'a temporary error with 200',
    { kind: 'wrongShape', body: '{"error": "temporarily_unavailable"}' },
  ],
  ['HTML with 502', { kind: 'status', status: 502, body: 'html' }],
  ['silence', { kind: 'stall', where: 'headers' }],
  ['slowness', { kind: 'slow', everyMs: 1 }],
] satisfies readonly (readonly [string, Fault])[])(
  'A token request is retried after %s',
  async (_name, fault) => {
    await withWorld({}, async ({ sandbox, run }) => {
      const config = { ...renewable(sandbox), token_file: tokenFile };
      sandbox.provider.expire();
      sandbox.faults.add({ path: 'oauth2/chat/token', times: 2, fault });
      expectGood(await run({ config }));
      expect(tokenRequests(sandbox).at(-1)).toBe(200);
    });
  },
);

test('A token endpoint that stays away ends the run, and the pair is as good as before', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), token_file: tokenFile };
    sandbox.provider.expire();
    sandbox.faults.add({ path: 'oauth2/chat/token', fault: { kind: 'status', status: 503 } });
    const result = await run({ config });
    expectFailureWith(
      1,
      result,
      'the access token cannot be renewed: /oauth2/chat/token answers 503',
    );
    expect(criticalLines(result)).toHaveLength(1);
    sandbox.faults.clear();
    expectGood(await run({ config }));
  });
});

test.each([302, 307, 308])('Nothing is sent to another host (%s)', async (status) => {
  const met: string[] = [];
  const elsewhere = await startLocalServer(({ method = '', url = '' }, response) => {
    met.push(`${method} ${url}`);
    response.end('{}');
  });
  try {
    await withWorld({}, async ({ sandbox, run }) => {
      const config = { ...renewable(sandbox), token_file: tokenFile };
      sandbox.provider.expire();
      const location = `${elsewhere.origin}/oauth2/chat/token`;
      sandbox.faults.add({
        path: 'oauth2/chat/token',
        times: 1,
        fault: { kind: 'redirect', location, status },
      });
      expectFailure(await run({ config }), `redirects to ${elsewhere.origin}`);
      const here = `${sandbox.url}/oauth2/chat/token?again`;
      sandbox.faults.add({
        path: 'oauth2/chat/token',
        times: 1,
        fault: { kind: 'redirect', location: here, status },
      });
      expectFailure(await run({ config }), 'Nothing was sent there');
      expectGood(await run({ config }));
    });
    expect(met).toEqual([]);
  } finally {
    await elsewhere.close();
  }
});

test.each([
  ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
  ['a revoked client', { client_id: 'revoked-client' }, 'check client_id and client_secret'],
  ['a wrong secret', { client_secret: 'guess-guess' }, 'check client_id and client_secret'],
  [
    'a public client without a refresh token',
    {
      client_id: 'sandbox-public',
      client_secret: 'guess-guess',
      refresh_token: null,
      access_token: null,
    },
    'the client must be of the type confidential',
  ],
])('The run reports the problem with %s', async (_who, change, words) => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), ...change };
    sandbox.provider.expire();
    const result = await run({ config });
    expectFailure(result, words);
    expect(criticalLines(result)).toHaveLength(1);
    expect(tokenRequests(sandbox)).toEqual([401]);
  });
});

test.each([
  ['invalid_grant', 'the refresh token is refused'],
  ['invalid_client', 'check client_id and client_secret'],
  ['bad_refresh_token', 'the token endpoint refuses the request (answers 200 with an error)'],
])('A rejection with status 200 is not retried: %s', async (error, words) => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), token_file: tokenFile };
    sandbox.provider.expire();
    const fault = { kind: 'wrongShape', body: JSON.stringify({ error }) } as const;
    sandbox.faults.add({ path: 'oauth2/chat/token', fault });
    expectFailure(await run({ config }), words);
    expect(tokenRequests(sandbox)).toEqual([200]);
    sandbox.faults.clear();
    expectGood(await run({ config }));
  });
});

test.each([
  ['answers without a token', '{"token_type":"bearer"}'],
  [
    'answers with a token that no header can carry',
    '{"access_token":"a\\nb","token_type":"bearer"}',
  ],
  ['answers with tokens of another kind', '{"access_token":"abcdef","token_type":"mac"}'],
  ['answers with a list', '[]'],
])('A token endpoint that %s', async (_how, body) => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), token_file: tokenFile };
    sandbox.provider.expire();
    sandbox.faults.add({
      path: 'oauth2/chat/token',
      times: 1,
      fault: { kind: 'wrongShape', body },
    });
    expectFailureWith(1, await run({ config }), 'the token endpoint sends no valid tokens');
    expectGood(await run({ config }));
  });
});

test('A response without token_type and with null for optional keys is accepted', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const { access_token, refresh_token } = sandbox.provider.issue(client.client_id, true);
    const config = { ...renewable(sandbox), token_file: tokenFile, access_token: 'expired' };
    const body = JSON.stringify({
      access_token,
      refresh_token: null,
      expires_in: null,
      scope: null,
    });
    sandbox.faults.add({
      path: 'oauth2/chat/token',
      times: 1,
      fault: { kind: 'wrongShape', body },
    });
    expectGood(await run({ config }));
    expect(await storedIn(tokenFile)).toMatchObject({
      access_token,
      refresh_token: config.refresh_token,
    });
    expect(refresh_token).toBeDefined();
  });
});

test.each([
  ['holds something else', '{"a": 1}', 'does not contain tokens'],
  ['is of another account', '{"subdomain": "other", "login": {}}', 'another account'],
  ['is not JSON', '{"subdomain": "sand', 'is not JSON'],
])('A token file that %s is neither used nor replaced', async (_what, content, words) => {
  await withSandbox({}, async (sandbox) => {
    await writeFile(tokenFile, content);
    await withWorld({}, async ({ run }) => {
      const result = await run({ config: { ...renewable(sandbox), token_file: tokenFile } });
      expectFailure(result, `token_file: ${tokenFile} `, words);
      expect(await readFile(tokenFile, 'utf8')).toBe(content);
    });
  });
});

test('A token file in a missing folder uses no refresh token', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = { ...renewable(sandbox), token_file: join(folder, 'missing', 'tokens.json') };
    sandbox.provider.expire();
    expectFailure(await run({ config }), 'its folder must exist');
    expect(tokenRequests(sandbox)).toEqual([]);
  });
});

test('A token file alone is enough, and the error for a missing one says how to create it', async () => {
  await withWorld({}, async ({ sandbox, run }) => {
    const config = { access_token: null, token_file: tokenFile };
    expectFailure(await run({ config }), 'there is no access token', `--token-file ${tokenFile}`);
    const content = { subdomain: 'sandbox', ...renewable(sandbox), login: {} };
    await writeFile(tokenFile, JSON.stringify(content));
    for (const _run of [1, 2]) {
      sandbox.provider.expire();
      expectGood(await run({ config }));
    }
    expect(await storedIn(tokenFile)).toMatchObject(client);
  });
});

test.each(['--check', '--test'])(
  '%s uses no refresh token whose successor would be lost',
  async (flag) => {
    await withWorld({}, async ({ sandbox, run }) => {
      const config = renewable(sandbox);
      sandbox.provider.expire();
      expectFailure(
        await run({ config, args: [flag] }),
        'This command does not renew it',
        'Set token_file',
      );
      expect(tokenRequests(sandbox)).toEqual([]);
      const kept = { ...config, token_file: tokenFile };
      expectGood(await run({ config: kept, args: [flag] }));
      expectGood(await run({ config: kept }));
      expect(tokenRequests(sandbox)).toEqual([200]);
    });
  },
);
