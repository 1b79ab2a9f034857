import type { Clock } from '../core/clock.ts';
import type { HttpFailure } from '../core/errors.ts';

/** Masks the secrets in a text. Call it before truncating the text. */
export type Redact = (text: string) => string;

export interface HttpOptions {
  /** Scheme, host and port: https, or http on loopback. Not checked here. */
  readonly origin: string;
  readonly userAgent: string;
  /** Applied to texts of the API, which may quote the request. */
  readonly redact: Redact;
  readonly clock: Clock;
  /** Cancels all requests and waits. */
  readonly signal: AbortSignal;
  /** Called after each request. Retries and redirects are separate requests. */
  readonly onAttempt: (report: RequestReport) => void;
  /** Called when a wait begins: before a retry, or for the rate limit if it takes a second or more. */
  readonly onWait: (wait: WaitReport) => void;
  /** Maximum number of requests in any 60 s, including retries. Default 200. */
  readonly requestsPerMinute: number;
  /** Maximum number of requests in flight. Default 1. */
  readonly requestsInFlight: number;
  /** Maximum time until the headers, and until each next chunk of the body. Default 60,000. */
  readonly requestTimeoutMs: number;
  /** A slower body times out. 0 turns this limit off. Default 1,024. */
  readonly minBytesPerMinute: number;
  /** Retry budget: the maximum sum of the waits for one response. Default 900,000. */
  readonly maxRetryMs: number;
  /** Maximum number of attempts for one response. Default: no limit. */
  readonly maxAttempts: number;
  /** Maximum size of a body, compressed and decompressed. Default 256 MiB. */
  readonly maxBodyBytes: number;
  /** Default: Math.random. */
  readonly random: () => number;
}

/** A finished request, for counts, metrics and the log. A request that the run's signal canceled is not reported. */
export interface RequestReport {
  readonly method: 'GET' | 'POST';
  /** The path that the caller requested, without query. */
  readonly path: string;
  /** The URL of this request. After a redirect, it comes from the server and its query may contain anything. */
  readonly url: URL;
  readonly isRedirected: boolean;
  /** Number of the attempt for this response, from 1. Redirects belong to the attempt in which they occur. */
  readonly attempt: number;
  /** Why the request was made, for a log line: `regular page`. */
  readonly reason: string | undefined;
  /** Size of the body before decompression; `undefined` if it is incomplete. */
  readonly bytes: number | undefined;
  readonly status: number | undefined;
  /** `aborted`: the request was no longer needed. */
  readonly failure: HttpFailure | 'aborted' | undefined;
  /** Time from the start until the body is parsed. */
  readonly durationMs: number;
}

export interface WaitReport {
  /** The API's rate limit (429), a retry after a failed attempt, or the tap's own limit (requests_per_minute). */
  readonly reason: 'rate-limit' | 'retry' | 'pace';
  /** The end of the wait in ms since 1970, by the local clock. */
  readonly untilMs: number;
  /** Path of the waiting request, without query. */
  readonly path: string;
  /** The cause, for a log line: `answers 503 Service Unavailable`. */
  readonly why: string;
  /** The next attempt; `undefined` if the wait is not for a retry. */
  readonly retry?: RetryReport;
}

export interface RetryReport {
  /** Number of the next attempt, from 2. */
  readonly attempt: number;
  /** Whether this is the last attempt. */
  readonly isLast: boolean;
  /** The retry budget that is left after this wait, in ms. */
  readonly remainingMs: number;
  /** What the user can check meanwhile, as a sentence. */
  readonly advice?: string;
}
