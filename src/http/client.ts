import { HttpError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { retryBudgetExhaustedError, retryAfterTooLongError } from './http-errors.ts';
import { NoSpareStart, RateLimiter } from './rate-limiter.ts';
import type { HttpOptions } from './options.ts';
import {
  Transport,
  type HttpResponse,
  type OutgoingRequest,
  type Query,
  type UnparsedResponse,
} from './transport.ts';
import { retryDelayMs } from './retry.ts';
import { tryLaterAdvice } from './statuses.ts';

export interface HttpRequest extends Omit<
  OutgoingRequest,
  'headers' | 'form' | 'attempt' | 'isEarly'
> {
  /**
   * Called after each failed attempt that may be repeated, before any wait.
   * @returns Another query for the next attempt, or `undefined` to keep the query. Another query resets the backoff and
   *   the retry budget.
   */
  readonly reviseQuery?: (error: HttpError) => Promise<Query | undefined>;
  /** Maximum number of attempts, for a request whose failure is a valid result. */
  readonly maxAttempts?: number;
}

/** A form, which is sent without credentials. It is sent again only after a transient failure. */
type HttpForm = Required<Pick<OutgoingRequest, 'path' | 'acceptsError' | 'reason'>> & {
  form: URLSearchParams;
};

export interface Credentials {
  /** Headers for the next request, which contain a secret. Resolves when they are ready. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /**
   * Called when the response to a request with these headers is 401.
   * @returns Whether `headers` now returns other headers, so that the request should be repeated.
   */
  readonly onUnauthorized: (headers: Readonly<Record<string, string>>) => Promise<boolean>;
}

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

export type HttpClientOptions = Omit<HttpOptions, keyof typeof defaults> &
  Partial<HttpOptions> & {
    /** `post` is the client's own. */
    readonly credentials: (post: HttpClient['post']) => Credentials;
  };

export type EarlyHttpRequest = Omit<HttpRequest, 'reviseQuery' | 'maxAttempts' | 'onBody'>;

interface RetryState {
  readonly request: HttpRequest;
  /** The combined signal of run and request; `undefined` if the request has none. */
  readonly signal: AbortSignal | undefined;
  readonly maxAttempts: number;
  query: Query;
  /** Number of the next attempt, from 1. */
  attempt: number;
  /** Number of attempts with this query, including the next one. */
  queryAttempts: number;
  retryBudgetMs: number;
}

/** Sends all requests of a run, with the rate limit, the limit of requests in flight and the retry budget. */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #limiter: RateLimiter;
  readonly #transport: Transport;
  readonly #credentials: Credentials;
  /** No response has arrived since the retry budget was exhausted. Until one arrives, each request gets one attempt. */
  #isRetryBudgetExhausted = false;
  /** A pause that the response to an early request required and that exceeds the retry budget. */
  #longPause: { readonly error: HttpError; readonly untilMs: number } | undefined;

  constructor(options: HttpClientOptions) {
    const allOptions = { ...defaults, ...options };
    this.#options = allOptions;
    this.#limiter = new RateLimiter(allOptions);
    this.#transport = new Transport(allOptions, this.#limiter);
    this.#credentials = options.credentials((form) => this.post(form));
  }

  /**
   * @throws HttpError after the last attempt has failed, the signal's reason if the run is stopped, and TapError
   *   (config) for an invalid proxy in the environment.
   */
  get(request: HttpRequest): Promise<HttpResponse> {
    return this.#sendWithRetries(request);
  }

  /**
   * Makes one attempt of an optional request, without waiting and without renewing a token. A failure has no effect on
   * other requests, except that a pause required by the API applies to all requests.
   * @returns `undefined` if the request cannot start now
   * @throws like `get`, and the reason of the request's own signal
   */
  async getEarly(request: EarlyHttpRequest): Promise<UnparsedResponse | undefined> {
    const { maxRetryMs } = this.#options;
    const signal = this.#signalFor(request);
    try {
      const headers = await this.#credentials.headers();
      signal?.throwIfAborted();
      const sent = { ...request, signal, headers, form: undefined, attempt: 1, isEarly: true };
      return await this.#limiter.withSpareSlot(() => this.#transport.sendUnparsed(sent));
    } catch (error) {
      if (error instanceof NoSpareStart) return undefined;
      if (error instanceof HttpError) this.#applyPause(error, maxRetryMs);
      throw error;
    }
  }

  /** Applies the pause that a response requires to all requests. A pause of more than `maxMs` makes them fail. */
  #applyPause(error: HttpError, maxMs: number): void {
    const { kind, retryAfterMs = 0 } = error;
    if (kind !== 'transient') return;
    if (retryAfterMs <= maxMs) this.#limiter.pauseFor(retryAfterMs);
    else this.#longPause = { error, untilMs: this.#options.clock.now() + retryAfterMs };
  }

  /** Number of requests that can start now without waiting; 0 during a pause. */
  spareStarts(): number {
    return this.#limiter.spareStarts();
  }

  #signalFor({ signal }: Pick<HttpRequest, 'signal'>): AbortSignal | undefined {
    return signal && AbortSignal.any([this.#options.signal, signal]);
  }

  /** @throws like `get`. An HttpError with a status contains the response body. */
  async post({ form, ...request }: HttpForm): Promise<Json> {
    return (await this.#sendWithRetries({ ...request, query: {} }, form)).body;
  }

  /** Makes attempts until one succeeds or no more are allowed. Adds credentials unless it is a form. */
  async #sendWithRetries(request: HttpRequest, form?: URLSearchParams): Promise<HttpResponse> {
    const { maxRetryMs: retryBudgetMs, maxAttempts: defaultMax } = this.#options;
    const maxAttempts = this.#isRetryBudgetExhausted ? 1 : (request.maxAttempts ?? defaultMax);
    const attempts = { attempt: 1, queryAttempts: 1, maxAttempts };
    const signal = this.#signalFor(request);
    const { query: firstQuery } = request;
    const state: RetryState = { request, signal, query: firstQuery, ...attempts, retryBudgetMs };
    for (;;) {
      const pause = this.#longPause;
      if (pause !== undefined && pause.untilMs > this.#options.clock.now())
        throw retryAfterTooLongError(pause.error, pause.untilMs);
      // Not inside a slot, because renewing the credentials needs a request.
      const headers = form === undefined ? await this.#credentials.headers() : {};
      const { query, attempt } = state;
      const outgoing = { ...request, query, headers, form, attempt, signal };
      try {
        const response = await this.#limiter.withSlot(() => this.#transport.send(outgoing));
        this.#isRetryBudgetExhausted = false;
        return response;
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        const isUnauthorized =
          form === undefined && error.status === 401 && error.kind === 'config';
        const isRenewed = isUnauthorized && (await this.#credentials.onUnauthorized(headers));
        if (!isRenewed) await this.#prepareRetry(state, error);
        state.attempt += 1;
      }
    }
  }

  /**
   * Waits, and changes the query if that helps.
   * @throws HttpError if the failed attempt was the last one
   */
  async #prepareRetry(state: RetryState, error: HttpError): Promise<void> {
    const { clock, maxRetryMs } = this.#options;
    const { request, queryAttempts, retryBudgetMs } = state;
    const { kind, retryAfterMs } = error;
    if (kind === 'transient' && retryAfterMs !== undefined) {
      if (retryAfterMs > retryBudgetMs)
        throw retryAfterTooLongError(error, clock.now() + retryAfterMs);
      // `reviseQuery` may send a request, to which the pause applies, too.
      this.#limiter.pauseFor(retryAfterMs);
    }
    if (kind === 'config' || queryAttempts >= state.maxAttempts) throw error;
    const query = await request.reviseQuery?.(error);
    if (query !== undefined) {
      Object.assign(state, { query, queryAttempts: 1, retryBudgetMs: maxRetryMs });
      // A permanent failure belongs to the old query, so the new one needs no wait.
      if (kind === 'transient') await this.#pause(state, 1, error);
      return;
    }
    if (kind !== 'transient') throw error;
    if (retryBudgetMs <= 0) {
      this.#isRetryBudgetExhausted = true;
      throw retryBudgetExhaustedError(error, state.attempt, maxRetryMs - retryBudgetMs);
    }
    state.queryAttempts += 1;
    state.retryBudgetMs -= await this.#pause(state, queryAttempts, error);
  }

  /** @returns The length of the pause in ms. */
  async #pause(state: RetryState, attempts: number, error: HttpError): Promise<number> {
    const { clock, onWait, random, signal: runSignal } = this.#options;
    const { advice, failure, isRateLimit, path, why, retryAfterMs } = error;
    const ms = Math.min(retryDelayMs(attempts, retryAfterMs, random), state.retryBudgetMs);
    if (ms > 0) {
      const reason = isRateLimit ? 'rate-limit' : 'retry';
      const remainingMs = state.retryBudgetMs - ms;
      const isLast = remainingMs <= 0 || state.queryAttempts >= state.maxAttempts;
      const hint = failure === 'network' && advice !== tryLaterAdvice ? { advice } : {};
      const retry = { attempt: state.attempt + 1, isLast, remainingMs, ...hint };
      onWait({ reason, untilMs: clock.now() + ms, path, why, retry });
      await clock.sleep(ms, state.signal ?? runSignal);
    }
    return ms;
  }
}
