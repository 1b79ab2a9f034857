/** Commands that make no request start without the HTTP client, the calendar and the validators. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

import { withoutTimes } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';

const root = new URL('../../', import.meta.url);

/** The scripts a run of a built program loads, as V8 itself lists them: packages by name, ours by path. */
async function modulesLoaded(
  program: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'tap-loaded-'));
  try {
    const argv = [fileURLToPath(new URL(`bin/${program}`, root)), ...args];
    const env = { PATH: process.env['PATH'] ?? '', NODE_V8_COVERAGE: folder, ...settings };
    await promisify(execFile)(process.execPath, argv, { env });
    const texts = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')),
    );
    const urls = texts.flatMap((text) => {
      const { result }: { readonly result: readonly { readonly url: string }[] } = JSON.parse(text);
      return result.map(({ url }) => url);
    });
    const packages = urls.flatMap((url) => /node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
    const dist = new URL('dist/', root).href;
    const own = urls.flatMap((url) => (url.startsWith(dist) ? [url.slice(dist.length)] : []));
    return { packages: [...new Set(packages)].sort(), own };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** yargs and its dependencies. More files mean that yargs is loaded file by file, which takes twice as long. */
const packagesForArguments = [
  'ansi-regex',
  'ansi-styles',
  'cliui',
  'emoji-regex',
  'escalade',
  'get-caller-file',
  'is-fullwidth-code-point',
  'require-directory',
  'string-width',
  'strip-ansi',
  'wrap-ansi',
  'y18n',
  'yargs',
  'yargs-parser',
];

test.concurrent.each([
  { program: 'tap-zendesk-chat.js', args: ['--version'] },
  { program: 'tap-zendesk-chat.js', args: ['--help'] },
  { program: 'tap-zendesk-chat.js', args: ['--discover'] },
  { program: 'source-zendesk-chat.js', args: ['spec'] },
])('$program $args loads neither the HTTP client nor a validator', async ({ program, args }) => {
  const { packages, own } = await modulesLoaded(program, args);
  expect(new Set(packages)).toEqual(new Set(packagesForArguments));
  expect(own).toContain('cli/signals.js');
  expect(own.filter((path) => /^(?:http|validators)\//.test(path))).toEqual([]);
});

/** The modules that sign in, and those that renew and store tokens. */
const forOAuth = {
  packages: ['oauth4webapi', 'open', 'proper-lockfile', 'write-file-atomic'],
  own: /^(?:login\/|tokens\/(?!credentials\.js)|zendesk\/(?:renewal|grants)\.js)/,
};

test.concurrent.each([
  { what: 'plain', isPlain: true },
  { what: 'renewed', isPlain: false },
])('A run with a $what token loads the OAuth code only if it needs it', async ({ isPlain }) => {
  const folder = await mkdtemp(join(tmpdir(), 'tap-start-'));
  try {
    await withSandbox({ tokenLife: 60 }, async ({ url, config, token }) => {
      const plain = { subdomain: config.subdomain, access_token: token };
      const renewable = { ...config, token_file: join(folder, 'tokens.json'), access_token: null };
      const file = join(folder, 'config.json');
      await writeFile(file, JSON.stringify(isPlain ? plain : renewable));
      const args = ['--config', file, '--select', 'goals.*'];
      const env = { ZENDESK_CHAT_API_URL: url };
      const { packages, own } = await modulesLoaded('tap-zendesk-chat.js', args, env);
      expect(packages).toContain('node-fetch');
      const met = packages.filter((name) => forOAuth.packages.includes(name));
      expect(met).toEqual(isPlain ? [] : forOAuth.packages.filter((name) => name !== 'open'));
      expect(own.some((path) => forOAuth.own.test(path))).toBe(!isPlain);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.concurrent.each([
  ['tap-zendesk-chat.js', 2, 'CRITICAL the flag --confg does not exist. Did you mean --config?'],
  ['source-zendesk-chat.js', 1, 'the flag --confg does not exist. Did you mean --config?'],
])('%s prints English regardless of the locale', async (program, code, told) => {
  const argv = [fileURLToPath(new URL(`bin/${program}`, root)), '--confg', 'c.json'];
  const env = { PATH: process.env['PATH'] ?? '', LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' };
  const run = promisify(execFile)(process.execPath, argv, { env });
  const error: { code: number; stderr: string } = await run.catch((failure) => failure);
  expect(error.code).toBe(code);
  expect(withoutTimes(error.stderr)).toContain(told);
});

test.concurrent.each(['tap-zendesk-chat.js', 'source-zendesk-chat.js', 'zendesk-chat-sandbox.js'])(
  '%s breaks the lines of its help between words',
  async (program) => {
    const argv = [fileURLToPath(new URL(`bin/${program}`, root)), '--help'];
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/reproducible data|as Singer messages|Airbyte source/);
  },
);

test.concurrent.each(['tap-zendesk-chat.js', 'source-zendesk-chat.js', 'zendesk-chat-sandbox.js'])(
  '%s explains how to build a checkout without a build',
  async (program) => {
    const folder = await mkdtemp(join(tmpdir(), 'tap-not-built-'));
    try {
      await cp(new URL('bin', root), join(folder, 'bin'), { recursive: true });
      await cp(new URL('package.json', root), join(folder, 'package.json'));
      const run = promisify(execFile)(process.execPath, [
        join(folder, 'bin', program),
        '--version',
      ]);
      await expect(run).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(
          new RegExp(
            `^CRITICAL \\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z the program is not built: run "npm install" and "npm run build" in ${folder}/\n$`,
          ),
        ),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
