/** How long one request may take. */
import type { Clock, Timer } from '../clock.ts';
import type { Overdue } from './failures.ts';

export interface TimeLimitOptions {
  readonly clock: Clock;
  /** Ends requests at once. */
  readonly signal: AbortSignal;
  /** Time to the headers, and to each next piece of the body. */
  readonly requestTimeoutMs: number;
  /** A body that comes more slowly has timed out; 0: none has. */
  readonly minBytesPerMinute: number;
}

/** Ends a request. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** The limit that has ended it, if one did. */
  readonly overdue: () => Overdue | undefined;
  readonly startBody: () => void;
  /** Called for each piece of the body with its size in bytes. */
  readonly count: (size: number) => void;
  readonly end: () => void;
}

const minuteMs = 60_000;

/** A signal for one request: the run's if that cuts it off, or the end of a time without a byte, or without enough of them. */
export function startTimeLimit(
  { signal, clock, requestTimeoutMs, minBytesPerMinute }: TimeLimitOptions,
  isCutOff: boolean,
): TimeLimit {
  const controller = new AbortController();
  let overdue: Overdue | undefined;
  let bytes = 0;
  const end = (limit: Overdue): void => {
    overdue ??= limit;
    controller.abort();
  };
  const silence = clock.timer(requestTimeoutMs, () => end({ limitMs: requestTimeoutMs }));
  // Whoever waits longer for one piece waits so long for the bytes of that time, too.
  const spanMs = Math.max(minuteMs, requestTimeoutMs);
  const minBytes = Math.ceil((minBytesPerMinute * spanMs) / minuteMs);
  let rate: Timer | undefined;
  const startRate = (): void => {
    bytes = 0;
    rate = clock.timer(spanMs, () =>
      bytes < minBytes ? end({ limitMs: spanMs, minBytes }) : startRate(),
    );
  };
  const stop = (): void => controller.abort();
  if (isCutOff) signal.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    overdue: () => overdue,
    startBody: () => {
      silence.refresh();
      startRate();
    },
    count: (size: number) => {
      silence.refresh();
      bytes += size;
    },
    end: () => {
      silence.clear();
      rate?.clear();
      signal.removeEventListener('abort', stop);
    },
  };
}
