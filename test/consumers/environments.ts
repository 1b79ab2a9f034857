/**
 * Python environments of the consumers: one each, kept outside the tree and used again. An environment
 * is named after what is in it, so that a changed requirement makes a new one.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { runProgram, runWell } from './programs.ts';

/** The version all consumers know; Airbyte's connector knows none later. */
const pythonVersion = '3.11';
const uvVersion = '0.13.9';

/** Written last: an environment without it is half made. */
const wholeMark = 'whole';

const bin = process.platform === 'win32' ? 'Scripts' : 'bin';

/** uv is told to trust what the system trusts, as pip does. */
const env = { ...process.env, UV_NATIVE_TLS: 'true', UV_PYTHON_PREFERENCE: 'system' };

/** @returns where environments are kept */
function cacheFolder(): string {
  const { CONSUMER_VENVS: chosen, XDG_CACHE_HOME: cache, LOCALAPPDATA: local } = process.env;
  if (chosen) return chosen;
  const ofSystem = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : local;
  return join(cache || ofSystem || join(homedir(), '.cache'), 'tap-zendesk-chat', 'consumers');
}

async function exists(path: string) {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

function isAlive(pid: number) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Two harnesses at once do not make the same environment: one waits for the other.
 *
 * @param path Of the folder that is made.
 */
async function alone(path: string, make: () => Promise<void>) {
  const lock = `${path}.lock`;
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
      if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
      await sleep(200);
    }
  }
  try {
    await make();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Makes a folder unless it is whole already. */
async function ensure(path: string, make: () => Promise<void>) {
  const mark = join(path, wholeMark);
  if (await exists(mark)) return;
  await mkdir(cacheFolder(), { recursive: true });
  await alone(path, async () => {
    if (await exists(mark)) return;
    await rm(path, { recursive: true, force: true });
    await make();
    await writeFile(mark, '');
  });
}

/** @param names Commands that may be the Python wanted. */
async function findPython(names: readonly string[]) {
  for (const name of names) {
    // A name that is no command at all is as good as one that answers something else.
    const answer = await runProgram(name, ['--version'], { env }).catch(() => undefined);
    if (answer?.code === 0 && answer.stdout.startsWith('Python 3.')) return name;
  }
  return undefined;
}

/** @returns uv: at hand, or put into the cache by pip; undefined: neither */
async function findUv(): Promise<string | undefined> {
  const atHand = await runProgram('uv', ['--version'], { env }).catch(() => undefined);
  if (atHand?.code === 0) return 'uv';
  const python = await findPython(['python3', 'python']);
  if (python === undefined) return undefined;
  const path = join(cacheFolder(), `uv-${uvVersion}`);
  try {
    await ensure(path, async () => {
      await runWell(python, ['-m', 'venv', path], { env });
      const install = ['-m', 'pip', 'install', '--quiet', `uv==${uvVersion}`];
      await runWell(join(path, bin, 'python'), install, { env });
    });
    return join(path, bin, 'uv');
  } catch {
    // A platform uv has not been built for: pip alone does as well, only slower.
    return undefined;
  }
}

let uv: Promise<string | undefined> | undefined;

/** @param requirements Path of the file. */
async function makeWithPip(path: string, requirements: string) {
  const python = await findPython([`python${pythonVersion}`]);
  if (python === undefined) {
    throw new Error(`Install Python ${pythonVersion} (the command python${pythonVersion}), or uv.`);
  }
  await runWell(python, ['-m', 'venv', path], { env });
  const install = ['-m', 'pip', 'install', '--quiet', '--requirement', requirements];
  await runWell(join(path, bin, 'python'), install, { env, timeoutMs: 900_000 });
}

/**
 * @param program uv
 * @param requirements Path of the file.
 */
async function makeWithUv(program: string, path: string, requirements: string) {
  await runWell(program, ['venv', '--quiet', '--python', pythonVersion, path], { env });
  const python = join(path, bin, 'python');
  const install = ['pip', 'install', '--quiet', '--python', python, '--requirement', requirements];
  await runWell(program, install, { env, timeoutMs: 900_000 });
}

/** @param requirements Path of the file. */
async function makeEnvironment(path: string, requirements: string) {
  uv ??= findUv();
  const program = await uv;
  if (program === undefined) {
    await makeWithPip(path, requirements);
    return;
  }
  try {
    await makeWithUv(program, path, requirements);
  } catch (error) {
    // pip may know an index, a proxy or a Python that uv has not been told of.
    await rm(path, { recursive: true, force: true });
    try {
      await makeWithPip(path, requirements);
    } catch (pipError) {
      throw new Error(`${String(error)}\nThen: ${String(pipError)}`, { cause: pipError });
    }
  }
}

export interface Environment {
  /** Path of its Python. */
  readonly python: string;
  /** Path of a command it brings along. */
  readonly command: (name: string) => string;
  /** Whether it has just been made. */
  readonly isNew: boolean;
}

/**
 * The environment of a consumer. It is made if there is none; if that fails, the error says what to do.
 *
 * @param consumer Name of a file in `requirements`.
 */
export async function environmentOf(consumer: string): Promise<Environment> {
  const file = fileURLToPath(new URL(`requirements/${consumer}.txt`, import.meta.url));
  const text = await readFile(file, 'utf8');
  const content = createHash('sha256').update(`${pythonVersion}\n${text}`).digest('hex');
  const path = join(cacheFolder(), `${consumer}-${content.slice(0, 12)}`);
  let isNew = false;
  try {
    await ensure(path, async () => {
      isNew = true;
      await makeEnvironment(path, file);
    });
  } catch (error) {
    throw new Error(
      `${consumer} cannot be installed (a package registry must be reachable): ${String(error)}`,
      { cause: error },
    );
  }
  const command = (name: string) => join(path, bin, name);
  return { python: command('python'), command, isNew };
}
