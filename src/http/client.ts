import type { Clock } from '../clock.ts';
import type { HttpError } from '../errors.ts';
import type { Json } from '../json.ts';
import { createAttempt, type RequestReport } from './attempt.ts';
import { patienceUsedUp, toldToWaitTooLong, type Failed } from './failures.ts';
import { createLimiter, type Limiter, type Wait } from './limiter.ts';
import { waitMs } from './retry.ts';

/** Query parameters, in the order they are sent. */
export type Query = Readonly<Record<string, string | number>>;

/** A failed attempt, told before the client decides whether and how long to wait. */
export interface FailedAttempt {
  readonly error: HttpError;
  /** The answer's Retry-After in ms, when it had one. */
  readonly retryAfterMs: number | undefined;
  /** Attempts made for this answer so far, this one included. */
  readonly attempts: number;
}

export interface HttpRequest {
  /** Absolute path on the client's origin, without query. */
  readonly path: string;
  readonly query: Query;
  /**
   * Asked after each failed attempt, before any wait: another query to go on with, under the same
   * backoff and the same patience. `undefined`: go on as the table says. Not asked where no query
   * could help: when the user must act, or when this was the last attempt.
   */
  readonly revise?: (failed: FailedAttempt) => Promise<Query | undefined>;
  /** Attempts at most, whatever the patience; for a question whose failure is an answer. */
  readonly maxAttempts?: number;
}

export interface HttpAnswer {
  readonly body: Json;
  /** The answer's `Date` header in ms since 1970, when there was one. */
  readonly serverTimeMs: number | undefined;
  /** When its headers were here, ms since 1970 by our clock. */
  readonly headMs: number;
  /** When the whole body was here, ms since 1970 by our clock. */
  readonly receivedMs: number;
  /** The query that was answered: the request's own, or what `revise` made of it. */
  readonly query: Query;
}

/** The one way to get JSON. */
export interface HttpClient {
  /**
   * @throws HttpError when the answer is given up; the signal's reason when the run is stopped;
   * TapError (config) when the proxy of the environment cannot be used.
   */
  get(request: HttpRequest): Promise<HttpAnswer>;
}

export interface HttpClientOptions {
  /** Scheme, host and port: https, or http on loopback. Not checked here. */
  readonly origin: string;
  /** Headers of every request, the token among them. Asked for before each. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly userAgent: string;
  /** Texts no message may repeat: an API may quote what it was sent. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  /** Ends requests and waits at once. */
  readonly signal: AbortSignal;
  /** Told after each request; retries and redirects are requests of their own. */
  readonly onAttempt: (report: RequestReport) => void;
  /** Told at once when a wait begins, before a retry or of a second or more for the pace. */
  readonly onWait: (wait: Wait) => void;
  /** Request starts in any 60 s, retries included. Default 200. */
  readonly requestsPerMinute?: number;
  /** Requests in flight at the same time. Default 1. */
  readonly requestsInFlight?: number;
  /** Time to the headers, and to each next piece of the body. Default 60,000. */
  readonly requestTimeoutMs?: number;
  /** Patience: the sum of the waits for one answer. Default 900,000. */
  readonly maxRetryMs?: number;
  /** The largest body, as it comes and inflated. Default 256 MiB. */
  readonly maxBodyBytes?: number;
  /** As Math.random, which is the default. */
  readonly random?: () => number;
}

type Settled = Required<HttpClientOptions>;

/** One client per run: the pace, the slots and what is known of the API's state are its own. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const settled: Settled = {
    requestsPerMinute: 200,
    requestsInFlight: 1,
    requestTimeoutMs: 60_000,
    maxRetryMs: 900_000,
    maxBodyBytes: 256 * 2 ** 20,
    random: Math.random,
    ...options,
  };
  const limiter = createLimiter(settled);
  const attempt = createAttempt({ ...settled, start: (path) => limiter.start(path) });
  /** Patience ran out and nothing was answered since: nobody is patient a second time. */
  let isExhausted = false;

  return {
    async get(request) {
      const mostAttempts = isExhausted ? 1 : (request.maxAttempts ?? Number.POSITIVE_INFINITY);
      let { query } = request;
      let leftMs = settled.maxRetryMs;
      for (let attempts = 1; ; attempts += 1) {
        const search = searchOf(query);
        const outcome = await limiter.inSlot(() => attempt(request.path, search));
        if ('answered' in outcome) {
          isExhausted = false;
          return { ...outcome.answered, query };
        }
        const { failed } = outcome;
        const plan = await planNext(
          { request, failed, attempts, mostAttempts, leftMs },
          settled,
          limiter,
        );
        if ('error' in plan) {
          isExhausted ||= plan.isExhausted;
          throw plan.error;
        }
        if (plan.waitMs > 0) await pause(plan.waitMs, request.path, failed, settled);
        leftMs -= plan.waitMs;
        query = plan.query ?? query;
      }
    },
  };
}

interface Setback {
  readonly request: HttpRequest;
  readonly failed: Failed;
  /** Attempts made so far. */
  readonly attempts: number;
  readonly mostAttempts: number;
  /** What is left of the patience. */
  readonly leftMs: number;
}

/** Give up, or go on after a wait, maybe with another query. */
type Plan =
  | { readonly error: HttpError; readonly isExhausted: boolean }
  | { readonly waitMs: number; readonly query: Query | undefined };

async function planNext(setback: Setback, options: Settled, limiter: Limiter): Promise<Plan> {
  const { request, failed, attempts, mostAttempts, leftMs } = setback;
  const { error, retryAfterMs } = failed;
  const isTransient = error.kind === 'transient';
  if (isTransient && retryAfterMs !== undefined) {
    if (retryAfterMs > leftMs) {
      const untilMs = options.clock.now() + retryAfterMs;
      return { error: toldToWaitTooLong(failed, untilMs), isExhausted: false };
    }
    // Before anybody is asked anything: the pause is everybody's.
    limiter.holdFor(retryAfterMs);
  }
  if (error.kind === 'config' || attempts >= mostAttempts) return { error, isExhausted: false };
  const query = await request.revise?.({ error, retryAfterMs, attempts });
  if (!isTransient) {
    // Final for this query; another one is another question and needs no wait.
    return query === undefined ? { error, isExhausted: false } : { waitMs: 0, query };
  }
  if (leftMs <= 0) {
    const waitedMs = options.maxRetryMs - leftMs;
    return { error: patienceUsedUp(failed, { attempts, waitedMs }), isExhausted: true };
  }
  const wanted = waitMs({ attempts, retryAfterMs, random: options.random });
  return { waitMs: Math.min(wanted, leftMs), query };
}

async function pause(ms: number, path: string, failed: Failed, options: Settled): Promise<void> {
  const { clock, signal, onWait } = options;
  const reason = failed.error.status === 429 ? 'rate-limit' : 'retry';
  onWait({ reason, untilMs: clock.now() + ms, path, why: failed.why });
  await clock.sleep(ms, signal);
}

function searchOf(query: Query): URLSearchParams {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) search.append(key, String(value));
  return search;
}
