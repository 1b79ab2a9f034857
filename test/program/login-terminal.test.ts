/** `tap-zendesk-chat login` in a separate process: its input, its browser, and the secrecy of both. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { addressIn, browser, runLogin } from '../support/login-process.ts';
import { decide } from '../support/play-browser.js';
import { withoutTimes } from '../support/run-tap.ts';
import { tapPath } from '../support/spawn-tap.ts';
import { startProcess } from '../support/start-process.ts';
import { withSandbox } from '../support/with-sandbox.ts';

let folder = '';
let out = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'login-'));
  out = join(folder, 'config.json');
});
afterEach(() => rm(folder, { recursive: true }));

const secretsIn = /(?:access|refresh|code)-[\w-]{20}|sandbox-secret/;

async function storedConfig(): Promise<unknown> {
  return JSON.parse(await readFile(out, 'utf8'));
}

const secretInEnv = { TAP_ZENDESK_CHAT_CLIENT_SECRET: 'sandbox-secret' };
const pasting = 'Paste its address (not shown): ';

test.each([
  ['sandbox-client', secretInEnv],
  ['sandbox-public', {}],
])('With --paste the last URL of a browser on another machine is enough: %s', async (id, env) => {
  await withSandbox({}, async (sandbox) => {
    const { written, code } = await runLogin(sandbox, {
      out,
      args: ['--client-id', id, '--paste'],
      env,
      typed: [pasting, async (shown) => `${(await decide(addressIn(shown), 'allow')).href}\n`],
    });
    expect(`${written}${code}`).toMatch(/Signed in to sandbox: the token works\. .*\n0$/);
    expect(written).not.toMatch(secretsIn);
    expect(await storedConfig()).toHaveProperty('access_token', expect.stringMatching(/^access-/));
  });
});

test.each([
  ['no address', 'access-pasted-token-alone', 'this is not an address'],
  ['another address', 'http://localhost:8080/?code=x&state=y', 'it has another state'],
  ['nothing', '', 'this is not an address'],
])('With --paste %s is reported in one sentence', async (_what, pasted, words) => {
  await withSandbox({}, async (sandbox) => {
    const { written, code } = await runLogin(sandbox, {
      out,
      args: ['--client-id', 'sandbox-public', '--paste'],
      typed: [pasting, async () => `${pasted}\n`],
    });
    expect(code).toBe(2);
    expect(written.match(/^CRITICAL .*$/gm)).toEqual([expect.stringContaining(words)]);
    expect(written).not.toContain('pasted-token');
    await expect(storedConfig()).rejects.toThrow('ENOENT');
  });
});

test('A sign-in that is stopped says what to do', async () => {
  await withSandbox({}, async ({ url }) => {
    const args = ['login', '--subdomain', 'sandbox', '--client-id', 'sandbox-public', '--paste'];
    const { child, ended } = startProcess(process.execPath, [tapPath, ...args, '--out', out], {
      cwd: folder,
      env: { ZENDESK_CHAT_API_URL: url },
      pipes: true,
      hasInput: true,
    });
    let written = '';
    child.stderr.on('data', (piece) => {
      written += String(piece);
      if (written.endsWith(pasting)) child.kill('SIGINT');
    });
    expect(await ended).toMatchObject({ signal: 'SIGINT' });
    expect(withoutTimes(written).trimEnd().split('\n').at(-1)).toBe(
      'CRITICAL stopped by a signal: run the command again to sign in',
    );
    await expect(storedConfig()).rejects.toThrow('ENOENT');
  });
});

/** Runs a program on its own terminal, whose keys are the standard input. */
const onTerminal =
  'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

test('On a terminal the program prompts for the client secret and does not show it', async () => {
  await withSandbox({}, async (sandbox) => {
    const { written, code } = await runLogin(sandbox, {
      out,
      args: ['--client-id', 'sandbox-client', '--port', '0'],
      launcher: ['python3', '-c', onTerminal, process.execPath],
      typed: ['Client secret (not shown', async () => 'sandbox-secret\r'],
    });
    expect(`${written}${code}`).toMatch(/Signed in to sandbox: the token works\. .*\n0$/);
    expect(written).not.toMatch(secretsIn);
    expect(await storedConfig()).toMatchObject({
      client_secret: 'sandbox-secret',
      refresh_token: expect.stringMatching(/^refresh-/),
    });
  });
});

/** The command lines of all processes. */
async function commandLines(): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(lines)).map((line) => line.replaceAll('\0', ' '));
}

test.each([
  ['sandbox-client', secretInEnv],
  ['sandbox-public', {}],
])('No process has a secret in its command line: %s', async (id, env) => {
  const seen: string[] = [];
  // Tap and browser wait for these responses.
  const onRequest = async (): Promise<void> => void seen.push(...(await commandLines()));
  await withSandbox({ onRequest }, async (sandbox) => {
    const { code } = await runLogin(sandbox, {
      out,
      args: ['--client-id', id, '--port', '0'],
      env,
    });
    expect(code).toBe(0);
    const commands = seen.join('\n');
    expect(commands).toContain(`${tapPath} login --subdomain sandbox`);
    expect(commands).toContain(`${browser} ${sandbox.url}/oauth2/chat/authorizations/new?`);
    expect(commands).not.toMatch(secretsIn);
  });
});
