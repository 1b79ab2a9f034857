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

export interface HttpRequest extends Omit<
  OutgoingRequest,
  'headers' | 'form' | 'attempt' | 'isEarly'
> {
  /**
   * Called after each failed attempt, before any wait, unless the user must act or it was the last one.
   * @returns another query to go on with, for which backoff and retry budget begin anew
   */
  readonly reviseQuery?: (error: HttpError) => Promise<Query | undefined>;
  /** For a request whose failure is an answer. */
  readonly maxAttempts?: number;
}

/** A form to be sent without credentials. It is sent again only after a failure that passes. */
type HttpForm = Required<Pick<OutgoingRequest, 'path' | 'acceptsError' | 'reason'>> & {
  form: URLSearchParams;
};

export interface Credentials {
  /** Headers of the next request; they hold a secret. Resolves once they can be used. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /**
   * Called when a request with these headers is answered 401.
   * @returns true when `headers` gives others now, so that the request is worth another attempt
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
  /** That of the run and the request's own; `undefined`: that of the run. */
  readonly signal: AbortSignal | undefined;
  readonly maxAttempts: number;
  query: Query;
  /** Number of the next attempt, from 1. */
  attempt: number;
  /** Attempts with this query, the next one included. */
  queryAttempts: number;
  retryBudgetMs: number;
}

/** The one way to get JSON; one client per run, which has the pace, the slots and the retry budget. */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #limiter: RateLimiter;
  readonly #transport: Transport;
  readonly #credentials: Credentials;
  /** The retry budget ran out and nothing was answered since: each request gets one attempt. */
  #isRetryBudgetExhausted = false;

  constructor(options: HttpClientOptions) {
    const allOptions = { ...defaults, ...options };
    this.#options = allOptions;
    this.#limiter = new RateLimiter(allOptions);
    this.#transport = new Transport(allOptions, this.#limiter);
    this.#credentials = options.credentials((form) => this.post(form));
  }

  /**
   * @throws HttpError when the answer is given up; the signal's reason when the run is stopped;
   * TapError (config) when the proxy of the environment cannot be used.
   */
  get(request: HttpRequest): Promise<HttpResponse> {
    return this.#sendWithRetries(request);
  }

  /**
   * One attempt of a request that can be done without: it waits for no other, renews no token, and its failure
   * says nothing about later requests. Only a pause that the API asks for holds for all of them.
   * @returns `undefined`: there is no room for it now
   * @throws as `get`, and the reason of the request's own signal
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
      if (error instanceof HttpError && error.kind === 'transient') {
        const { retryAfterMs = 0 } = error;
        // A longer pause is an error, and that is met by a request that is needed.
        if (retryAfterMs <= maxRetryMs) this.#limiter.pauseFor(retryAfterMs);
      }
      throw error;
    }
  }

  /** How many requests may start now without a wait; 0 while the API has asked for a pause. */
  spareStarts(): number {
    return this.#limiter.spareStarts();
  }

  #signalFor({ signal }: Pick<HttpRequest, 'signal'>): AbortSignal | undefined {
    return signal && AbortSignal.any([this.#options.signal, signal]);
  }

  /** @throws as `get`; an HttpError with a status holds what the server said. */
  async post({ form, ...request }: HttpForm): Promise<Json> {
    return (await this.#sendWithRetries({ ...request, query: {} }, form)).body;
  }

  /** Makes attempts until one is answered or given up, with credentials unless it is a form. */
  async #sendWithRetries(request: HttpRequest, form?: URLSearchParams): Promise<HttpResponse> {
    const { maxRetryMs: retryBudgetMs, maxAttempts: defaultMax } = this.#options;
    const maxAttempts = this.#isRetryBudgetExhausted ? 1 : (request.maxAttempts ?? defaultMax);
    const attempts = { attempt: 1, queryAttempts: 1, maxAttempts };
    const signal = this.#signalFor(request);
    const { query: firstQuery } = request;
    const state: RetryState = { request, signal, query: firstQuery, ...attempts, retryBudgetMs };
    for (;;) {
      // Not within a slot: renewing them takes a request of its own.
      const headers = form === undefined ? await this.#credentials.headers() : {};
      const { query, attempt } = state;
      const outgoing = { ...request, query, headers, form, attempt, signal };
      try {
        const response = await this.#limiter.withSlot(() => this.#transport.send(outgoing));
        this.#isRetryBudgetExhausted = false;
        return response;
      } catch (error) {
        // The one place where a failed attempt is caught.
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
   * Waits, and changes what is asked for where that helps.
   * @throws HttpError when the failed attempt was the last
   */
  async #prepareRetry(state: RetryState, error: HttpError): Promise<void> {
    const { clock, maxRetryMs } = this.#options;
    const { request, queryAttempts, retryBudgetMs } = state;
    const { kind, retryAfterMs } = error;
    if (kind === 'transient' && retryAfterMs !== undefined) {
      if (retryAfterMs > retryBudgetMs)
        throw retryAfterTooLongError(error, clock.now() + retryAfterMs);
      // Before `reviseQuery` may send a request: the pause is for all requests.
      this.#limiter.pauseFor(retryAfterMs);
    }
    if (kind === 'config' || queryAttempts >= state.maxAttempts) throw error;
    const query = await request.reviseQuery?.(error);
    if (query !== undefined) {
      Object.assign(state, { query, queryAttempts: 1, retryBudgetMs: maxRetryMs });
      // A failure that stays is that of the other query: the new one needs no wait.
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

  /** @returns how long the pause was, in ms */
  async #pause(state: RetryState, attempts: number, error: HttpError): Promise<number> {
    const { clock, onWait, random, signal: runSignal } = this.#options;
    const { isRateLimit, path, why, retryAfterMs } = error;
    const ms = Math.min(retryDelayMs(attempts, retryAfterMs, random), state.retryBudgetMs);
    if (ms > 0) {
      const reason = isRateLimit ? 'rate-limit' : 'retry';
      const remainingMs = state.retryBudgetMs - ms;
      const isLast = remainingMs <= 0 || state.queryAttempts >= state.maxAttempts;
      const retry = { attempt: state.attempt + 1, isLast, remainingMs };
      onWait({ reason, untilMs: clock.now() + ms, path, why, retry });
      await clock.sleep(ms, state.signal ?? runSignal);
    }
    return ms;
  }
}
