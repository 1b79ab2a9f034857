/** Runs the built tap as a user does, in a process: for signals, deaths, the pace of a reader, the environment and the start. */
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { writeInputs } from './input-files.ts';
import { environment, readOutput, type TapInput, type TapResult } from './run-tap.ts';
import { startProcess, type StartedProcess } from './start-process.ts';

export const tapPath: string = fileURLToPath(
  new URL('../../bin/tap-zendesk-chat.js', import.meta.url),
);

export interface StartedTap extends Pick<StartedProcess, 'child'> {
  /** Everything, once the process has ended and its output was read. */
  readonly result: Promise<TapResult>;
}

/**
 * Starts the built program. Its output is read at once, unless `read` is false: then the caller reads
 * `child.stdout`, and the result's stdout is empty.
 */
export async function startTap(input: TapInput, read: boolean = true): Promise<StartedTap> {
  const files = writeInputs(input);
  const { child, ended } = startProcess(process.execPath, [tapPath, ...files.argv], {
    cwd: files.working,
    env: environment(input),
    pipes: true,
  });
  const result = async (): Promise<TapResult> => {
    try {
      const stdout = read ? buffer(child.stdout) : Buffer.alloc(0);
      const [bytes, stderr, end] = await Promise.all([stdout, buffer(child.stderr), ended]);
      return Object.assign(readOutput(bytes, stderr.toString('utf8')), end);
    } finally {
      files.remove();
    }
  };
  return { child, result: result() };
}

/** Runs the built program to its end. */
export async function spawnTap(input: TapInput): Promise<TapResult> {
  const { result } = await startTap(input);
  return result;
}
