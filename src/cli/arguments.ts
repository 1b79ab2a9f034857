import type { ConfigSources } from '../config/config.ts';
import { parseCommandLine, type Flag, type ParsedFlags } from './parser.ts';
import { ConfigError } from '../core/errors.ts';
import { parseLogLevel, type LogLevel } from '../core/logger.ts';
import type { RunContext } from './program.ts';
import type { Progress } from './progress.ts';

/** What a command is given beside its arguments. */
export interface CommandContext extends RunContext {
  readonly progress: Progress;
}

/** What the program is asked to do; `sync` unless an argument says otherwise. */
export type Command = 'sync' | 'discover' | 'check' | 'test' | 'test-schema' | 'about';

export type AboutFormat = 'text' | 'json' | 'markdown';

export interface SingerArguments {
  readonly command: Command;
  /** Files, the last one winning, and `ENV` for the environment. */
  readonly config: readonly string[];
  readonly catalog: string | undefined;
  readonly state: string | undefined;
  /** Patterns, in the place of a catalog. */
  readonly select: readonly string[];
  readonly startDate: string | undefined;
  readonly format: AboutFormat;
  /** Replaces the level that the environment sets. */
  readonly logLevel: LogLevel | undefined;
}

const examples = `Try it without an account (in a clone: npm run demo):
  zendesk-chat-sandbox demo

Is the token right, and what may it read?
  tap-zendesk-chat -c config.json --check

From nothing to a file of messages:
  tap-zendesk-chat -c config.json > messages.jsonl

Chats without their visitors, of this year, without a catalog file:
  tap-zendesk-chat -c config.json --start-date 2026-01-01 \\
    --select 'chats.*' --select '!chats.visitor' > messages.jsonl

Into a target, and later again from where that run ended:
  tap-zendesk-chat -c config.json | target-jsonl > states.jsonl
  tail -n 1 states.jsonl > state.json
  tap-zendesk-chat -c config.json -s state.json | target-jsonl > states.jsonl

Without a config file (variables, or a file .env in this folder):
  TAP_ZENDESK_CHAT_SUBDOMAIN=acme TAP_ZENDESK_CHAT_ACCESS_TOKEN=... \\
    tap-zendesk-chat --config=ENV > messages.jsonl

config.json needs two keys:
  {"subdomain": "acme", "access_token": "<Chat OAuth token, scopes read chat>"}`;

const usage = `$0 --config FILE [--catalog FILE] [--state FILE]
$0 --config FILE --check
$0 --discover
$0 login --subdomain NAME --client-id ID

Reads a Zendesk Chat account and writes it to stdout as Singer messages.
Logs go to stderr.`;

const files = { takes: 'a file name', isFile: true, group: 'Files:' } as const;
const choice = { group: 'What to read:' } as const;
const group = 'Instead of reading:';

const flags = {
  config: {
    ...files,
    takes: 'a file name, or ENV',
    mayRepeat: true,
    aliases: ['c'],
    describe:
      'JSON file with subdomain and access_token; several are merged, the last one wins; ENV: ' +
      'TAP_ZENDESK_CHAT_* variables and .env',
  },
  catalog: {
    ...files,
    aliases: ['properties', 'p'],
    describe: 'Which streams and fields; without it the default streams, whole',
  },
  state: {
    ...files,
    aliases: ['s'],
    describe: 'Where the last run ended: the value of its last STATE',
  },
  select: {
    ...choice,
    takes: "a pattern such as 'chats.*'",
    mayRepeat: true,
    describe: "Pattern of streams and fields, as 'chats.*' or '!chats.visitor'; may be repeated",
  },
  'start-date': {
    ...choice,
    takes: 'a date such as 2024-01-31',
    describe: "In the place of the config's start_date",
  },
  discover: {
    group,
    aliases: ['d'],
    describe: 'Print the catalog of all streams and fields; needs no network',
  },
  check: { group, describe: 'Ask each endpoint once: what may this token read?' },
  test: {
    group,
    takes: 'all or schema',
    isOptional: true,
    choices: ['all', 'schema'],
    describe: 'Read one record of each selected stream; =schema: print their SCHEMA messages',
  },
  about: { group, describe: 'Print what this program is and takes' },
  format: {
    group,
    takes: 'text, json or markdown',
    choices: ['text', 'json', 'markdown'],
    describe: 'How --about prints it',
  },
  'log-level': {
    group: 'Log:',
    takes: 'debug, info, warning, error or critical',
    describe:
      'debug, info, warning, error or critical; replaces TAP_ZENDESK_CHAT_LOGLEVEL and LOGLEVEL [default: info]',
  },
} as const satisfies Readonly<Record<string, Flag>>;

type SingerFlags = ParsedFlags<keyof typeof flags>['flags'];

function commandOf(parsed: SingerFlags): Command {
  const commands = (['discover', 'check', 'about', 'test'] as const).filter((name) => parsed[name]);
  if (commands.length > 1)
    throw new ConfigError('give one of --discover, --check, --test and --about at a time');
  const [command = 'sync'] = commands;
  return command === 'test' && parsed.test?.[0] === 'schema' ? 'test-schema' : command;
}

/** Flags that have no effect on some commands. Files do not count: Meltano names them whatever it asks for. */
const unusedFlags: Readonly<Partial<Record<Command, readonly (keyof SingerFlags)[]>>> = {
  about: ['select', 'start-date'],
  discover: ['start-date'],
};

function checkUnusedFlags(command: Command, parsed: SingerFlags): void {
  const name = unusedFlags[command]?.find((one) => parsed[one] !== undefined);
  if (name !== undefined)
    throw new ConfigError(`--${name} has no effect on --${command}: leave it out`);
}

function parseLogLevelFlag([word]: readonly string[] = []): LogLevel | undefined {
  const level = word === undefined ? undefined : parseLogLevel(word);
  if (word === undefined || level !== undefined) return level;
  const { takes } = flags['log-level'];
  throw new ConfigError(`--log-level takes ${takes}, not another value`);
}

function interpret({ flags: parsed }: ParsedFlags<keyof typeof flags>): SingerArguments {
  const { config = [], select = [] } = parsed;
  const catalog = parsed.catalog?.[0];
  const format = parsed.format?.[0];
  const command = commandOf(parsed);
  if (catalog !== undefined && select.length > 0)
    throw new ConfigError('give --catalog or --select: a catalog says already what is selected');
  if (format !== undefined && command !== 'about')
    throw new ConfigError('--format says how --about prints: give --about, too');
  checkUnusedFlags(command, parsed);
  return {
    command,
    config,
    catalog,
    state: parsed.state?.[0],
    select,
    startDate: parsed['start-date']?.[0],
    format: format === 'json' || format === 'markdown' ? format : 'text',
    logLevel: parseLogLevelFlag(parsed['log-level']),
  };
}

/** @returns the arguments, or the text that --help or --version asks for. @throws UsageError */
export async function parseArguments(argv: readonly string[]): Promise<SingerArguments | string> {
  const program = 'tap-zendesk-chat';
  const line = { program, usage, flags, group, epilogue: examples, maxPositionals: 0, interpret };
  return parseCommandLine(line, argv);
}

/** Where the command line says that the config is. */
export function configSources(args: SingerArguments, env: RunContext['env']): ConfigSources {
  return { files: args.config, settings: { start_date: args.startDate ?? null }, env };
}
