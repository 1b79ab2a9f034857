import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, test } from '@jest/globals';

import { ConfigError } from '../../../src/core/errors.ts';
import { readConfig, type ConfigSources } from '../../../src/config/config.ts';
import { expect } from '../../support/readable.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sources-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A path in the test's own folder; `ENV` is no path. */
function inFolder(name: string): string {
  return name === 'ENV' ? name : join(folder, name);
}

async function write(name: string, content: string): Promise<void> {
  await writeFile(inFolder(name), content);
}

async function gather({ files = [], ...sources }: Partial<ConfigSources>): Promise<unknown> {
  const envFile = inFolder('.env');
  return readConfig({ settings: {}, env: {}, envFile, ...sources, files: files.map(inFolder) });
}

const env = {
  TAP_ZENDESK_CHAT_SUBDOMAIN: 'from-env',
  TAP_ZENDESK_CHAT_LOGLEVEL: 'debug',
  TAP_ZENDESK_CHAT_START_DATE: '',
  TAP_ZENDESK_CHAT__CATALOG: 'what Meltano sets',
  SUBDOMAIN: 'other',
};

/** Files of each case. */
const contents = {
  'a.json': '{"subdomain": "a", "start_date": "2024-01-01"}',
  'b.json': '{"subdomain": "b", "access_token": "t"}',
  'blank.json': '{"subdomain": null, "start_date": "  ", "access_token": ""}',
  'proto.json': '{"__proto__": {"credentials": {"access_token": "t"}}}',
  'list.json': '[]',
  'broken.json': '{',
};

const a = { subdomain: 'a', start_date: '2024-01-01' };
const b = { subdomain: 'b', access_token: 't' };
const fromEnv = { subdomain: 'from-env' };
const blank = { TAP_ZENDESK_CHAT_START_DATE: ' ' };

async function writeAll(): Promise<void> {
  for (const [name, content] of Object.entries(contents)) await write(name, content);
}

test.each<[string, Partial<ConfigSources>, object]>([
  ['the last of several files wins', { files: ['a.json', 'b.json'] }, { ...a, ...b }],
  ['null and blanks take nothing away', { files: ['a.json', 'blank.json'] }, a],
  ['nor does a blank variable', { files: ['a.json', 'ENV'], env: blank }, a],
  ['without ENV the environment does not matter', { files: ['a.json'], env }, a],
  ['variables win over files', { files: ['ENV', 'a.json'], env }, { ...a, ...fromEnv }],
  [
    'a setting wins over all',
    { files: ['ENV'], env, settings: { subdomain: 'm' } },
    { subdomain: 'm' },
  ],
  [
    '__proto__ is a key like any other',
    { files: ['proto.json'] },
    JSON.parse(contents['proto.json']),
  ],
])('%s', async (_what, sources, expected) => {
  await writeAll();
  expect(JSON.stringify(await gather(sources))).toBe(JSON.stringify(expected));
});

test('without an environment, ENV is the name of a file', async () => {
  await expect(readConfig({ files: ['ENV'] })).rejects.toThrow(/^--config: .* does not exist/);
});

test('with ENV a file .env is read, and variables override it', async () => {
  const lines = [
    'TAP_ZENDESK_CHAT_SUBDOMAIN=dotted',
    '# a comment',
    'TAP_ZENDESK_CHAT_ACCESS_TOKEN="a b"',
  ];
  await write('.env', lines.join('\n'));
  expect(await gather({ files: ['ENV'], env })).toEqual({ ...fromEnv, access_token: 'a b' });
  expect(await gather({ files: ['ENV'] })).toEqual({ subdomain: 'dotted', access_token: 'a b' });
});

test('with ENV a variable that is not a setting is passed on, so that it can be reported', async () => {
  const unknown = { TAP_ZENDESK_CHAT_STRAT_DATE: '2024-01-01', TAP_ZENDESK_CHAT_Subdomain: 'x' };
  expect(await gather({ files: ['ENV'], env: unknown })).toEqual({
    strat_date: '2024-01-01',
    Subdomain: 'x',
  });
});

test.each([
  ['list.json', /^The config is of type array/],
  ['broken.json', /^--config: \S+broken\.json is not JSON/],
])('the file %s is rejected', async (name, says) => {
  await writeAll();
  await expect(gather({ files: [name, 'ENV'] })).rejects.toThrow(says);
});

test.each([
  [
    'opens in the line before the token',
    'TAP_ZENDESK_CHAT_START_DATE="2024-01-01\nTAP_ZENDESK_CHAT_ACCESS_TOKEN="SECRET12345"',
    '"TAP_ZENDESK_CHAT_START_DATE"',
  ],
  [
    'opens before another program’s value',
    `OTHER='x\n export TAP_ZENDESK_CHAT_ACCESS_TOKEN=SECRET12345'`,
    '(a name of 5 characters, not shown)',
  ],
  [
    'is never closed',
    'TAP_ZENDESK_CHAT_ACCESS_TOKEN="SECRET12345',
    '"TAP_ZENDESK_CHAT_ACCESS_TOKEN"',
  ],
])('a quote in .env that %s is an error that shows no value', async (_where, text, name) => {
  await write('.env', text);
  await expect(gather({ files: ['ENV'] })).rejects.toThrow(
    new ConfigError(
      `--config=ENV: in ${inFolder('.env')}, the value of ${name} has a quote that is not closed.`,
    ),
  );
});

test('a .env value of several lines is one value', async () => {
  await write('.env', 'TAP_ZENDESK_CHAT_CREDENTIALS=\'{\n"access_token":\n"t"}\'');
  expect(await gather({ files: ['ENV'] })).toEqual({ credentials: '{\n"access_token":\n"t"}' });
});
