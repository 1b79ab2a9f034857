import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { parseArguments } from '../../src/arguments.ts';

const none = { config: undefined, catalog: undefined, state: undefined, discover: false };

test.each([
  { argv: [], expected: none },
  { argv: ['--config', 'c.json'], expected: { ...none, config: 'c.json' } },
  { argv: ['--config=c.json'], expected: { ...none, config: 'c.json' } },
  {
    argv: ['-c', 'c.json', '-s', 's.json'],
    expected: { ...none, config: 'c.json', state: 's.json' },
  },
  { argv: ['--catalog', 'k.json'], expected: { ...none, catalog: 'k.json' } },
  { argv: ['--properties', 'k.json'], expected: { ...none, catalog: 'k.json' } },
  { argv: ['-p', 'k.json'], expected: { ...none, catalog: 'k.json' } },
  { argv: ['--discover'], expected: { ...none, discover: true } },
  { argv: ['-d', '--state', 's.json'], expected: { ...none, discover: true, state: 's.json' } },
  { argv: ['--config', '2024'], expected: { ...none, config: '2024' } },
  { argv: ['--config', '0x10'], expected: { ...none, config: '0x10' } },
  { argv: ['--config', 'a b/ü.json'], expected: { ...none, config: 'a b/ü.json' } },
])('The command line $argv is understood', async ({ argv, expected }) => {
  expect(await parseArguments(argv)).toEqual(expected);
});

test.each([
  { argv: ['--confg', 'c.json'], message: /^Unknown argument: confg/ },
  { argv: ['c.json'], message: /^Unknown argument: c\.json/ },
  { argv: ['--config'], message: /^Not enough arguments following: config/ },
  { argv: ['-c', 'a.json', '--config', 'b.json'], message: /^--config is given twice/ },
  { argv: ['-p', 'a.json', '--catalog', 'b.json'], message: /^--catalog is given twice/ },
  { argv: ['-s', 'a.json', '--state', 'b.json'], message: /^--state is given twice/ },
])('The command line $argv is refused with a sentence', async ({ argv, message }) => {
  await expect(parseArguments(argv)).rejects.toMatchObject({
    kind: 'config',
    message: expect.stringMatching(message),
  });
});

test.each([['--version'], ['--version', '--config', 'c.json']])(
  'The version is the one of package.json (%s)',
  async (...argv) => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { version }: { readonly version: string } = JSON.parse(manifest);
    expect(await parseArguments(argv)).toBe(`tap-zendesk-chat ${version}`);
  },
);

test.each([['--help'], ['-h'], ['--config', 'c.json', '--help']])(
  'The help shows every argument within 80 columns (%s)',
  async (...argv) => {
    const help = await parseArguments(argv);
    for (const name of ['--config', '--catalog', '--properties', '--state', '--discover'])
      expect(help).toContain(name);
    expect(help).not.toMatch(/^.{81}/m);
  },
);
