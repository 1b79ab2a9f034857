/** `tap-zendesk-chat login`, with the browser played by hand; test/browser has a real one. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { createFakeClock } from '../support/fake-clock.ts';
import { bring, decide, form, send } from '../support/play-browser.js';
import { runTap } from '../support/run-tap.ts';
import { signIn, type SignInResult } from '../support/sign-in.ts';
import { spawnTap } from '../support/spawn-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';

let folder = '';
let out = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'login-'));
  out = join(folder, 'config.json');
});
afterEach(() => rm(folder, { recursive: true }));

async function stored(path: string): Promise<Record<string, unknown>> {
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  return JSON.parse(await readFile(path, 'utf8'));
}

function expectNoSecrets({ stderr, stdout }: SignInResult): void {
  expect(`${stderr}${stdout}`).not.toMatch(/(?:access|refresh|code)-[\w-]{20}|sandbox-secret/);
}

const secret = 'sandbox-secret';

test('The code flow writes a valid config that stores its renewed tokens', async () => {
  await withSandbox({}, async (sandbox) => {
    const args = ['--client-id', 'sandbox-client', '--out', out];
    let page = '';
    const browse = async (address: URL): Promise<void> => {
      expect(address.searchParams.get('response_type')).toBe('code');
      expect(address.searchParams.get('code_challenge_method')).toBe('S256');
      page = (await bring(await decide(address, 'allow'))).body;
    };
    const result = await signIn(sandbox, { args, secret, browse });
    expect(result.ended).toBe(0);
    expect(page).toContain('You are signed in');
    expect(result.stderr).toContain(`Next: tap-zendesk-chat --config ${out} --check`);
    expectNoSecrets(result);
    const before = await stored(out);
    for (const _run of [1, 2]) {
      sandbox.provider.expire();
      const run = await runTap({ sandboxUrl: sandbox.url, args: ['--config', out] });
      expect(run.code).toBe(0);
      expect(run.warnings).toEqual([]);
    }
    expect((await stored(out))['refresh_token']).not.toBe(before['refresh_token']);
  });
});

test('The implicit flow needs no secret; an existing config keeps its other keys', async () => {
  await withSandbox({}, async (sandbox) => {
    const tokens = { refresh_token: 'old-token', credentials: { refresh_token: 'old-token' } };
    const old = { subdomain: 'sandbox', start_date: '2020-01-01', ...tokens };
    await writeFile(out, JSON.stringify(old));
    const args = ['--client-id', 'sandbox-public', '--out', out];
    let page = '';
    const browse = async (address: URL): Promise<void> => {
      expect(address.searchParams.get('response_type')).toBe('token');
      const back = await decide(address, 'allow');
      expect((await send(`${back.origin}/`)).body).toContain('history.replaceState');
      page = (await bring(back)).body;
    };
    const result = await signIn(sandbox, { args, browse });
    expect(result.ended).toBe(0);
    expect(JSON.parse(page)).toMatchObject({ isGood: true, title: 'You are signed in' });
    expectNoSecrets(result);
    const config = await stored(out);
    expect(config).toMatchObject({ start_date: '2020-01-01', subdomain: 'sandbox' });
    expect(JSON.stringify(config)).not.toContain('old-token');
    expect((await runTap({ sandboxUrl: sandbox.url, args: ['--config', out] })).code).toBe(0);
  });
});

test.each([
  ['3600', true],
  ['0', false],
  ['soon', false],
  ['1e300', false],
])('The implicit flow may contain the lifetime of the token: %s', async (seconds, isKnown) => {
  await withSandbox({}, async (sandbox) => {
    const browse = async (address: URL): Promise<void> => {
      const back = await decide(address, 'allow');
      back.hash += `&expires_in=${seconds}`;
      await bring(back);
    };
    const args = ['--client-id', 'sandbox-public', '--out', out];
    expect((await signIn(sandbox, { args, browse })).ended).toBe(0);
    const { login } = await stored(out);
    expect(Object.keys(Object(login))).toEqual(['obtained_at', ...(isKnown ? ['expires_at'] : [])]);
  });
});

test('With a token file, only the subdomain is required', async () => {
  await withSandbox({}, async (sandbox) => {
    const token_file = join(folder, 'tokens.json');
    const args = ['--client-id', 'sandbox-client', '--token-file', token_file];
    const browse = async (address: URL): Promise<void> => {
      await bring(await decide(address, 'allow'));
    };
    expect((await signIn(sandbox, { args, secret, browse })).ended).toBe(0);
    await stored(token_file);
    for (const _run of [1, 2]) {
      sandbox.provider.expire();
      const config = { subdomain: 'sandbox', token_file };
      expect((await runTap({ sandboxUrl: sandbox.url, config })).code).toBe(0);
    }
  });
});

test('--print writes the tokens only to standard output', async () => {
  await withSandbox({}, async (sandbox) => {
    const args = ['--client-id', 'sandbox-client', '--print'];
    const browse = async (address: URL): Promise<void> => {
      await bring(await decide(address, 'allow'));
    };
    const { ended, stdout, stderr } = await signIn(sandbox, { args, secret, browse });
    expect(ended).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      access_token: expect.stringMatching(/^access-/),
      refresh_token: expect.stringMatching(/^refresh-/),
    });
    expect(stderr).not.toMatch(/(?:access|refresh|code)-[\w-]{20}/);
  });
});

test.each([
  ['sandbox-client', secret],
  ['sandbox-public', undefined],
])('A rejection is explained on the page and in the terminal (%s)', async (id, given) => {
  await withSandbox({}, async (sandbox) => {
    let page = '';
    const browse = async (address: URL): Promise<void> => {
      page = (await bring(await decide(address, 'deny'))).body;
    };
    const args = ['--client-id', id, '--out', out];
    const input = { args, browse, ...(given !== undefined && { secret: given }) };
    const { ended, stderr } = await signIn(sandbox, input);
    expect(ended).toContain('access was denied in the browser');
    expect(stderr).toContain('access was denied in the browser');
    expect(page).toContain('Access was denied in the browser');
    await expect(stat(out)).rejects.toThrow();
  });
});

test.each([
  ['sandbox-client', secret, 'access_token'],
  ['sandbox-public', undefined, 'code'],
])('A response of the other flow is ignored: %s', async (id, given, key) => {
  await withSandbox({}, async (sandbox) => {
    let page = '';
    const browse = async ({ searchParams }: URL): Promise<void> => {
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      const state = searchParams.get('state') ?? '';
      back.search = new URLSearchParams({ [key]: 'abcdefgh', state }).toString();
      page = (await bring(back)).body;
    };
    const args = ['--client-id', id, '--out', out];
    const input = { args, browse, ...(given !== undefined && { secret: given }) };
    const { ended } = await signIn(sandbox, input);
    expect(ended).toContain("Zendesk's answer contains no ");
    expect(page).toContain("Zendesk's answer contains no ");
    await expect(stat(out)).rejects.toThrow('ENOENT');
  });
});

test('A wrong secret is explained on the page and in the terminal', async () => {
  await withSandbox({}, async (sandbox) => {
    let page = '';
    const browse = async (address: URL): Promise<void> => {
      page = (await bring(await decide(address, 'allow'))).body;
    };
    const args = ['--client-id', 'sandbox-client', '--out', out];
    const result = await signIn(sandbox, { args, secret: 'guess-guess', browse });
    expect(result.ended).toContain('invalid_client');
    expect(page).toContain('You are not signed in');
    expectNoSecrets(result);
  });
});

test('Only the response to this sign-in is accepted, once, and only from its own page', async () => {
  await withSandbox({}, async (sandbox) => {
    const statuses: (number | string)[] = [];
    const browse = async (address: URL): Promise<void> => {
      const back = await decide(address, 'allow');
      const { origin, host } = back;
      const stray = `${origin}/?code=x&state=other`;
      const hosts = ['127.0.0.1', 'evil.test', host.replace('localhost', 'localhost.evil.test')];
      for (const other of hosts)
        statuses.push((await send(back.href, { headers: { host: other } })).status);
      for (const method of ['PUT', 'DELETE', 'OPTIONS'])
        statuses.push((await send(back.href, { method })).status);
      statuses.push((await send(back.href, { headers: { origin: 'https://evil.test' } })).status);
      const body = back.search.slice(1);
      for (const headers of [form, { ...form, origin: 'null' }, { origin }])
        statuses.push((await send(`${origin}/`, { method: 'POST', headers, body })).status);
      statuses.push((await send(`${origin}/elsewhere${back.search}`)).status);
      statuses.push((await send(stray)).status, (await send(`${origin}/?code=x`)).status);
      const denied = await send(`${origin}/?error=access_denied`);
      expect(denied.body).toContain('(access was denied in the browser');
      const both = await Promise.all([send(back.href), send(back.href)]);
      statuses.push(
        both
          .map(({ status }) => status)
          .sort((a, b) => a - b)
          .join(' '),
      );
    };
    const args = ['--client-id', 'sandbox-client', '--out', out];
    const { ended, stderr } = await signIn(sandbox, { args, secret, browse });
    expect(ended).toBe(0);
    expect(statuses).toEqual([
      421,
      421,
      421,
      405,
      405,
      405,
      403,
      403,
      403,
      403,
      404,
      400,
      400,
      '200 400',
    ]);
    expect(stderr).toContain('an answer with another state was rejected');
    expect(stderr).toContain('an answer with no state was rejected (access was denied');
    expect(stderr).toContain('This login is still waiting');
  });
});

test('The login times out after five minutes without a response', async () => {
  await withSandbox({}, async (sandbox) => {
    const clock = createFakeClock(Date.now());
    const browse = async (): Promise<void> => {
      setImmediate(() => clock.pass(5 * 60_000));
    };
    const args = ['--client-id', 'sandbox-public', '--out', out];
    const { ended } = await signIn(sandbox, { args, browse, clock });
    expect(ended).toContain('no answer arrived within five minutes');
  });
});

test('A port that is in use is reported before the browser opens', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  try {
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const args = ['login', '--subdomain', 'acme', '--client-id', 'x', '--port', `${port}`];
    const { code, stderr } = await spawnTap({ args: [...args, '--out', out] });
    expect(code).toBe(2);
    expect(stderr).toContain(`CRITICAL port ${port} is in use by another program`);
    expect(stderr).not.toContain('http://localhost:PORT/');
  } finally {
    other.close();
  }
});

test.each([
  ['no subdomain', ['--client-id', 'x'], 'login needs --subdomain NAME'],
  ['no client', ['--subdomain', 'acme'], 'login needs --client-id ID'],
  ['a subdomain that is none', ['--subdomain', 'a b', '--client-id', 'x'], 'subdomain is "a b"'],
  [
    'two places',
    ['--subdomain', 'acme', '--client-id', 'x', '--print', '--out', 'c.json'],
    'use only one of --out, --token-file and --print',
  ],
])('A command line with %s is rejected', async (_what, args, words) => {
  const { code, stderr } = await runTap({ args: ['login', ...args] });
  expect(code).toBe(2);
  expect(stderr).toContain(`CRITICAL ${words}`);
});

test('A file with other content or for another account is not changed', async () => {
  await writeFile(out, '[]');
  const args = ['login', '--subdomain', 'acme', '--client-id', 'x', '--out', out];
  expect((await runTap({ args })).stderr).toContain('does not contain a config or tokens');
  await writeFile(out, '{"subdomain": "other"}');
  expect((await runTap({ args })).stderr).toContain('is for another account');
  expect(await readFile(out, 'utf8')).toBe('{"subdomain": "other"}');
});

test.each(['--out', '--token-file'])(
  'A missing folder for %s is reported before the sign-in',
  async (flag) => {
    const path = join(folder, 'missing', 'tokens.json');
    const args = ['login', '--subdomain', 'acme', '--client-id', 'x', flag, path];
    const { code, stderr } = await runTap({ args });
    expect(code).toBe(2);
    expect(stderr).toContain(
      `CRITICAL ${path} cannot be written (ENOENT): create its folder first.`,
    );
    expect(stderr).not.toContain('http');
  },
);
