import type { Writable } from 'node:stream';

import type { Clock } from '../core/clock.ts';
import type { TapError } from '../core/errors.ts';
import type { Lifetime } from './signals.ts';
import type { Logger } from '../core/logger.ts';

export interface ProgramOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly pid: number;
  readonly lifetime: Lifetime;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface Run extends ProgramOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * @param work resolves with the exit code, or with a text that is printed and means 0
 * @param tellFatal is given what ended the program, and the error it was made of
 * @returns the exit code; what went wrong has been said by then
 */
export async function runProgram(
  { stdout }: ProgramOptions,
  work: () => Promise<number | string>,
  tellFatal: (fatal: TapError, error: unknown) => void | Promise<void>,
): Promise<number> {
  try {
    const result = await work();
    if (typeof result === 'number') return result;
    await print(stdout, `${result}\n`);
    return 0;
  } catch (error) {
    // The last place for everything that was not foreseen.
    const { asFatalError, codeOf } = await import('../core/errors.ts');
    // A reader that went away knows why.
    if (!stdout.destroyed && codeOf(error) !== 'EPIPE') await tellFatal(asFatalError(error), error);
    return 1;
  }
}

/** Resolves once the text has left. @throws what the stream fails with, as when its reader went away. */
export async function print(stdout: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
