import type { ConfigSources } from '../config/config.ts';
import { parseCommandLine, type Flag, type ParsedFlags } from './parser.ts';
import { ConfigError } from '../core/errors.ts';
import { parseLogLevel, type LogLevel } from '../core/logger.ts';
import { epilogue, usage } from './help.ts';
import type { RunContext } from './program.ts';
import type { Progress } from './progress.ts';

/** The environment of a command. */
export interface CommandContext extends RunContext {
  readonly progress: Progress;
}

/** The command. Default: `sync`. */
export type Command = 'sync' | 'discover' | 'check' | 'test' | 'test-schema' | 'about';

export type AboutFormat = 'text' | 'json' | 'markdown';

export interface SingerArguments {
  readonly command: Command;
  /** Files, where a later one takes precedence, and `ENV` for the environment. */
  readonly config: readonly string[];
  readonly catalog: string | undefined;
  readonly state: string | undefined;
  /** Patterns that replace a catalog. */
  readonly select: readonly string[];
  readonly startDate: string | undefined;
  readonly endDate: string | undefined;
  readonly format: AboutFormat;
  /** Replaces the level that the environment sets. */
  readonly logLevel: LogLevel | undefined;
}

const files = { takes: 'a file name', isFile: true, group: 'Files:' } as const;
const choice = { group: 'What to read:' } as const;
const group = 'Commands (default: read the streams):';

const flags = {
  config: {
    ...files,
    takes: 'a file name, or ENV',
    mayRepeat: true,
    aliases: ['c'],
    describe:
      'JSON file with settings, or ENV for environment variables. Can be repeated: the last one overrides the others',
  },
  catalog: {
    ...files,
    aliases: ['properties', 'p'],
    describe:
      'JSON file that selects streams and fields. Default: the default streams with all fields',
  },
  state: {
    ...files,
    aliases: ['s'],
    describe: 'JSON file with the last state of the previous run. Default: read from start_date',
  },
  select: {
    ...choice,
    takes: "a pattern such as 'chats.*'",
    mayRepeat: true,
    describe:
      "Pattern of streams and fields, such as 'chats.*' or '!chats.visitor'. Can be repeated",
  },
  'start-date': {
    ...choice,
    takes: 'a date such as 2024-01-31',
    describe: 'Date such as 2024-01-31. Overrides start_date of the config',
  },
  'end-date': {
    ...choice,
    takes: 'a date such as 2024-12-31',
    describe: 'Date such as 2024-12-31. Overrides end_date of the config',
  },
  discover: {
    group,
    aliases: ['d'],
    describe: 'Print the catalog. Needs neither network nor config',
  },
  check: { group, describe: 'Print what the token can read, and estimate a long run' },
  test: {
    group,
    takes: 'all or schema',
    isOptional: true,
    choices: ['all', 'schema'],
    describe:
      'Read one record of each stream and discard it (all, the default), or print SCHEMA messages',
  },
  about: { group, describe: 'Print a description of the program and its settings' },
  format: {
    group,
    takes: 'text, json or markdown',
    choices: ['text', 'json', 'markdown'],
    describe: 'Format of --about',
  },
  'log-level': {
    group: 'Log:',
    takes: 'debug, info, warning, error or critical',
    describe:
      'debug, info, warning, error or critical; replaces TAP_ZENDESK_CHAT_LOGLEVEL and LOGLEVEL [default: info]',
  },
} as const satisfies Readonly<Record<string, Flag>>;

/** Flags of other taps and tools, and settings that look like flags. */
const hints: Readonly<Record<string, string>> = {
  '--full-refresh': 'To read everything again, omit --state.',
  '--subdomain': 'It is a setting of the config: give --config FILE.',
  '--access-token': 'It is a setting of the config: give --config FILE.',
};

type SingerFlags = ParsedFlags<keyof typeof flags>['flags'];

function commandOf(parsed: SingerFlags): Command {
  const commands = (['discover', 'check', 'about', 'test'] as const).filter((name) => parsed[name]);
  if (commands.length > 1)
    throw new ConfigError('use only one of --discover, --check, --test and --about');
  const [command = 'sync'] = commands;
  return command === 'test' && parsed.test?.[0] === 'schema' ? 'test-schema' : command;
}

/** Flags without effect on a command. File flags are always accepted, because Meltano passes them to every command. */
const unusedFlags: Readonly<Partial<Record<Command, readonly (keyof SingerFlags)[]>>> = {
  about: ['select', 'start-date', 'end-date'],
  discover: ['start-date', 'end-date'],
};

function checkUnusedFlags(command: Command, parsed: SingerFlags): void {
  const name = unusedFlags[command]?.find((one) => parsed[one] !== undefined);
  if (name !== undefined)
    throw new ConfigError(`--${name} has no effect on --${command}: remove it`);
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
    throw new ConfigError(
      'use either --catalog or --select: a catalog already contains a selection',
    );
  if (format !== undefined && command !== 'about')
    throw new ConfigError('--format is the format of --about: add --about');
  checkUnusedFlags(command, parsed);
  return {
    command,
    config,
    catalog,
    state: parsed.state?.[0],
    select,
    startDate: parsed['start-date']?.[0],
    endDate: parsed['end-date']?.[0],
    format: format === 'json' || format === 'markdown' ? format : 'text',
    logLevel: parseLogLevelFlag(parsed['log-level']),
  };
}

/** @returns The arguments, or the text for --help or --version. @throws UsageError */
export async function parseArguments(argv: readonly string[]): Promise<SingerArguments | string> {
  const program = 'tap-zendesk-chat';
  const texts = { program, usage, group, epilogue, hints, commands: ['login'] };
  return parseCommandLine({ ...texts, flags, maxPositionals: 0, interpret }, argv);
}

/** The sources of the config on the command line. */
export function configSources(args: SingerArguments, env: RunContext['env']): ConfigSources {
  return {
    files: args.config,
    settings: { start_date: args.startDate ?? null, end_date: args.endDate ?? null },
    env,
  };
}
