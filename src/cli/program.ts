import type { Writable } from 'node:stream';

import type { Clock } from '../core/clock.ts';
import type { TapError } from '../core/errors.ts';
import type { ProcessSignals } from './signals.ts';
import type { Logger } from '../core/logger.ts';

export interface ProgramOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly pid: number;
  readonly signals: ProcessSignals;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface RunContext extends ProgramOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * @param work resolves with the exit code, or with a text that is printed and means 0
 * @param onFatal is given what ended the program, and the error it was made of
 * @returns the exit code; the failure has been logged by then. 1 for a reader that has gone away
 */
export async function runProgram(
  { stdout }: ProgramOptions,
  work: () => Promise<number | string>,
  onFatal: (fatal: TapError, error: unknown) => void | Promise<void>,
): Promise<number> {
  try {
    const result = await work();
    if (typeof result === 'number') return result;
    await print(stdout, `${result}\n`);
    return 0;
  } catch (error) {
    // The last place for everything that was not foreseen.
    const { asFatalError, errorCode, failureExitCode } = await import('../core/errors.ts');
    // A reader that has seen enough of a help text or a catalog is no failure to report.
    if (errorCode(error) === 'EPIPE') return 1;
    const fatal = asFatalError(error);
    await onFatal(fatal, error);
    return failureExitCode([fatal]);
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
