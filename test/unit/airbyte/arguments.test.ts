import { expect, test } from '@jest/globals';

import { UsageError } from '../../../src/cli/parser.ts';
import { parseArguments } from '../../../src/airbyte/arguments.ts';

async function parse(line: string): Promise<unknown> {
  return parseArguments(line.split(' ').filter((word) => word !== ''));
}

const none = { debug: false, config: '', catalog: '', state: undefined };

test.each([
  ['spec', { ...none, command: 'spec' }],
  ['check --config c.json', { ...none, command: 'check', config: 'c.json' }],
  ['--debug discover --config=c', { ...none, command: 'discover', debug: true, config: 'c' }],
  ['read --config c --catalog d', { ...none, command: 'read', config: 'c', catalog: 'd' }],
  [
    'read --config c --catalog d --state e --debug',
    { command: 'read', debug: true, config: 'c', catalog: 'd', state: 'e' },
  ],
])('`%s` is what the platform asks', async (line, expected) => {
  expect(await parse(line)).toEqual(expected);
});

test.each([
  ['', /^give one of the commands spec, check, discover, read\. --help shows all flags$/],
  ['chekc --config c', /^give one of the commands .* Did you mean check\? --help shows all flags$/],
  ['write --config c', /^give one of the commands/],
  ['check', /^check needs --config FILE$/],
  ['read', /^read needs --config FILE and --catalog FILE$/],
  ['read --config c', /^read needs --catalog FILE$/],
  ['spec --config c', /^spec does not take --config$/],
  ['check --config c --state s', /^check does not take --state$/],
  ['check --confg c', /^the flag --confg does not exist/],
  ['check c.json --config c', /^an argument of 6 characters belongs to no flag/],
])('`%s` is refused with the way to do it', async (line, says) => {
  await expect(parse(line)).rejects.toThrow(says);
  await expect(parse(line)).rejects.toBeInstanceOf(UsageError);
});

test.each([
  ['--help', /^source-zendesk-chat spec\n/],
  ['read --help', /--catalog {2}Configured catalog/],
  ['--version', /^source-zendesk-chat \d+\.\d+\.\d+$/],
])('`%s` is answered with a text', async (line, says) => {
  expect(await parse(line)).toMatch(says);
});
