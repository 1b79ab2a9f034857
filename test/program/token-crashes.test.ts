/** Real processes that share a token file: killed at every step of a renewal, and two at once. */
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import type { TapInput, TapResult } from '../support/run-tap.ts';
import { spawnTap, startTap, type StartedTap } from '../support/spawn-tap.ts';
import { criticalLines, withSandbox } from '../support/with-sandbox.ts';
import { isWhole } from '../no-loss/full-set.ts';

let folder = '';
let tokenFile = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'token-crashes-'));
  tokenFile = join(folder, 'tokens.json');
});
afterEach(() => rm(folder, { recursive: true }));

function preload(name: string): string {
  return `--import ${new URL(`../support/${name}`, import.meta.url).href}`;
}

interface Case {
  readonly sandbox: Sandbox;
  readonly input: TapInput & { readonly config: object };
  /** The config's refresh token. */
  readonly refreshToken: string;
}

/** A run of one small stream whose access token has expired. */
function expired(sandbox: Sandbox): Case {
  const { access_token, refresh_token = '' } = sandbox.provider.issue('sandbox-client', true);
  sandbox.provider.expire();
  const client = { client_id: 'sandbox-client', client_secret: 'sandbox-secret' };
  const config = { subdomain: 'sandbox', ...client, access_token, refresh_token };
  const input = {
    sandboxUrl: sandbox.url,
    config: { ...config, token_file: tokenFile },
    args: ['--select', 'goals.*'],
  };
  return { sandbox, input, refreshToken: refresh_token };
}

function renewals({ requests }: Sandbox): number {
  return requests.filter(({ path, status }) => path.endsWith('/token') && status === 200).length;
}

/** The refresh token in the token file; `undefined` if there is none. */
async function storedToken(): Promise<unknown> {
  const text = await readFile(tokenFile, 'utf8').catch(() => '{}');
  const content: { readonly refresh_token?: unknown } = JSON.parse(text);
  return content.refresh_token;
}

/** Makes the locks of a crashed process old. */
async function ageLocks(): Promise<void> {
  const longAgo = new Date(Date.now() - 60_000);
  for (const lock of [`${tokenFile}.lock`, `${tokenFile}.lock.lock`])
    await utimes(lock, longAgo, longAgo).catch(() => undefined);
}

async function expectPrivateFiles(): Promise<void> {
  for (const name of await readdir(folder)) {
    const { mode } = await stat(join(folder, name));
    if (!name.endsWith('.lock')) expect([name, mode & 0o777]).toEqual([name, 0o600]);
  }
}

/** The run after a crash. @returns whether it could continue */
async function goOn({ sandbox, input, refreshToken }: Case): Promise<boolean> {
  const isStored = ![undefined, refreshToken].includes((await storedToken()) as string | undefined);
  const isLost = renewals(sandbox) > 0 && !isStored;
  await expectPrivateFiles();
  await ageLocks();
  const next = await spawnTap(input);
  if (isLost) {
    expect(criticalLines(next)).toEqual([
      expect.stringMatching(
        /a run that began to renew the access token at .* tap-zendesk-chat login/,
      ),
    ]);
    return false;
  }
  expect(criticalLines(next)).toEqual([]);
  expect(next.code).toBe(0);
  expect(renewals(sandbox)).toBe(1);
  return true;
}

/** One renewal, ended before its step number `at`; with 0 it is not. */
async function renewUntil(at: number): Promise<{ run: TapResult; goesOn: boolean }> {
  const result = await withSandbox({}, async (sandbox) => {
    const one = expired(sandbox);
    const env = {
      NODE_OPTIONS: preload('die-at-step.js'),
      DIE_IN: 'tokens.json',
      DIE_AT: String(at),
    };
    const run = await spawnTap({ ...one.input, env });
    return { run, goesOn: run.signal === null || (await goOn(one)) };
  });
  await rm(folder, { recursive: true });
  await mkdir(folder);
  return result;
}

