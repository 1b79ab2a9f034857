import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { ConfigError } from '../../src/errors.ts';
import { gatherConfig, type ConfigSources } from '../../src/config.ts';

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
  return gatherConfig({ settings: {}, env: {}, envFile, ...sources, files: files.map(inFolder) });
}

const env = {
  TAP_ZENDESK_CHAT_SUBDOMAIN: 'from-env',
  TAP_ZENDESK_CHAT_LOGLEVEL: 'debug',
  TAP_ZENDESK_CHAT_START_DATE: '',
  TAP_ZENDESK_CHAT__CATALOG: 'what Meltano sets',
  SUBDOMAIN: 'other',
};

test('of several files the last one wins, key by key', async () => {
  await write('a.json', '{"subdomain": "a", "start_date": "2024-01-01"}');
  await write('b.json', '{"subdomain": "b", "access_token": "t"}');
  expect(await gather({ files: ['a.json', 'b.json'] })).toEqual({
    subdomain: 'b',
    start_date: '2024-01-01',
    access_token: 't',
  });
});

test('what is null or blank in a later source does not take away what an earlier one says', async () => {
  await write('a.json', '{"subdomain": "a", "start_date": "2024-01-01", "access_token": "t"}');
  await write('b.json', '{"subdomain": null, "start_date": "  ", "access_token": ""}');
  const blank = { TAP_ZENDESK_CHAT_START_DATE: ' ' };
  expect(await gather({ files: ['a.json', 'b.json', 'ENV'], env: blank })).toEqual({
    subdomain: 'a',
    start_date: '2024-01-01',
    access_token: 't',
  });
});

test('where there is no environment ENV is the name of a file', async () => {
  await expect(gatherConfig({ files: ['ENV'], settings: {} })).rejects.toThrow(
    /^--config: .* does not exist/,
  );
});

test('a key named __proto__ is one like any other', async () => {
  await write('a.json', '{"__proto__": {"credentials": {"access_token": "t"}}}');
  expect(JSON.stringify(await gather({ files: ['a.json'] }))).toContain('"__proto__"');
});

test('without ENV the environment does not matter', async () => {
  await write('a.json', '{"subdomain": "a"}');
  expect(await gather({ files: ['a.json'], env })).toEqual({ subdomain: 'a' });
});

test('with ENV its variables win over files, and only those that hold something count', async () => {
  await write('a.json', '{"subdomain": "a", "start_date": "2024-01-01"}');
  expect(await gather({ files: ['ENV', 'a.json'], env })).toEqual({
    subdomain: 'from-env',
    start_date: '2024-01-01',
  });
});

test('with ENV a file .env is read, over which variables win', async () => {
  const lines = [
    'TAP_ZENDESK_CHAT_SUBDOMAIN=dotted',
    '# a comment',
    'TAP_ZENDESK_CHAT_ACCESS_TOKEN="a b"',
  ];
  await write('.env', lines.join('\n'));
  expect(await gather({ files: ['ENV'], env })).toEqual({
    subdomain: 'from-env',
    access_token: 'a b',
  });
  expect(await gather({ files: ['ENV'] })).toEqual({ subdomain: 'dotted', access_token: 'a b' });
});

test('with ENV a variable that names no setting is passed on, to be told', async () => {
  const unknown = { TAP_ZENDESK_CHAT_STRAT_DATE: '2024-01-01', TAP_ZENDESK_CHAT_Subdomain: 'x' };
  expect(await gather({ files: ['ENV'], env: unknown })).toEqual({
    strat_date: '2024-01-01',
    Subdomain: 'x',
  });
});

test('a single setting wins over everything', async () => {
  expect(await gather({ files: ['ENV'], env, settings: { subdomain: 'mine' } })).toEqual({
    subdomain: 'mine',
  });
});

test.each([
  ['[]', /^The config is of type array/],
  ['{', /^--config: \S+a\.json is not JSON/],
])('a file that holds %s is refused', async (content, says) => {
  await write('a.json', content);
  await expect(gather({ files: ['a.json', 'ENV'] })).rejects.toThrow(says);
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
