/** The resources of the table's rows: accounts, folders, a database, and the source as a consumer starts it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startSandbox } from '../../../dist/sandbox/api/server.js';
import { environmentOf } from './environments.ts';
import { startPostgres } from './postgres.ts';
import { runProgram, type Ended } from './programs.ts';
import type { Sandbox } from '../../../src/sandbox/api/server.ts';
import type { SandboxOptions } from '../../../src/sandbox/program/options.ts';
import type { Environment } from './environments.ts';
import type { Postgres } from './postgres.ts';

export type { Sandbox, SandboxOptions };

export interface Row {
  readonly name: string;
  /** The environments it needs, by their file in `requirements`. */
  readonly consumers: readonly string[];
  /** A description of the comparison. @throws for a difference */
  readonly run: (stage: Stage) => Promise<string>;
}

/** The program Airbyte's consumers start. */
export const sourceProgram = fileURLToPath(
  new URL('../../../bin/source-zendesk-chat.js', import.meta.url),
);

/**
 * What a consumer finds in its environment: nothing from the user who runs the harness, its own home folder, the
 * sandbox in place of the real API, and no way to tell anybody.
 */
export function consumerEnv(home: string, { url }: { url: string }): NodeJS.ProcessEnv {
  return {
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    HOME: home,
    TMPDIR: home,
    LANG: 'C.UTF-8',
    DO_NOT_TRACK: '1',
    ZENDESK_CHAT_API_URL: url,
  };
}

/** The config in the form Airbyte keeps it in. */
export function airbyteConfig({ config }: Sandbox): { credentials: object } {
  const { access_token, ...rest } = config;
  return { ...rest, credentials: { credentials: 'access_token', access_token } };
}

/** The input files of a program, by their values. */
export interface Files {
  readonly config?: object;
  readonly catalog?: object;
  readonly state?: object;
}

/**
 * Runs a program with files, in its own folder.
 *
 * @param command The program and the arguments before its files.
 */
export async function runWithFiles(
  command: readonly string[],
  files: Files,
  { folder, sandbox, env }: { folder: string; sandbox: { url: string }; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const cwd = await mkdtemp(join(folder, 'run-'));
  const [program = '', ...argv] = command;
  for (const [name, value] of Object.entries(files)) {
    const path = join(cwd, `${name}.json`);
    await writeFile(path, JSON.stringify(value));
    argv.push(`--${name}`, path);
  }
  return runProgram(program, argv, { cwd, env: { ...consumerEnv(cwd, sandbox), ...env } });
}

export class Stage {
  readonly #root: string;
  readonly #environments = new Map<string, Promise<Environment>>();
  #postgres: Promise<Postgres> | undefined;
  #folders = 0;
  #sandboxes: Sandbox[] = [];

  private constructor(root: string) {
    this.#root = root;
  }

  static async create(): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'consumers-')));
  }

  environment(consumer: string): Promise<Environment> {
    const made = this.#environments.get(consumer) ?? environmentOf(consumer);
    this.#environments.set(consumer, made);
    return made;
  }

  /** A sandbox, ended with the row. */
  async account(options: SandboxOptions): Promise<Sandbox> {
    const sandbox = await startSandbox(options);
    this.#sandboxes.push(sandbox);
    return sandbox;
  }

  /** A new one, removed with everything else. */
  async folder(): Promise<string> {
    this.#folders += 1;
    const path = join(this.#root, String(this.#folders));
    await mkdir(path);
    return path;
  }

  /** One for all rows. */
  postgres(): Promise<Postgres> {
    this.#postgres ??= startPostgres();
    return this.#postgres;
  }

  async endRow(): Promise<void> {
    const ended = this.#sandboxes;
    this.#sandboxes = [];
    await Promise.all(ended.map((sandbox) => sandbox.close()));
  }

  async end(): Promise<void> {
    await this.endRow();
    // The row that needed the server has already reported a failed start.
    await (await this.#postgres?.catch(() => undefined))?.stop();
    await rm(this.#root, { recursive: true, force: true });
  }
}
