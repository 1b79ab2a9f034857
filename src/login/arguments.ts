import { parseCommandLine, type Flag, type ParsedFlags } from '../cli/parser.ts';
import { ConfigError } from '../core/errors.ts';

export type TokenDestination =
  | { readonly kind: 'config' | 'token-file'; readonly path: string }
  | { readonly kind: 'print' };

export interface LoginArguments {
  readonly subdomain: string;
  readonly clientId: string;
  readonly port: number;
  readonly destination: TokenDestination;
  /** The browser runs on another machine, so the user pastes its last address. */
  readonly isPaste: boolean;
}

const usage = `$0 login --subdomain NAME --client-id ID [--out FILE | --token-file FILE | --print]

Signs in to Zendesk Chat in the browser and writes a config.
Reads the client secret from TAP_ZENDESK_CHAT_CLIENT_SECRET, or prompts for it.
Only a client with a secret can renew expired tokens. Register
http://localhost:8080 as the redirect URL of the API client.`;

const epilogue = `Exit codes:
  0         Signed in: the tokens are stored and can read the account
  1         A failure that can pass, or a bug: run the command again
  2         A failure that stays until somebody acts: command line, file, port,
            API client, permission, or no answer from the browser
  130, 143  Stopped by SIGINT or SIGTERM`;

const file = { takes: 'a file name', isFile: true } as const;

const flags = {
  subdomain: { takes: 'a name', describe: 'acme for https://acme.zendesk.com' },
  'client-id': { takes: 'an id', describe: 'Id of the API client' },
  port: { takes: 'a number', describe: 'Port of the redirect URL [default: 8080]' },
  out: { ...file, describe: 'Config to write or update [default: config.json]' },
  'token-file': { ...file, describe: 'Write the tokens to a file for token_file instead' },
  print: { describe: 'Print the tokens instead' },
  paste: { describe: 'Paste the address from a browser on another machine' },
} as const satisfies Readonly<Record<string, Flag>>;

type FlagName = keyof typeof flags;

function parseDestination({ flags: given }: ParsedFlags<FlagName>): TokenDestination {
  const [out] = given.out ?? [];
  const [tokenFile] = given['token-file'] ?? [];
  const isPrinted = given.print !== undefined;
  if ([out, tokenFile, isPrinted || undefined].filter((one) => one !== undefined).length > 1)
    throw new ConfigError('use only one of --out, --token-file and --print');
  if (isPrinted) return { kind: 'print' };
  if (tokenFile !== undefined) return { kind: 'token-file', path: tokenFile };
  return { kind: 'config', path: out ?? 'config.json' };
}

function interpret(given: ParsedFlags<FlagName>): LoginArguments {
  const [subdomain] = given.flags.subdomain ?? [];
  const [clientId] = given.flags['client-id'] ?? [];
  if (subdomain === undefined) throw new ConfigError('login needs --subdomain NAME');
  if (clientId === undefined) throw new ConfigError('login needs --client-id ID');
  const port = Number(given.flags.port?.[0] ?? '8080');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ConfigError('--port must be a number from 0 (any free port) to 65535');
  const isPaste = given.flags.paste !== undefined;
  return { subdomain, clientId, port, destination: parseDestination(given), isPaste };
}

/** @returns The arguments, or the text for --help. @throws UsageError */
export async function parseArguments(argv: readonly string[]): Promise<LoginArguments | string> {
  const program = 'tap-zendesk-chat';
  const line = { program, usage, flags, epilogue, maxPositionals: 0, interpret };
  return parseCommandLine(line, argv);
}
