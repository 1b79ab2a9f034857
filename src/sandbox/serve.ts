import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { checkOptions } from './option-checks.ts';
import type { SandboxOptions } from './options.ts';
import type { Sandbox } from './server.ts';
import { startSandbox } from './server.ts';

/** What the program may touch of the process it runs in. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  /** Programs that are started write to its file descriptor, where it has one. */
  readonly stderr: { write(text: string): unknown; readonly fd?: number };
  /** Where relative file names begin. */
  readonly cwd: string;
  /** Aborted when the program is to end. */
  readonly signal: AbortSignal;
}

/** Flags of `serve`, as they were parsed. */
export interface ServeFlags {
  readonly [name: string]: unknown;
  readonly options?: string | undefined;
  readonly switches?: string | undefined;
  readonly faults?: string | undefined;
  readonly 'write-config'?: string | undefined;
}

/** Flags whose value is an option of another name. */
const renamed: Readonly<Record<string, keyof SandboxOptions>> = {
  latency: 'latencyMs',
  'rate-limit': 'rateLimit',
  'token-life': 'tokenLife',
};

const plainFlags = [
  'port',
  'chats',
  'agents',
  'timeline',
  'days',
  'seed',
  'now',
  'token',
  'subdomain',
  'hostile',
] as const;

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's position in a shell word helps nobody.
    throw new Error(`${where} is not JSON.`);
  }
}

async function readOptions(flags: ServeFlags, cwd: string): Promise<Record<string, unknown>> {
  if (flags.options === undefined) return {};
  const text = await readFile(resolve(cwd, flags.options), 'utf8').catch((error: unknown) => {
    throw new Error(`--options ${flags.options} cannot be read.`, { cause: error });
  });
  const options = parseJson(text, `--options ${flags.options}`);
  checkOptions(options);
  return { ...options };
}

/** Flags win over the file. */
async function optionsOf(flags: ServeFlags, cwd: string): Promise<SandboxOptions> {
  const options = await readOptions(flags, cwd);
  for (const name of [...plainFlags, ...Object.keys(renamed)]) {
    if (flags[name] !== undefined) options[renamed[name] ?? name] = flags[name];
  }
  for (const name of ['switches', 'faults'] as const) {
    const text = flags[name];
    if (text !== undefined) options[name] = parseJson(text, `--${name}`);
  }
  checkOptions(options);
  return options;
}

function greeting(sandbox: Sandbox, configFile: string | undefined): string {
  const config = JSON.stringify(sandbox.config);
  const variable = `ZENDESK_CHAT_API_URL=${sandbox.url}`;
  return [
    `Zendesk Chat sandbox with ${sandbox.account.count('chats')} chats at ${sandbox.url}`,
    configFile === undefined
      ? `Config for the tap, to be saved as config.json:\n${config}`
      : `Config for the tap written to ${configFile}`,
    `Environment for the tap:\n${variable}`,
    `Run the tap:\n${variable} tap-zendesk-chat --config ${configFile ?? 'config.json'}`,
    'Stop with Ctrl-C.\n',
  ].join('\n');
}

/** Runs a sandbox until the terminal's signal is aborted. Raises an error about flags, files or the port. */
export async function serve(flags: ServeFlags, terminal: Terminal): Promise<number> {
  const sandbox = await startSandbox(await optionsOf(flags, terminal.cwd));
  try {
    const configFile = flags['write-config'];
    if (configFile !== undefined) {
      const text = `${JSON.stringify(sandbox.config, null, 2)}\n`;
      await writeFile(resolve(terminal.cwd, configFile), text);
    }
    terminal.stdout.write(greeting(sandbox, configFile));
    if (!terminal.signal.aborted) await once(terminal.signal, 'abort');
    return 0;
  } finally {
    await sandbox.close();
  }
}
