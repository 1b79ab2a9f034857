import { HttpError } from '../errors.ts';
import type { Json } from '../json.ts';
import { patienceUsedUp, toldToWaitTooLong } from './failures.ts';
import { createLimiter, type Limiter, type Wait } from './limiter.ts';
import { Requester, type Answered, type RequestOptions } from './request.ts';
import { waitMs } from './retry.ts';

/** Query parameters, in the order they are sent. */
export type Query = Readonly<Record<string, string | number>>;

export interface HttpRequest {
  /** Absolute path on the client's origin, without query. */
  readonly path: string;
  readonly query: Query;
  /**
   * Keys of an object that is an answer; default: no object with an `error` is one. Such an object with none of
   * them is a failed attempt, whatever its status.
   */
  readonly answerKeys?: readonly string[];
  /**
   * Asked after each failed attempt, before any wait: another query to go on with, for which backoff and
   * patience begin anew. `undefined`: go on as the error's kind says. Not asked where no query could help: when
   * the user must act, or when this was the last attempt.
   */
  readonly revise?: (error: HttpError) => Promise<Query | undefined>;
  /** Bytes that are no text in the body's charset become U+FFFD; default: the attempt fails. */
  readonly replacesInvalidBytes?: boolean;
  /** Attempts at most, whatever the patience; for a question whose failure is an answer. */
  readonly maxAttempts?: number;
}

export interface HttpAnswer extends Answered {
  /** The query that was answered: the request's own, or what `revise` made of it. */
  readonly query: Query;
}

/** A form to be sent without credentials. It is sent again only after a failure that passes. */
export interface HttpForm {
  /** Absolute path on the client's origin. */
  readonly path: string;
  readonly form: URLSearchParams;
}

/** On whose behalf requests are made. */
export interface Credentials {
  /** Headers of the next request; they hold a secret. Resolves once they can be used. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /**
   * Called when a request with these headers is answered 401.
   * @returns true when `headers` gives others now, so that the request is worth another attempt
   */
  readonly refused: (headers: Readonly<Record<string, string>>) => Promise<boolean>;
}

/** The one way to get JSON. */
export interface HttpClient {
  /**
   * @throws HttpError when the answer is given up; the signal's reason when the run is stopped;
   * TapError (config) when the proxy of the environment cannot be used.
   */
  get(request: HttpRequest): Promise<HttpAnswer>;
  /** @throws as `get`; an HttpError with a status holds what the server said. */
  post(form: HttpForm): Promise<Json>;
}

type Needed = 'origin' | 'userAgent' | 'secrets' | 'clock' | 'signal' | 'onAttempt';

export interface HttpClientOptions extends Pick<RequestOptions, Needed> {
  /** `post` is the client's own. */
  readonly credentials: (post: HttpClient['post']) => Credentials;
  /** Called at once when a wait begins, before a retry or of a second or more for the pace. */
  readonly onWait: (wait: Wait) => void;
  /** Request starts in any 60 s, retries included. Default 200. */
  readonly requestsPerMinute?: number;
  /** Requests in flight at the same time. Default 1. */
  readonly requestsInFlight?: number;
  /** Time to the headers, and to each next piece of the body. Default 60,000. */
  readonly requestTimeoutMs?: number;
  /** A body that comes more slowly has timed out; 0: none has. Default 1,024. */
  readonly minBytesPerMinute?: number;
  /** Patience: the sum of the waits for one answer. Default 900,000. */
  readonly maxRetryMs?: number;
  /** Attempts at most for one answer, whatever the patience. Default: no limit. */
  readonly maxAttempts?: number;
  /** The largest body, as it comes and inflated. Default 256 MiB. */
  readonly maxBodyBytes?: number;
  /** As Math.random, which is the default. */
  readonly random?: () => number;
}

type Settled = Required<HttpClientOptions>;

const defaults = {
  requestsPerMinute: 200,
  requestsInFlight: 1,
  requestTimeoutMs: 60_000,
  minBytesPerMinute: 1_024,
  maxRetryMs: 900_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  maxBodyBytes: 256 * 2 ** 20,
  random: Math.random,
};

