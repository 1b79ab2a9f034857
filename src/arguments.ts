import { createParser, parseWith } from './command-line.ts';
import { ConfigError } from './errors.ts';

/** What the program is asked to do; `sync` unless an argument says otherwise. */
export type Task = 'sync' | 'discover' | 'check' | 'test' | 'test-schema' | 'about';

export type AboutFormat = 'text' | 'json' | 'markdown';

/** The Singer program's arguments. */
export interface SingerArguments {
  readonly task: Task;
  /** Files, the last one winning, and `ENV` for the environment. */
  readonly config: readonly string[];
  readonly catalog: string | undefined;
  readonly state: string | undefined;
  /** Patterns, in the place of a catalog. */
  readonly select: readonly string[];
  readonly startDate: string | undefined;
  readonly format: AboutFormat;
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

Reads a Zendesk Chat account and writes it to stdout as Singer messages.
Logs go to stderr.`;

const file = { type: 'string', requiresArg: true, group: 'Files:' } as const;
const choice = { type: 'string', requiresArg: true, group: 'What to read:' } as const;
const instead = { group: 'Instead of reading:' } as const;
const flag = { type: 'boolean', default: false, ...instead } as const;

const options = {
  config: {
    ...file,
    alias: 'c',
    describe:
      'JSON file with subdomain and access_token; several are merged, the last one wins; ENV: ' +
      'TAP_ZENDESK_CHAT_* variables and .env',
  },
  catalog: {
    ...file,
    alias: ['properties', 'p'],
    describe: 'Which streams and fields; without it the default streams, whole',
  },
  state: { ...file, alias: 's', describe: 'Where the last run ended: the value of its last STATE' },
  select: {
    ...choice,
    describe: "Pattern of streams and fields, as 'chats.*' or '!chats.visitor'; may be repeated",
  },
  'start-date': { ...choice, describe: "In the place of the config's start_date" },
  discover: {
    ...flag,
    alias: 'd',
    describe: 'Print the catalog of all streams and fields; needs no network',
  },
  check: { ...flag, describe: 'Ask each endpoint once: what may this token read?' },
  test: {
    type: 'string',
    ...instead,
    choices: ['', 'all', 'schema'],
    describe: 'Read one record of each selected stream; =schema: print their SCHEMA messages',
  },
  about: { ...flag, describe: 'Print what this program is and takes' },
  format: {
    type: 'string',
    ...instead,
    choices: ['text', 'json', 'markdown'],
    describe: 'How --about prints it',
  },
} as const;

interface Given {
  readonly discover: boolean;
  readonly check: boolean;
  readonly about: boolean;
  readonly test?: string | readonly string[] | undefined;
}

function taskOf({ discover, check, about, test }: Given): Task {
  const asked: Task[] = [];
  if (discover) asked.push('discover');
  if (check) asked.push('check');
  if (about) asked.push('about');
  if (test !== undefined) asked.push(once(test, '--test') === 'schema' ? 'test-schema' : 'test');
  const [task = 'sync', ...more] = asked;
  if (more.length > 0)
    throw new ConfigError('give one of --discover, --check, --test and --about at a time');
  return task;
}

/**
 * Parses the command line with yargs.
 * @returns the arguments, or the text that --help or --version asks for
 * @throws ConfigError for an argument that does not exist, stands twice or does not go with another
 */
export async function parseArguments(argv: readonly string[]): Promise<SingerArguments | string> {
  const parser = createParser('tap-zendesk-chat')
    .usage(usage)
    .options(options)
    .group(['help', 'version'], 'Instead of reading:')
    .epilogue(examples)
    .strict()
    .fail((message: string, error?: Error) => {
      throw new ConfigError(`${message || error?.message}; --help shows the arguments`);
    });
  const { args, shown } = await parseWith(parser, argv);
  if (shown !== undefined) return shown;
  const catalog = once(args.catalog, '--catalog');
  const select = listOf(args.select);
  if (catalog !== undefined && select.length > 0)
    throw new ConfigError('give --catalog or --select: a catalog says already what is selected');
  return {
    task: taskOf(args),
    config: listOf(args.config),
    catalog,
    state: once(args.state, '--state'),
    select,
    startDate: once(args['start-date'], '--start-date'),
    format: args.format ?? 'text',
  };
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : [value].flat();
}

/** yargs makes a list of an option that is given twice. @throws ConfigError for one that is. */
export function once(
  value: string | readonly string[] | undefined,
  name: string,
): string | undefined {
  if (typeof value === 'object') throw new ConfigError(`${name} is given twice; give it once`);
  return value;
}
