import { parseCommandLine, type Flag, type ParsedFlags } from '../cli/parser.ts';
import { ConfigError } from '../core/errors.ts';
import { didYouMean } from '../core/suggestions.ts';

/** What the platform asks for; `''` is a file that the command does not need. */
export interface AirbyteArguments {
  readonly command: Command;
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

/** The commands, each with its files; of these a state alone may be left out. */
const commands = {
  spec: [],
  check: ['config'],
  discover: ['config'],
  read: ['config', 'catalog', 'state'],
} as const;

export type Command = keyof typeof commands;

function isCommand(word: string): word is Command {
  return Object.hasOwn(commands, word);
}

function interpret({
  flags: { debug, ...files },
  positionals: [command = ''],
}: ParsedFlags<keyof typeof flags>): AirbyteArguments {
  const names = Object.keys(commands);
  if (!isCommand(command))
    throw new ConfigError(`say what to do: ${names.join(', ')}.${didYouMean(command, names)}`);
  const known: readonly string[] = commands[command];
  const missing = known.filter((name) => name !== 'state' && !Object.hasOwn(files, name));
  const needed = missing.map((name) => `--${name} FILE`).join(' and ');
  if (missing.length > 0) throw new ConfigError(`${command} needs ${needed}`);
  const unexpected = Object.keys(files).find((name) => !known.includes(name));
  if (unexpected !== undefined) throw new ConfigError(`${command} takes no --${unexpected}`);
  const { config: [config = ''] = [], catalog: [catalog = ''] = [], state: [state] = [] } = files;
  return { command, debug: debug !== undefined, config, catalog, state };
}

/** @returns the arguments, or the text that --help or --version asks for. @throws UsageError */
export async function parseArguments(argv: readonly string[]): Promise<AirbyteArguments | string> {
  const program = 'source-zendesk-chat';
  return parseCommandLine({ program, usage, flags, maxPositionals: 1, interpret }, argv);
}