/** One client per run: the pace, the slots and what is known of the API's state are its own. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const settled: Settled = { ...defaults, ...options };
  const limiter = createLimiter(settled);
  const requester = new Requester({ ...settled, start: (path) => limiter.start(path) });
  /** Patience ran out and nothing was answered since: nobody is patient a second time. */
  let isExhausted = false;

  /** Makes attempts until one is answered or given up, with credentials unless it is a form. */
  const insist = async (request: HttpRequest, form?: URLSearchParams): Promise<HttpAnswer> => {
    const { maxAttempts = settled.maxAttempts } = request;
    const mostAttempts = isExhausted ? 1 : maxAttempts;
    let { query } = request;
    let leftMs = settled.maxRetryMs;
    let attempts = 1;
    for (;;) {
      const sent = { ...request, search: searchOf(query) };
      // Not within a slot: renewing them takes a request of its own.
      const headers = form === undefined ? await credentials.headers() : {};
      try {
        const answered = await limiter.inSlot(() =>
          requester.send(form === undefined ? { ...sent, headers } : { ...sent, form }),
        );
        isExhausted = false;
        return { ...answered, query };
      } catch (error) {
        // The one place where a failed attempt is caught: it is made again, or it is the answer.
        if (!(error instanceof HttpError)) throw error;
        if (form === undefined && isRefusal(error) && (await credentials.refused(headers)))
          continue;
        const setback = { request, error, attempts, mostAttempts, leftMs };
        const plan = await planNext(setback, settled, limiter);
        if ('error' in plan) {
          isExhausted ||= plan.isExhausted;
          throw plan.error;
        }
        if (plan.waitMs > 0) await pause(plan.waitMs, error, settled);
        attempts += 1;
        leftMs -= plan.waitMs;
        if (plan.query === undefined) continue;
        query = plan.query;
        attempts = 1;
        leftMs = settled.maxRetryMs;
      }
    }
  };
  const post: HttpClient['post'] = async ({ path, form }) =>
    (await insist({ path, query: {} }, form)).body;
  const credentials = options.credentials(post);

  return { get: (request) => insist(request), post };
}

/** Are the credentials what is wrong? */
function isRefusal({ status, kind }: HttpError): boolean {
  return status === 401 && kind === 'config';
}

interface Setback {
  readonly request: HttpRequest;
  readonly error: HttpError;
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
  const { request, error, attempts, mostAttempts, leftMs } = setback;
  const { kind, retryAfterMs } = error;
  const isTransient = kind === 'transient';
  if (isTransient && retryAfterMs !== undefined) {
    if (retryAfterMs > leftMs) {
      const untilMs = options.clock.now() + retryAfterMs;
      return { error: toldToWaitTooLong(error, untilMs), isExhausted: false };
    }
    // Before anybody is asked anything: the pause is everybody's.
    limiter.holdFor(retryAfterMs);
  }
  if (kind === 'config' || attempts >= mostAttempts) return { error, isExhausted: false };
  const query = await request.revise?.(error);
  const backoff = (count: number): number =>
    waitMs({ attempts: count, retryAfterMs, random: options.random });
  if (!isTransient) {
    // Final for this query; another one is another question and needs no wait.
    return query === undefined ? { error, isExhausted: false } : { waitMs: 0, query };
  }
  if (query !== undefined) {
    return { waitMs: Math.min(backoff(1), options.maxRetryMs), query };
  }
  if (leftMs <= 0) {
    const waitedMs = options.maxRetryMs - leftMs;
    return { error: patienceUsedUp(error, attempts, waitedMs), isExhausted: true };
  }
  return { waitMs: Math.min(backoff(attempts), leftMs), query };
}

async function pause(ms: number, error: HttpError, options: Settled): Promise<void> {
  const { clock, signal, onWait } = options;
  const reason = error.isLimit ? 'rate-limit' : 'retry';
  onWait({ reason, untilMs: clock.now() + ms, path: error.path, why: error.why });
  await clock.sleep(ms, signal);
}

function searchOf(query: Query): URLSearchParams {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) search.append(key, String(value));
  return search;
}
