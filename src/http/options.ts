import type { Clock } from '../core/clock.ts';
import type { HttpFailure } from '../core/errors.ts';

/** Takes the secrets out of a text, before it is cut. */
export type Redact = (text: string) => string;

export interface HttpOptions {
  /** Scheme, host and port: https, or http on loopback. Not checked here. */
  readonly origin: string;
  readonly userAgent: string;
  /** An API may quote what it was sent. */
  readonly redact: Redact;
  readonly clock: Clock;
  /** Ends requests and waits at once. */
  readonly signal: AbortSignal;
  /** Called after each request; retries and redirects are requests of their own. */
  readonly onAttempt: (report: RequestReport) => void;
  /** Called at once when a wait begins, before a retry or of a second or more for the pace. */
  readonly onWait: (wait: WaitReport) => void;
  /** Request starts in any 60 s, retries included. Default 200. */
  readonly requestsPerMinute: number;
  /** Requests in flight at the same time. Default 1. */
  readonly requestsInFlight: number;
  /** Time to the headers, and to each next piece of the body. Default 60,000. */
  readonly requestTimeoutMs: number;
  /** A body that comes more slowly has timed out; 0: none has. Default 1,024. */
  readonly minBytesPerMinute: number;
  /** Retry budget: the sum of the waits for one answer. Default 900,000. */
  readonly maxRetryMs: number;
  /** Attempts at most for one answer, whatever the retry budget. Default: no limit. */
  readonly maxAttempts: number;
  /** The largest body, as it comes and inflated. Default 256 MiB. */
  readonly maxBodyBytes: number;
  /** As Math.random, which is the default. */
  readonly random: () => number;
}

/** One request that was made, for counts, metrics and the log. One that the run's signal ended is not reported. */
export interface RequestReport {
  readonly method: 'GET' | 'POST';
  /** Path that the caller requested, without query. */
  readonly path: string;
  /** Address of this request. After a redirect the server has chosen it: its query may hold anything. */
  readonly url: URL;
  readonly isRedirected: boolean;
  /** Which attempt to get this answer it is, from 1. Redirects belong to the attempt that they started in. */
  readonly attempt: number;
  /** Why the request was made, for a log line: `regular page`. */
  readonly reason: string | undefined;
  /** Size of the body before decompression; `undefined` when it did not arrive whole. */
  readonly bytes: number | undefined;
  readonly status: number | undefined;
  /** `aborted`: it was not needed any more. */
  readonly failure: HttpFailure | 'aborted' | undefined;
  /** From its start until the body is read and parsed. */
  readonly durationMs: number;
}

export interface WaitReport {
  /** The API asked for it (429), a failed attempt is tried again, or the pace is used up. */
  readonly reason: 'rate-limit' | 'retry' | 'pace';
  /** Its end by our clock, ms since 1970. */
  readonly untilMs: number;
  /** Path of the request that waits, without query. */
  readonly path: string;
  /** What led to it, for a log line: `answers 503 Service Unavailable`. */
  readonly why: string;
  /** The attempt that follows; `undefined` for a wait that is not for a retry. */
  readonly retry?: RetryReport;
}

export interface RetryReport {
  /** Number of the next attempt, from 2. */
  readonly attempt: number;
  /** No attempt follows that one. */
  readonly isLast: boolean;
  /** What is left of the retry budget after this wait, in ms. */
  readonly remainingMs: number;
}
