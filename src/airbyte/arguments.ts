import { parseCommandLine, type Flag, type ParsedFlags } from '../cli/parser.ts';
import { ConfigError } from '../core/errors.ts';
import { didYouMean } from '../core/suggestions.ts';

/** The parsed command line. A file that the command does not use is `''`. */
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

Airbyte source for Zendesk Chat. Writes Airbyte messages to stdout.`;

const epilogue = `Exit codes:
  0  Success. check also exits with 0 if its CONNECTION_STATUS is FAILED
  1  A failure. A TRACE message has the reason and its kind`;

const file = { takes: 'a file name', isFile: true, group: 'Files:' } as const;

const flags = {
  config: { ...file, describe: 'JSON file with subdomain and credentials' },
  catalog: { ...file, describe: 'Configured catalog of the connection' },
  state: { ...file, describe: 'State of the last sync' },
  debug: { describe: 'Log debug messages, too' },
} as const satisfies Readonly<Record<string, Flag>>;

/** The commands and the files that they take. Only the state is optional. */
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
    throw new ConfigError(
      `give one of the commands ${names.join(', ')}.${didYouMean(command, names)} --help shows all flags`,
    );
  const known: readonly string[] = commands[command];
  const missing = known.filter((name) => name !== 'state' && !Object.hasOwn(files, name));
  const needed = missing.map((name) => `--${name} FILE`).join(' and ');
  if (missing.length > 0) throw new ConfigError(`${command} needs ${needed}`);
  const unexpected = Object.keys(files).find((name) => !known.includes(name));
  if (unexpected !== undefined) throw new ConfigError(`${command} does not take --${unexpected}`);
  const { config: [config = ''] = [], catalog: [catalog = ''] = [], state: [state] = [] } = files;
  return { command, debug: debug !== undefined, config, catalog, state };
}

/** @returns The arguments, or the text for --help or --version. @throws UsageError */
export async function parseArguments(argv: readonly string[]): Promise<AirbyteArguments | string> {
  const program = 'source-zendesk-chat';
  const line = { program, usage, flags, epilogue, maxPositionals: 1, interpret };
  return parseCommandLine(line, argv);
}