test('A run that is killed before any step of a renewal leaves valid tokens, or the next run says what was lost', async () => {
  const { run: whole } = await renewUntil(0);
  expect(whole.code).toBe(0);
  const steps = Number(/^STEPS (\d+)$/m.exec(whole.stderr)?.[1]);
  expect(steps).toBeGreaterThan(10);
  const ends: boolean[] = [];
  for (let at = steps; at > 0; at -= isWhole ? 1 : 3) {
    const { run, goesOn } = await renewUntil(at);
    expect(run.signal).toBe('SIGKILL');
    ends.unshift(goesOn);
  }
  // Before the request, between the response and the file, and after.
  expect([...new Set(ends)]).toEqual([true, false]);
  expect(ends.at(-1)).toBe(true);
});

/** The same run with its tokens in a config that `login` has written. */
async function withLoginConfig({ sandbox, input: { config, args = [] } }: Case): Promise<TapInput> {
  const file = join(folder, 'config.json');
  await writeFile(file, JSON.stringify({ ...config, token_file: '', login: {} }));
  return { sandboxUrl: sandbox.url, args: ['--config', file, ...args] };
}

test.each(['tokens.json', 'config.json'])('Two runs at once make one renewal: %s', async (name) => {
  for (let round = 0; round < (isWhole ? 20 : 2); round += 1) {
    await withSandbox({ switches: { oldAccessTokens: 'revoked' } }, async (sandbox) => {
      const one = expired(sandbox);
      const input = name === 'config.json' ? await withLoginConfig(one) : one.input;
      const both: readonly TapResult[] = await Promise.all([spawnTap(input), spawnTap(input)]);
      for (const run of both) expect(criticalLines(run)).toEqual([]);
      expect(both.map(({ code }) => code)).toEqual([0, 0]);
      expect(renewals(sandbox)).toBe(1);
      expect(await readdir(folder)).toEqual([name]);
    });
    await rm(join(folder, name));
  }
});

/** Resolves once a run has written these words to stderr. */
function until({ child: { stderr } }: StartedTap, words: string): Promise<void> {
  return new Promise((resolve) => {
    let written = '';
    stderr.on('data', (piece) => {
      written += String(piece);
      if (written.includes(words)) resolve();
    });
  });
}

test('Two runs that find a stale lock at the same time make one renewal', async () => {
  const go = join(folder, 'go');
  await mkdir(`${tokenFile}.lock`);
  await ageLocks();
  // Both would take the lock if the first one's request came while the second is about to remove it.
  const requests = new EventEmitter();
  const [first, second] = [once(requests, '1'), once(requests, '2')];
  let count = 0;
  const onRequest: SandboxOptions['onRequest'] = async ({ path }) => {
    if (!path.endsWith('/token')) return;
    count += 1;
    const isEarly = count === 1 && !existsSync(go);
    requests.emit(String(count));
    if (isEarly) await second;
  };
  await withSandbox({ onRequest }, async (sandbox) => {
    const { input } = expired(sandbox);
    const env = {
      NODE_OPTIONS: preload('hold-call.js'),
      CALL: 'rmdir',
      PLACE: 'tokens.json.lock',
      GO: go,
    };
    const late = await startTap({ ...input, env });
    await until(late, 'HELD');
    const other = await startTap(input);
    await Promise.race([first, until(other, 'waiting for another run')]);
    await writeFile(go, '');
    for (const run of [await late.result, await other.result]) {
      expect(criticalLines(run)).toEqual([]);
      expect(run.code).toBe(0);
    }
    expect(renewals(sandbox)).toBe(1);
  });
});

test('A run that has read its config before another one renews the tokens continues with the new tokens', async () => {
  const go = join(folder, 'go');
  await withSandbox({ switches: { oldAccessTokens: 'revoked' } }, async (sandbox) => {
    const input = await withLoginConfig(expired(sandbox));
    const hold = { CALL: 'lstat', PLACE: 'config.json', GO: go };
    const env = { NODE_OPTIONS: preload('hold-call.js'), ...hold };
    const late = await startTap({ ...input, env });
    await until(late, 'HELD');
    const first = await spawnTap(input);
    await writeFile(go, '');
    for (const run of [first, await late.result]) {
      expect(criticalLines(run)).toEqual([]);
      expect(run.warnings).toEqual([]);
    }
    expect(renewals(sandbox)).toBe(1);
  });
});
