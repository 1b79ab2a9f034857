import { parseCommandLine, type Flag, type ParsedFlags } from '../cli/parser.ts';
import { ConfigError } from '../core/errors.ts';
import { didYouMean } from '../core/quoting.ts';

/** What the platform asks for; `''` is a file that the verb does not need. */
export interface AirbyteArguments {
  readonly verb: Verb;
  readonly debug: boolean;
  readonly config: string;
  readonly catalog: string;
  readonly state: string | undefined;
}

const usage = `$0 spec
$0 check    --config FILE
$0 discover --config FILE
$0 read     --config FILE --catalog FILE [--state FILE]

Reads a Zendesk Chat account as a source of Airbyte's: messages go to stdout.`;

const file = { takes: 'a file name', isFile: true, group: 'Files:' } as const;

const flags = {
  config: { ...file, describe: 'JSON file with subdomain and credentials' },
  catalog: { ...file, describe: 'The configured catalog of a connection' },
  state: { ...file, describe: 'Where the last sync ended' },
  debug: { describe: 'Log what a maintainer needs, too' },
} as const satisfies Readonly<Record<string, Flag>>;

/** The verbs, each with its files; of these a state alone may be left out. */
const commands = {
  spec: [],
  check: ['config'],
  discover: ['config'],
  read: ['config', 'catalog', 'state'],
} as const;

export type Verb = keyof typeof commands;

function isVerb(word: string): word is Verb {
  return Object.hasOwn(commands, word);
}

function interpret({
  flags: { debug, ...files },
  positionals: [verb = ''],
}: ParsedFlags<keyof typeof flags>): AirbyteArguments {
  const verbs = Object.keys(commands);
  if (!isVerb(verb))
    throw new ConfigError(`say what to do: ${verbs.join(', ')}.${didYouMean(verb, verbs)}`);
  const known: readonly string[] = commands[verb];
  const missing = known.filter((name) => name !== 'state' && !Object.hasOwn(files, name));
  if (missing.length > 0)
    throw new ConfigError(`${verb} needs ${missing.map((name) => `--${name} FILE`).join(' and ')}`);
  const strange = Object.keys(files).find((name) => !known.includes(name));
  if (strange !== undefined) throw new ConfigError(`${verb} takes no --${strange}`);
  const { config: [config = ''] = [], catalog: [catalog = ''] = [], state: [state] = [] } = files;
  return { verb, debug: debug !== undefined, config, catalog, state };
}

/**
 * @returns the arguments, or the text that --help or --version asks for
 * @throws UsageError for a command line the protocol does not know
 */
export async function parseArguments(argv: readonly string[]): Promise<AirbyteArguments | string> {
  const program = 'source-zendesk-chat';
  return parseCommandLine({ program, usage, flags, maxPositionals: 1, interpret }, argv);
}
