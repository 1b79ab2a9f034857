import { once } from '../arguments.ts';
import { createParser, helpText, parseWith } from '../command-line.ts';
import { ConfigError } from '../errors.ts';

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

const file = { type: 'string', requiresArg: true, group: 'Files:' } as const;

const options = {
  config: { ...file, describe: 'JSON file with subdomain and credentials' },
  catalog: { ...file, describe: 'The configured catalog of a connection' },
  state: { ...file, describe: 'Where the last sync ended' },
  debug: { type: 'boolean', default: false, describe: 'Log what a maintainer needs, too' },
} as const;

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

/** An argument that does not exist or is missing; `usage` is to be shown to a person. */
export class UsageError extends ConfigError {
  readonly usage: string;

  constructor(message: string, text: string) {
    super(message);
    this.usage = text;
  }
}

interface Given {
  readonly config: string | undefined;
  readonly catalog: string | undefined;
  readonly state: string | undefined;
}

function argumentsOf(
  verb: Verb,
  { config, catalog, state }: Given,
  debug: boolean,
): AirbyteArguments {
  const given: Readonly<Record<string, string | undefined>> = { config, catalog, state };
  const { needs, takes } = files[verb];
  const missing = needs.filter((name) => given[name] === undefined);
  if (missing.length > 0)
    throw new ConfigError(`${verb} needs ${missing.map((name) => `--${name} FILE`).join(' and ')}`);
  const strange = Object.keys(given).find(
    (name) => given[name] !== undefined && !takes.some((taken) => taken === name),
  );
  if (strange !== undefined) throw new ConfigError(`${verb} takes no --${strange}`);
  if (verb === 'read') return { verb, config: config ?? '', catalog: catalog ?? '', state, debug };
  return verb === 'spec' ? { verb, debug } : { verb, config: config ?? '', debug };
}

/**
 * Parses the command line with yargs.
 * @returns the arguments, or the text that --help or --version asks for
 * @throws UsageError for a command line the protocol does not know
 */
export async function parseArguments(argv: readonly string[]): Promise<AirbyteArguments | string> {
  let problem = '';
  const parser = createParser('source-zendesk-chat')
    .usage(usage)
    .options(options)
    .strictOptions()
    .fail((message: string, error?: Error) => {
      problem ||= message || (error?.message ?? '');
    });
  const { args, shown } = await parseWith(parser, argv);
  if (shown !== undefined && problem === '') return shown;
  const [verb, ...more] = args._;
  try {
    if (problem !== '') throw new ConfigError(problem);
    if (!isVerb(verb)) throw new ConfigError(`say what to do: ${Object.keys(files).join(', ')}`);
    if (more.length > 0) throw new ConfigError(`${verb} takes no ${JSON.stringify(more[0])}`);
    const given = {
      config: once(args.config, '--config'),
      catalog: once(args.catalog, '--catalog'),
      state: once(args.state, '--state'),
    };
    return argumentsOf(verb, given, args.debug);
  } catch (error) {
    // A ConfigError of above: what is missing here is how to do it right.
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(error.message, helpText(await parser.getHelp()));
  }
}
