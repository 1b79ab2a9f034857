import type { Clock } from '../core/clock.ts';
import type { TapError } from '../core/errors.ts';
import type { RunContext } from '../cli/program.ts';
import { traceErrorLine } from './messages.ts';

export interface AirbyteContext extends RunContext {
  readonly emittedAt: EmittedAt;
}

/** The time of a line, ms since 1970, never before that of an earlier one. `at`: when it happened; left out: now. */
export type EmittedAt = (at?: number) => number;

export function createEmittedAt({ now }: Clock): EmittedAt {
  let last = 0;
  return (at = now()) => {
    last = Math.max(last, Math.floor(at));
    return last;
  };
}

/** An error's message on one line and without secrets. */
export function redactedMessage({ message }: TapError, { logger }: AirbyteContext): string {
  return logger.redact(message).replaceAll('\n', ' ');
}

/** A TRACE ERROR; `stream`: the one whose failure it is, left out when it is the whole run's. */
export function runErrorLine(error: TapError, run: AirbyteContext, stream?: string): string {
  const message = redactedMessage(error, run);
  return traceErrorLine({ message, kind: error.kind, stream }, run.emittedAt());
}
