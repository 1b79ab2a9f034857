/** An invalid or empty command line: one sentence, exit code 2, no request, and no possible secret. */
import { expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { errorsOf, messagesOf, runIn } from '../support/run-source.ts';
import { runTap } from '../support/run-tap.ts';
import { askedPaths, leaks, withSandbox } from '../support/with-sandbox.ts';

const secret = 'SECRET12345';
const inline = `{"subdomain":"a","access_token":"${secret}"}`;

/** Arguments after a valid `--config`, and the errors about them. */
type Wrong = readonly [args: readonly string[], says: string];

function noFlag(what: string, meant = ''): string {
  const question = meant === '' ? '' : ` Did you mean ${meant}?`;
  return `${what} does not exist.${question} --help shows all flags`;
}

const noValue = (flag: string): string => `${flag} takes no value: write ${flag} alone`;
const twice = (flag: string): string => `${flag} is given twice: use it once`;
const empty = (flag: string, takes: string): string =>
  `the value of ${flag} is empty: give ${takes} (is a variable not set?)`;
const content = (flag: string, takes: string): string =>
  `${flag} takes ${takes}, not the content of one: save the content in a file and give the file name`;
const stray = (length: number, meant = ''): string =>
  `an argument of ${length} characters belongs to no flag.${meant && ` Did you mean ${meant}?`} --help shows all flags`;

/** Invalid in both programs, with the same error. */
const wrong: readonly Wrong[] = [
  [['--confg', 'c.json'], noFlag('the flag --confg', '--config')],
  [[`--nothing=${secret}`], noFlag('the flag --nothing')],
  [[`--${secret}`], noFlag('a flag of 13 characters')],
  [[`-${secret}`], noFlag('a flag of 12 characters')],
  [['--Catalog', 'c.json'], noFlag('a flag of 9 characters', '--catalog')],
  [[`--state.${secret}`, '1'], noFlag('a flag of 19 characters', '--state')],
  [['-state', 's.json'], noFlag('a flag of 6 characters', '--state')],
  [['--no-config'], noFlag('the flag --no-config', '--config')],
  [['--help=no'], noValue('--help')],
  [[`--version=${secret}`], noValue('--version')],
  [['--state'], '--state needs a value: a file name'],
  [['--state', '--catalog', 'c'], '--state needs a value: a file name'],
  [['--state='], empty('--state', 'a file name')],
  [['--state', ' \t'], empty('--state', 'a file name')],
  [['--state', 'a', '--state=b'], twice('--state')],
  [['--state', inline], content('--state', 'a file name')],
  [['--state', `'${inline}'`], content('--state', 'a file name')],
  [['--catalog', `streams:\n- ${secret}`], content('--catalog', 'a file name')],
  [['config'], stray(6, '--config')],
  [['--', secret], stray(11)],
  [[secret], stray(11)],
];

const inConfig = 'It is a setting of the config: give --config FILE.';
const omitState = 'To read everything again, omit --state.';

/** The error does not repeat a flag in another style. */
function shown(flag: string): string {
  const [name = ''] = flag.split('=');
  return /^[a-z_-]+$/.test(name) ? `the flag ${name}` : `a flag of ${name.length} characters`;
}

const wrongInTap: readonly Wrong[] = [
  ...wrong,
  [['-d=true'], noValue('-d')],
  [['--discover', 'false'], stray(5)],
  [['-dc', 'c'], noFlag('a flag of 3 characters')],
  [['--startDate', '2024-01-01'], noFlag('a flag of 11 characters', '--start-date')],
  [['--chek'], noFlag('the flag --chek', '--check')],
  [['check'], stray(5, '--check')],
  [['discover'], stray(8, '--discover')],
  [['discovr'], stray(7, '--discover')],
  [['logn'], stray(4, 'login')],
  [
    ['--subdomain', 'acme'],
    `the flag --subdomain does not exist. ${inConfig} --help shows all flags`,
  ],
  [
    [`--access-token=${secret}`],
    `the flag --access-token does not exist. ${inConfig} --help shows all flags`,
  ],
  [['--start_date', '2024-01-01'], noFlag('the flag --start_date', '--start-date')],
  ...['--full-refresh', '--full-refresh=1', '--full_refresh', '--fullRefresh'].map(
    (flag): Wrong => [[flag], `${shown(flag)} does not exist. ${omitState} --help shows all flags`],
  ),
  [[`--someFlag=${secret}`], noFlag('a flag of 10 characters')],
  [['--some-flag', secret], noFlag('the flag --some-flag')],
  [['--end-date', ''], empty('--end-date', 'a date such as 2024-12-31')],
  [
    ['--end-date', '31/12/2024'],
    'end_date is "31/12/2024", which is not an ISO date: write 2024-12-31.',
  ],
  [
    ['--start-date=2024-02-01', '--end-date=2024-01-01'],
    'end_date must be later than start_date, which is 2024-02-01T00:00:00Z.',
  ],
  [['--check', '--check'], twice('--check')],
  [['-p', 'a', '--properties', 'b'], twice('--catalog')],
  [[`-c=  ${inline}`], content('-c', 'a file name, or ENV')],
  [['--start-date', ''], empty('--start-date', 'a date such as 2024-01-31')],
  [['--select=  '], empty('--select', "a pattern such as 'chats.*'")],
  [['--test=some'], '--test takes all or schema, not another value.'],
  [
    ['--log-level', 'loud'],
    '--log-level takes debug, info, warning, error or critical, not another value',
  ],
  [['--test='], empty('--test', 'all or schema')],
  [
    ['--about', '--format=jsn'],
    '--format takes text, json or markdown, not another value. Did you mean json?',
  ],
  [
    ['--select', 'chats.visitr'],
    '--select: "chats.visitr" matches no stream or column. Did you mean chats.visitor?',
  ],
  [['--format', 'json'], '--format is the format of --about: add --about'],
  [['--about', '--select', 'chats'], '--select has no effect on --about: remove it'],
  [
    ['--discover', '--start-date', '2024-01-01'],
    '--start-date has no effect on --discover: remove it',
  ],
  [['--discover', '--check'], 'use only one of --discover, --check, --test and --about'],
  [
    ['--catalog', 'a.json', '--select', 'chats'],
    'use either --catalog or --select: a catalog already contains a selection',
  ],
];

async function inSandbox<T>(
  work: (sandbox: Sandbox) => Promise<T>,
): Promise<{ readonly result: T; readonly asked: readonly string[] }> {
  return withSandbox({}, async (sandbox) => {
    const result = await work(sandbox);
    return { result, asked: askedPaths(sandbox) };
  });
}

test.each(wrongInTap)('The tap refuses %j in one sentence', async (args, says) => {
  const { result, asked } = await inSandbox((sandbox) =>
    runTap({ config: sandbox.config, args, sandboxUrl: sandbox.url }),
  );
  expect(result).toMatchObject({ code: 2, stdout: '', stderr: `CRITICAL ${says}\n` });
  expect(leaks(result, secret)).toEqual([]);
  expect(asked).toEqual([]);
});

test.each([
  { args: ['--log-level', 'debug'], env: { TAP_ZENDESK_CHAT_LOGLEVEL: 'critical' }, logs: true },
  { args: ['--log-level=CRITICAL'], env: { TAP_ZENDESK_CHAT_LOGLEVEL: 'debug' }, logs: false },
])('$args sets the level, regardless of the environment', async ({ args, env, logs }) => {
  const { result } = await inSandbox((sandbox) =>
    runTap({ config: sandbox.config, args, env, sandboxUrl: sandbox.url }),
  );
  expect(result.code).toBe(0);
  expect(result.stderr.includes('INFO ')).toBe(logs);
});

const wrongInSource: readonly Wrong[] = [
  ...wrong,
  [['--debug=false'], noValue('--debug')],
  [['--config', 'b.json'], twice('--config')],
  [['--state', 's.json'], 'check does not take --state'],
];

test.each(wrongInSource)('The source refuses %j in one sentence', async (args, says) => {
  const { result, asked } = await inSandbox((sandbox) => runIn(sandbox, { verb: 'check', args }));
  expect(result.code).toBe(1);
  expect(messagesOf(result)).toHaveLength(1);
  expect(errorsOf(result)).toMatchObject([{ message: says, failure_type: 'config_error' }]);
  expect(result.stderr).toBe(`CRITICAL ${says}\n`);
  expect(`${result.stderr}${result.stdout.toString()}`).not.toContain(secret);
  expect(asked).toEqual([]);
});

test.each([
  { args: ['--confg', '--help'], says: /^tap-zendesk-chat --config FILE/ },
  { args: [secret, '-h'], says: /^tap-zendesk-chat --config FILE/ },
  { args: ['--state', '--version'], says: /^tap-zendesk-chat \d+\.\d+\.\d+\n$/ },
])('$args works despite other errors', async ({ args, says }) => {
  const result = await runTap({ args });
  expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(says), stderr: '' });
});
