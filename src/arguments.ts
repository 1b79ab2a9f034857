import { ConfigError } from './errors.ts';
import { programVersion } from './assemble.ts';

/** The Singer program's arguments. */
export interface SingerArguments {
  readonly config: string | undefined;
  readonly catalog: string | undefined;
  readonly state: string | undefined;
  readonly discover: boolean;
}

const examples = `Try it without an account (in a clone: npm run demo):
  zendesk-chat-sandbox demo

From nothing to a file of messages:
  tap-zendesk-chat -c config.json > messages.jsonl

Into a target, and later again from where that run ended:
  tap-zendesk-chat -c config.json | target-jsonl > states.jsonl
  tail -n 1 states.jsonl > state.json
  tap-zendesk-chat -c config.json -s state.json | target-jsonl > states.jsonl

config.json needs two keys:
  {"subdomain": "acme", "access_token": "<Chat OAuth token, scopes read chat>"}`;

const usage = `$0 --config FILE [--catalog FILE] [--state FILE]
$0 --discover

Reads a Zendesk Chat account and writes it to stdout as Singer messages.
Logs go to stderr.`;

const file = { type: 'string', requiresArg: true, group: 'Files:' } as const;

const options = {
  config: { ...file, alias: 'c', describe: 'JSON file with subdomain and access_token' },
  catalog: {
    ...file,
    alias: ['properties', 'p'],
    describe: 'Which streams and fields; without it the default streams, whole',
  },
  state: { ...file, alias: 's', describe: 'Where the last run ended: the value of its last STATE' },
  discover: {
    type: 'boolean',
    alias: 'd',
    default: false,
    describe: 'Print the catalog of all streams and fields; needs no network',
    group: 'Instead of reading:',
  },
} as const;

/** What yargs adds to each option; it says nothing that the description does not. */
const typeMarks = /\s*\[(?:string|boolean)\](?:\s*\[default: false\])?/g;

/**
 * Parses the command line with yargs.
 * @returns the arguments, or the text that --help or --version asks for
 * @throws ConfigError for an argument that does not exist or stands twice
 */
export async function parseArguments(argv: readonly string[]): Promise<SingerArguments | string> {
  const { default: yargs } = await import('yargs');
  const parser = yargs()
    .scriptName('tap-zendesk-chat')
    .usage(usage)
    .options(options)
    .group(['help', 'version'], 'Instead of reading:')
    .help('help', 'Show this text')
    .alias('help', 'h')
    .version('version', 'Show the version', `tap-zendesk-chat ${programVersion()}`)
    .epilogue(examples)
    .strict()
    .exitProcess(false)
    .wrap(80)
    .fail((message: string, error?: Error) => {
      throw new ConfigError(`${message || error?.message}; --help shows the arguments`);
    });
  let shown = '';
  const args = await parser.parseAsync([...argv], {}, (_error, _args, output: string) => {
    shown = output.replaceAll(typeMarks, '');
  });
  if (shown !== '') return shown;
  return {
    config: once(args.config, '--config'),
    catalog: once(args.catalog, '--catalog'),
    state: once(args.state, '--state'),
    discover: args.discover,
  };
}

/** yargs makes a list of an option that is given twice. @throws ConfigError for one that is. */
export function once(
  value: string | readonly string[] | undefined,
  name: string,
): string | undefined {
  if (typeof value === 'object') throw new ConfigError(`${name} is given twice; give it once`);
  return value;
}
