import { parseCommandLine, type Flag, type Given } from '../command-line.ts';
import { ConfigError } from '../errors.ts';
import { didYouMean } from '../wording.ts';

/** What the platform asks for. */
export type AirbyteArguments = SpecArguments | ConfigArguments | ReadArguments;

interface SpecArguments {
  readonly verb: 'spec';
  readonly debug: boolean;
}

/** Of a verb that needs the config alone. */
export interface ConfigArguments {
  readonly verb: 'check' | 'discover';
  readonly debug: boolean;
  readonly config: string;
}

export interface ReadArguments {
  readonly verb: 'read';
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

/** The files each verb must be given, and may be. */
const files = {
  spec: { needs: [], takes: [] },
  check: { needs: ['config'], takes: ['config'] },
  discover: { needs: ['config'], takes: ['config'] },
  read: { needs: ['config', 'catalog'], takes: ['config', 'catalog', 'state'] },
} as const;

type Verb = keyof typeof files;

function isVerb(word: unknown): word is Verb {
  return typeof word === 'string' && Object.hasOwn(files, word);
}

function interpret({ flags: given, words: [verb] }: Given<keyof typeof flags>): AirbyteArguments {
  const verbs = Object.keys(files);
  if (!isVerb(verb))
    throw new ConfigError(`say what to do: ${verbs.join(', ')}.${didYouMean(verb ?? '', verbs)}`);
  const { needs, takes } = files[verb];
  const missing = needs.filter((name) => given[name] === undefined);
  if (missing.length > 0)
    throw new ConfigError(`${verb} needs ${missing.map((name) => `--${name} FILE`).join(' and ')}`);
  const strange = (['config', 'catalog', 'state'] as const).find(
    (name) => given[name] !== undefined && !takes.some((taken) => taken === name),
  );
  if (strange !== undefined) throw new ConfigError(`${verb} takes no --${strange}`);
  const debug = given.debug !== undefined;
  const [config = ''] = given.config ?? [];
  if (verb !== 'read') return verb === 'spec' ? { verb, debug } : { verb, config, debug };
  return { verb, config, catalog: given.catalog?.[0] ?? '', state: given.state?.[0], debug };
}

/**
 * Parses the command line.
 * @returns the arguments, or the text that --help or --version asks for
 * @throws UsageError for a command line the protocol does not know
 */
export async function parseArguments(argv: readonly string[]): Promise<AirbyteArguments | string> {
  const program = 'source-zendesk-chat';
  return parseCommandLine({ program, usage, flags, mostWords: 1, interpret }, argv);
}
