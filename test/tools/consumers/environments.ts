/**
 * Python environments of the consumers: one each, kept outside the tree and used again. An environment
 * has a name made from its content, so that a changed requirement creates a new one.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProgram, runWell } from './programs.ts';

/** The version that all consumers support. Airbyte's connector does not support a later one. */
const pythonVersion = '3.11';
const uvVersion = '0.13.9';

const bin = process.platform === 'win32' ? 'Scripts' : 'bin';

/** Makes uv trust the certificates of the system, as pip does. */
const env = { ...process.env, UV_NATIVE_TLS: 'true', UV_PYTHON_PREFERENCE: 'system' };

/** @returns where environments are kept */
function cacheFolder(): string {
  const { CONSUMER_VENVS: chosen, XDG_CACHE_HOME: cache } = process.env;
  return chosen ?? join(cache ?? join(homedir(), '.cache'), 'tap-zendesk-chat', 'consumers');
}

/** @returns the command uv: the one there is, or one that pip puts into the cache */
async function findUv(): Promise<string> {
  const installed = join(cacheFolder(), `uv-${uvVersion}`, bin, 'uv');
  for (const uv of ['uv', installed]) {
    const answer = await runProgram(uv, ['--version'], { env }).catch(() => undefined);
    if (answer?.code === 0) return uv;
  }
  try {
    await runWell('python3', ['-m', 'venv', join(cacheFolder(), `uv-${uvVersion}`)], { env });
    const install = ['-m', 'pip', 'install', '--quiet', `uv==${uvVersion}`];
    await runWell(join(cacheFolder(), `uv-${uvVersion}`, bin, 'python'), install, { env });
  } catch (error) {
    throw new Error(`Install uv ${uvVersion}, or Python 3 with pip. ${String(error)}`, {
      cause: error,
    });
  }
  return installed;
}

let uv: Promise<string> | undefined;

export interface Environment {
  /** Path of its Python. */
  readonly python: string;
  /** Path of a command in the environment. */
  readonly command: (name: string) => string;
}

/**
 * The environment of a consumer. Installs missing packages; if that fails, the error says what to do.
 *
 * @param consumer Name of a file in `requirements`.
 */
export async function environmentOf(consumer: string): Promise<Environment> {
  const file = fileURLToPath(new URL(`requirements/${consumer}.txt`, import.meta.url));
  const text = await readFile(file, 'utf8');
  const content = createHash('sha256').update(`${pythonVersion}\n${text}`).digest('hex');
  const path = join(cacheFolder(), `${consumer}-${content.slice(0, 12)}`);
  const command = (name: string) => join(path, bin, name);
  const python = command('python');
  const install = ['pip', 'install', '--quiet', '--python', python, '--requirement', file];
  try {
    uv ??= findUv();
    const make = ['venv', '--quiet', '--allow-existing', '--python', pythonVersion, path];
    await runWell(await uv, make, { env });
    await runWell(await uv, install, { env, timeoutMs: 900_000 });
  } catch (error) {
    throw new Error(
      `${consumer} cannot be installed (a package registry must be reachable): ${String(error)}`,
      { cause: error },
    );
  }
  return { python, command };
}
