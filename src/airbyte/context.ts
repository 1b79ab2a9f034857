import type { Clock } from '../core/clock.ts';
import type { TapError } from '../core/errors.ts';
import type { RunContext } from '../cli/program.ts';
import { traceErrorLine } from './messages.ts';

export interface AirbyteContext extends RunContext {
  readonly emittedAt: EmittedAt;
}

/** Returns a line's time in ms since 1970, never earlier than that of the previous line. `at` defaults to now. */
export type EmittedAt = (at?: number) => number;

export function createEmittedAt({ now }: Clock): EmittedAt {
  let last = 0;
  return (at = now()) => {
    last = Math.max(last, Math.floor(at));
    return last;
  };
}

/** An error's message on one line, without secrets. */
export function redactedMessage({ message }: TapError, { logger }: AirbyteContext): string {
  return logger.redact(message).replaceAll('\n', ' ');
}

/** A TRACE line for an error. Omit `stream` if the whole run failed. */
export function runErrorLine(error: TapError, run: AirbyteContext, stream?: string): string {
  const message = redactedMessage(error, run);
  return traceErrorLine({ message, kind: error.kind, stream }, run.emittedAt());
}
