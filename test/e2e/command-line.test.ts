/** A wrong command line, or an empty one: one sentence, exit code 1, no request, and nothing of what may be a secret. */
import { expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/server.ts';
import { errorsOf, messagesOf, runIn } from '../helpers/run-source.ts';
import { runTap } from '../helpers/run-tap.ts';
import { askedPaths, leaks, withSandbox } from '../helpers/with-sandbox.ts';

const secret = 'SECRET12345';
const inline = `{"subdomain":"a","access_token":"${secret}"}`;

interface Wrong {
  /** Behind a good `--config`. */
  readonly args: readonly string[];
  readonly says: string;
}

/** Wrong in both programs, in the same words. */
const wrong: readonly Wrong[] = [
  {
    args: ['--confg', 'c.json'],
    says: 'the flag --confg does not exist. Did you mean --config? --help shows all flags',
  },
  {
    args: ['--stat', 's.json'],
    says: 'the flag --stat does not exist. Did you mean --state? --help shows all flags',
  },
  {
    args: [`--nothing=${secret}`],
    says: 'the flag --nothing does not exist. --help shows all flags',
  },
  { args: [`--${secret}`], says: 'a flag of 13 characters does not exist. --help shows all flags' },
  { args: [`-${secret}`], says: 'a flag of 12 characters does not exist. --help shows all flags' },
  {
    args: ['--Catalog', 'c.json'],
    says: 'a flag of 9 characters does not exist. Did you mean --catalog? --help shows all flags',
  },
  {
    args: [`--state.${secret}`, '1'],
    says: 'a flag of 19 characters does not exist. Did you mean --state? --help shows all flags',
  },
  {
    args: ['-state', 's.json'],
    says: 'a flag of 6 characters does not exist. Did you mean --state? --help shows all flags',
  },
  {
    args: ['--no-config'],
    says: 'the flag --no-config does not exist. Did you mean --config? --help shows all flags',
  },
  { args: ['--help=no'], says: '--help takes no value: write --help alone' },
  { args: [`--version=${secret}`], says: '--version takes no value: write --version alone' },
  { args: ['--state'], says: '--state needs a value: a file name' },
  { args: ['--state', '--catalog', 'c'], says: '--state needs a value: a file name' },
  {
    args: ['--state='],
    says: 'the value of --state is empty: give a file name (is a variable not set?)',
  },
  {
    args: ['--state', ' \t'],
    says: 'the value of --state is empty: give a file name (is a variable not set?)',
  },
  { args: ['--state', 'a', '--state=b'], says: '--state is given twice: give it once' },
  {
    args: ['--state', inline],
    says: '--state takes a file name, not the content of one: write the content into a file and give its name',
  },
  {
    args: ['--state', `'${inline}'`],
    says: '--state takes a file name, not the content of one: write the content into a file and give its name',
  },
  {
    args: ['--catalog', `streams:\n- ${secret}`],
    says: '--catalog takes a file name, not the content of one: write the content into a file and give its name',
  },
  {
    args: ['--', secret],
    says: 'an argument of 11 characters belongs to no flag; --help shows all flags',
  },
  {
    args: [secret],
    says: 'an argument of 11 characters belongs to no flag; --help shows all flags',
  },
];

const wrongInTap: readonly Wrong[] = [
  ...wrong,
  { args: ['--discover=false'], says: '--discover takes no value: write --discover alone' },
  { args: ['-d=true'], says: '-d takes no value: write -d alone' },
  {
    args: ['--discover', 'false'],
    says: 'an argument of 5 characters belongs to no flag; --help shows all flags',
  },
  {
    args: ['--no-check'],
    says: 'the flag --no-check does not exist. Did you mean --check? --help shows all flags',
  },
  { args: ['-dc', 'c'], says: 'a flag of 3 characters does not exist. --help shows all flags' },
  {
    args: ['--startDate', '2024-01-01'],
    says: 'a flag of 11 characters does not exist. Did you mean --start-date? --help shows all flags',
  },
  { args: ['--check', '--check'], says: '--check is given twice: give it once' },
  { args: ['-p', 'a', '--properties', 'b'], says: '--catalog is given twice: give it once' },
  {
    args: ['--config', inline],
    says: '--config takes a file name, or ENV, not the content of one: write the content into a file and give its name',
  },
  {
    args: [`-c=  ${inline}`],
    says: '-c takes a file name, or ENV, not the content of one: write the content into a file and give its name',
  },
  {
    args: ['--start-date', ''],
    says: 'the value of --start-date is empty: give a date such as 2024-01-31 (is a variable not set?)',
  },
  {
    args: ['--select=  '],
    says: "the value of --select is empty: give a pattern such as 'chats.*' (is a variable not set?)",
  },
  { args: ['--test=some'], says: '--test takes all or schema, not another value.' },
  {
    args: ['--test='],
    says: 'the value of --test is empty: give all or schema (is a variable not set?)',
  },
  {
    args: ['--about', '--format=jsn'],
    says: '--format takes text, json or markdown, not another value. Did you mean json?',
  },
  {
    args: ['--select', 'chats.visitr'],
    says: '--select: "chats.visitr" matches no stream and no column. Did you mean chats.visitor?',
  },
  {
    args: ['--about', '--format', secret],
    says: '--format takes text, json or markdown, not another value.',
  },
  {
    args: ['--about', '--format', 'json', '--format', 'json'],
    says: '--format is given twice: give it once',
  },
  { args: ['--format', 'json'], says: '--format says how --about prints: give --about, too' },
  {
    args: ['--about', '--select', 'chats'],
    says: '--select has no effect on --about: leave it out',
  },
  {
    args: ['--discover', '--start-date', '2024-01-01'],
    says: '--start-date has no effect on --discover: leave it out',
  },
  {
    args: ['--discover', '--check'],
    says: 'give one of --discover, --check, --test and --about at a time',
  },
  {
    args: ['--catalog', 'a.json', '--select', 'chats'],
    says: 'give --catalog or --select: a catalog says already what is selected',
  },
];

async function inSandbox<T>(
  work: (sandbox: Sandbox) => Promise<T>,
): Promise<{ readonly result: T; readonly asked: readonly string[] }> {
  return withSandbox({}, async (sandbox) => {
    const result = await work(sandbox);
    return { result, asked: askedPaths(sandbox) };
  });
}

test.each(wrongInTap)('The tap refuses $args in one sentence', async ({ args, says }) => {
  const { result, asked } = await inSandbox((sandbox) =>
    runTap({ config: sandbox.config, args, sandboxUrl: sandbox.url }),
  );
  expect(result).toMatchObject({ code: 1, stdout: '', stderr: `CRITICAL ${says}\n` });
  expect(leaks(result, secret)).toEqual([]);
  expect(asked).toEqual([]);
});

const wrongInSource: readonly Wrong[] = [
  ...wrong,
  { args: ['--debug=false'], says: '--debug takes no value: write --debug alone' },
  { args: ['--config', 'b.json'], says: '--config is given twice: give it once' },
  { args: ['--state', 's.json'], says: 'check takes no --state' },
];

test.each(wrongInSource)('The source refuses $args in one sentence', async ({ args, says }) => {
  const { result, asked } = await inSandbox((sandbox) => runIn(sandbox, { verb: 'check', args }));
  expect(result.code).toBe(1);
  expect(messagesOf(result)).toHaveLength(1);
  expect(errorsOf(result)).toMatchObject([{ message: says, failure_type: 'config_error' }]);
  expect(result.stderr).toMatch(/^source-zendesk-chat spec\n/);
  expect(result.stderr.split('\n\n').at(-1)).toBe(`${says}\n`);
  expect(`${result.stderr}${result.stdout.toString()}`).not.toContain(secret);
  expect(asked).toEqual([]);
});

test.each([
  { args: ['--confg', '--help'], says: /^tap-zendesk-chat --config FILE/ },
  { args: [secret, '-h'], says: /^tap-zendesk-chat --config FILE/ },
  { args: ['--state', '--version'], says: /^tap-zendesk-chat \d+\.\d+\.\d+\n$/ },
])('$args is answered, whatever else is wrong', async ({ args, says }) => {
  const result = await runTap({ args });
  expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(says), stderr: '' });
});
