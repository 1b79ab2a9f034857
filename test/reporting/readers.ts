/** The readers of both programs in this process: everything up to the first request. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { runAirbyte } from '../../src/airbyte/main.ts';
import { runSinger } from '../../src/cli/main.ts';
import type { ProgramOptions } from '../../src/cli/program.ts';
import { runInside } from '../support/run-inside.ts';

export interface Files {
  readonly config?: Buffer;
  readonly catalog?: Buffer;
  readonly state?: Buffer;
  /** Path of a file of variables, instead of `.env`. */
  readonly log?: Buffer;
}

export interface Reading {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of this process, in seconds. */
  readonly cpu: number;
}

/** A folder for the files of all cases, one after another. */
export async function createFolder(): Promise<{
  readonly pathOf: (name: keyof Files) => string;
  readonly write: (files: Files) => Promise<void>;
  readonly remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'tap-property-'));
  const pathOf = (name: string): string => join(folder, `${name}.json`);
  return {
    pathOf,
    write: async (files) => {
      for (const [name, bytes] of Object.entries(files)) await writeFile(pathOf(name), bytes);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

const programs = { singer: runSinger, airbyte: runAirbyte };

/** Runs a program that is stopped before its first request. */
export async function read(
  program: keyof typeof programs,
  argv: readonly string[],
  variables: ProgramOptions['env'],
): Promise<Reading> {
  const env = { ...variables, ZENDESK_CHAT_API_URL: 'http://127.0.0.1:9' };
  const signal = AbortSignal.abort(new Error('before the first request'));
  const before = process.cpuUsage();
  const { code, out, stderr } = await runInside(programs[program], { argv, env, signal }, text);
  const { user, system } = process.cpuUsage(before);
  return { code, stdout: out, stderr, cpu: (user + system) / 1e6 };
}
