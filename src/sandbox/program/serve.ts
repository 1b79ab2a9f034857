import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '../../core/errors.ts';
import { checkOptions } from './check-options.ts';
import type { SandboxOptions } from './options.ts';
import { startSandbox, type Sandbox } from '../api/server.ts';

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

/** Names of files that `serve` reads options from and writes the ready config to. */
export interface ServeFiles {
  readonly options: string | undefined;
  readonly config: string | undefined;
}

/** Raises an error that names where the text came from, and not the parser's position in it. */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError(`${where} is not JSON.`);
  }
}

async function readOptions(name: string | undefined, cwd: string): Promise<SandboxOptions> {
  if (name === undefined) return {};
  const text = await readFile(resolve(cwd, name), 'utf8').catch((error: unknown) => {
    throw new ConfigError(`--options ${name} cannot be read.`, '', error);
  });
  return checkOptions(parseJson(text, `--options ${name}`));
}

function startupMessage(sandbox: Sandbox, configFile: string | undefined): string {
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

/**
 * Runs a sandbox until the terminal's signal is aborted. The options `given` win over those in the file. Raises an
 * error about options, files or the port.
 */
export async function serve(
  given: Readonly<Record<string, unknown>>,
  files: ServeFiles,
  { cwd, stdout, signal }: Terminal,
): Promise<number> {
  const options = { ...(await readOptions(files.options, cwd)), ...(await checkOptions(given)) };
  const sandbox = await startSandbox(options);
  try {
    if (files.config !== undefined) {
      const text = `${JSON.stringify(sandbox.config, null, 2)}\n`;
      await writeFile(resolve(cwd, files.config), text);
    }
    stdout.write(startupMessage(sandbox, files.config));
    if (!signal.aborted) await once(signal, 'abort');
    return 0;
  } finally {
    await sandbox.close();
  }
}
