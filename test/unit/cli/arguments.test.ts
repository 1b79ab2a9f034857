import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { parseArguments } from '../../../src/cli/arguments.ts';

const none = {
  command: 'sync',
  config: [],
  catalog: undefined,
  state: undefined,
  select: [],
  startDate: undefined,
  format: 'text',
  logLevel: undefined,
};

test.each([
  { argv: [], expected: none },
  { argv: ['--config', 'c.json'], expected: { ...none, config: ['c.json'] } },
  { argv: ['--config=c.json'], expected: { ...none, config: ['c.json'] } },
  {
    argv: ['-c', 'a.json', '--config', 'b.json', '--config=ENV'],
    expected: { ...none, config: ['a.json', 'b.json', 'ENV'] },
  },
  {
    argv: ['-c', 'c.json', '-s', 's.json'],
    expected: { ...none, config: ['c.json'], state: 's.json' },
  },
  { argv: ['--catalog', 'k.json'], expected: { ...none, catalog: 'k.json' } },
  { argv: ['--properties', 'k.json'], expected: { ...none, catalog: 'k.json' } },
  { argv: ['-p', 'k.json'], expected: { ...none, catalog: 'k.json' } },
  {
    argv: ['--select', 'chats.*', '--select=!chats.visitor', '--start-date', '2024-01-01'],
    expected: { ...none, select: ['chats.*', '!chats.visitor'], startDate: '2024-01-01' },
  },
  { argv: ['--discover'], expected: { ...none, command: 'discover' } },
  {
    argv: ['-d', '--state', 's.json'],
    expected: { ...none, command: 'discover', state: 's.json' },
  },
  { argv: ['--check', '-c', 'c'], expected: { ...none, command: 'check', config: ['c'] } },
  { argv: ['--test', '-c', 'c'], expected: { ...none, command: 'test', config: ['c'] } },
  { argv: ['--test', 'schema'], expected: { ...none, command: 'test-schema' } },
  { argv: ['-c=c.json', '-c', '-'], expected: { ...none, config: ['c.json', '-'] } },
  { argv: ['--config=-5', '--config=--'], expected: { ...none, config: ['-5', '--'] } },
  { argv: ['--state==a="b"'], expected: { ...none, state: '=a="b"' } },
  { argv: ['--discover', '--'], expected: { ...none, command: 'discover' } },
  { argv: ['--test=all'], expected: { ...none, command: 'test' } },
  { argv: ['--test=schema'], expected: { ...none, command: 'test-schema' } },
  { argv: ['--about'], expected: { ...none, command: 'about' } },
  {
    argv: ['--about', '--format', 'json'],
    expected: { ...none, command: 'about', format: 'json' },
  },
  { argv: ['--log-level', 'debug'], expected: { ...none, logLevel: 'debug' } },
  { argv: ['--log-level=WARN'], expected: { ...none, logLevel: 'warning' } },
  { argv: ['--config', '2024'], expected: { ...none, config: ['2024'] } },
  { argv: ['--config', '0x10'], expected: { ...none, config: ['0x10'] } },
  { argv: ['--config', 'a b/ü.json'], expected: { ...none, config: ['a b/ü.json'] } },
])('The command line $argv is valid', async ({ argv, expected }) => {
  expect(await parseArguments(argv)).toEqual(expected);
});

test.each([['--version'], ['--version', '--config', 'c.json']])(
  'The version is the one of package.json (%s)',
  async (...argv) => {
    const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    const { version }: { readonly version: string } = JSON.parse(manifest);
    expect(await parseArguments(argv)).toBe(`tap-zendesk-chat ${version}`);
  },
);

test.each([['--help'], ['-h'], ['--config', 'c.json', '--help']])(
  'The help shows every argument within 80 columns (%s)',
  async (...argv) => {
    const help = await parseArguments(argv);
    const names =
      '--config --catalog --properties --state --select --start-date --discover --check --test --about --format --log-level TAP_ZENDESK_CHAT_LOGLEVEL';
    for (const name of names.split(' ')) expect(help).toContain(name);
    expect(help).not.toMatch(/^.{81}/m);
  },
);
