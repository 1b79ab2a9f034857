/** Real processes that share a token file: killed at every step of a renewal, and two at once. */
import { mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/server.ts';
import type { TapInput, TapResult } from '../helpers/run-tap.ts';
import { spawnTap } from '../helpers/spawn-tap.ts';
import { criticalLines, withSandbox } from '../helpers/with-sandbox.ts';
import { isWhole } from '../lossless/whole-set.ts';

let folder = '';
let tokenFile = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'token-deaths-'));
  tokenFile = join(folder, 'tokens.json');
});
afterEach(() => rm(folder, { recursive: true }));

const preload = new URL('../helpers/die-at-step.js', import.meta.url).href;

/** More than a renewal has. */
const mostSteps = 60;

interface Case {
  readonly sandbox: Sandbox;
  readonly input: TapInput;
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

/** The refresh token in the token file; undefined: there is none. */
async function storedToken(): Promise<unknown> {
  const text = await readFile(tokenFile, 'utf8').catch(() => '{}');
  const content: { readonly refresh_token?: unknown } = JSON.parse(text);
  return content.refresh_token;
}

/** What time does to the lock of a process that has died. */
async function ageLock(): Promise<void> {
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(`${tokenFile}.lock`, longAgo, longAgo).catch(() => undefined);
}

async function expectPrivateFiles(): Promise<void> {
  for (const name of await readdir(folder)) {
    const { mode } = await stat(join(folder, name));
    if (!name.endsWith('.lock')) expect([name, mode & 0o777]).toEqual([name, 0o600]);
  }
}

/** The run after a death. @returns whether it could go on */
async function goOn({ sandbox, input, refreshToken }: Case): Promise<boolean> {
  const isStored = ![undefined, refreshToken].includes((await storedToken()) as string | undefined);
  const isLost = renewals(sandbox) > 0 && !isStored;
  await expectPrivateFiles();
  await ageLock();
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

test('Killed before any step of a renewal, a run leaves a pair that works, or the next run says what was lost', async () => {
  const ends: ('repaired' | 'lost' | 'over')[] = [];
  for (let at = 1; !ends.includes('over') && at <= mostSteps; at += isWhole ? 1 : 3) {
    await withSandbox({}, async (sandbox) => {
      const one = expired(sandbox);
      const env = {
        NODE_OPTIONS: `--import ${preload}`,
        DIE_IN: 'tokens.json',
        DIE_AT: String(at),
      };
      const run = await spawnTap({ ...one.input, env });
      if (run.signal !== null) ends.push((await goOn(one)) ? 'repaired' : 'lost');
      else {
        expect(run.code).toBe(0);
        ends.push('over');
      }
    });
    await rm(folder, { recursive: true });
    folder = await mkdtemp(join(tmpdir(), 'token-deaths-'));
    tokenFile = join(folder, 'tokens.json');
  }
  // Before the request, between the answer and the file, and after.
  expect([...new Set(ends)]).toEqual(['repaired', 'lost', 'over']);
  expect(ends.at(-2)).toBe('repaired');
});

test('Two runs at once make one renewal', async () => {
  for (let round = 0; round < (isWhole ? 20 : 4); round += 1) {
    await withSandbox({ switches: { oldAccessTokens: 'revoked' } }, async (sandbox) => {
      const { input } = expired(sandbox);
      const both: readonly TapResult[] = await Promise.all([spawnTap(input), spawnTap(input)]);
      for (const run of both) expect(criticalLines(run)).toEqual([]);
      expect(both.map(({ code }) => code)).toEqual([0, 0]);
      expect(renewals(sandbox)).toBe(1);
      expect((await readdir(folder)).sort()).toEqual(['tokens.json']);
    });
    await rm(tokenFile);
  }
});
