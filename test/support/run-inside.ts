import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { ProgramOptions } from '../../src/cli/program.ts';
import { withoutMarks } from '../../src/core/foreign-text.ts';

/** What a run inside this process is given. */
export interface InsideInput extends Pick<ProgramOptions, 'argv' | 'env' | 'clock'> {
  /** Aborted: what SIGTERM does to a process. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program inside this process to its end; `read` reads its output. */
export async function runInside<T>(
  program: (options: ProgramOptions) => Promise<number>,
  { signal = new AbortController().signal, ...input }: InsideInput,
  read: (stdout: Readable) => Promise<T>,
): Promise<{ readonly code: number; readonly out: T; readonly stderr: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const written = Promise.all([read(stdout), text(stderr)]);
  const signals = { signal, catchSignals: () => undefined, end: async () => undefined };
  try {
    const code = await program({ ...input, stdout, stderr, pid: 4711, signals });
    stdout.end();
    stderr.end();
    const [out, log] = await written;
    if (log !== withoutMarks(log)) throw new Error('stderr holds a mark around text from outside');
    return { code, out, stderr: log };
  } finally {
    stdout.destroy();
    stderr.destroy();
  }
}
