import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError, errorCode } from '../../core/errors.ts';
import { maxSmallFileBytes, readJsonFile } from '../../core/input-file.ts';
import { unwritable } from './unwritable.ts';
import { checkOptions } from './check-options.ts';
import type { SandboxOptions } from './options.ts';
import { startSandbox, type Sandbox, type TapConfig } from '../api/server.ts';

/** The parts of the process that the program uses. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  /** If it has a file descriptor, child processes write to it. */
  readonly stderr: { write(text: string): unknown; readonly fd?: number; readonly isTTY?: boolean };
  /** The folder of relative file names. */
  readonly cwd: string;
  /** Aborted when the program must end. */
  readonly signal: AbortSignal;
}

/** The files from which `serve` reads options and to which it writes the config. */
export interface ServeFiles {
  readonly options: string | undefined;
  readonly config: string | undefined;
}

async function readOptions(name: string | undefined, cwd: string): Promise<SandboxOptions> {
  if (name === undefined) return {};
  const file = { path: resolve(cwd, name), label: '--options', maxBytes: maxSmallFileBytes };
  return checkOptions(await readJsonFile(file));
}

/** Starts a sandbox. @throws ConfigError if the port cannot be used */
async function startOnPort(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await startSandbox(options);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const problem = code === 'EACCES' ? 'needs the rights of an administrator' : 'is in use';
    const advice = 'choose another --port, or leave it out for any free one';
    throw new ConfigError(`Port ${options.port} ${problem}: ${advice}.`, '', error);
  }
}

async function writeConfig(path: string, config: TapConfig): Promise<void> {
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`).catch((error: unknown) => {
    throw unwritable('--write-config', path, error);
  });
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
 * Runs a sandbox until the terminal's signal is aborted. The options in `given` override those in the file.
 * @throws an error about options, files or the port
 */
export async function serve(
  given: Readonly<Record<string, unknown>>,
  files: ServeFiles,
  { cwd, stdout, signal }: Terminal,
): Promise<number> {
  const options = { ...(await readOptions(files.options, cwd)), ...(await checkOptions(given)) };
  const sandbox = await startOnPort(options);
  try {
    if (files.config !== undefined) await writeConfig(resolve(cwd, files.config), sandbox.config);
    stdout.write(startupMessage(sandbox, files.config));
    if (!signal.aborted) await once(signal, 'abort');
    return 0;
  } finally {
    await sandbox.close();
  }
}
