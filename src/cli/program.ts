import type { Writable } from 'node:stream';

import type { Clock } from '../core/clock.ts';
import { asFatalError, errorCode, failureExitCode, type TapError } from '../core/errors.ts';
import type { ProcessSignals } from './signals.ts';
import type { Logger } from '../core/logger.ts';

export interface ProgramOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly pid: number;
  readonly signals: ProcessSignals;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

export interface RunContext extends ProgramOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * @param work Resolves with the exit code, or with a text to print, which means exit code 0.
 * @param onFatal Receives the error that ended the program, and the original error.
 * @returns The exit code, after the failure was logged.
 */
export async function runProgram(
  { stdout }: ProgramOptions,
  work: () => Promise<number | string>,
  onFatal: (fatal: TapError, error: unknown) => void | Promise<void>,
): Promise<number> {
  try {
    const result = await work();
    if (typeof result === 'number') return result;
    await printHelp(stdout, `${result}\n`);
    return 0;
  } catch (error) {
    // All unexpected errors are handled here.
    const fatal = asFatalError(error);
    await onFatal(fatal, error);
    return failureExitCode([fatal]);
  }
}

/** A reader that closes the pipe after a part of the help text, such as `head`, has what it wants. */
async function printHelp(stdout: Writable, text: string): Promise<void> {
  await print(stdout, text).catch((error: unknown) => {
    if (errorCode(error) !== 'EPIPE') throw error;
  });
}

/** Resolves after the text is written. @throws errors of the stream, for example if the reader has closed it */
export async function print(stdout: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
