import { HttpError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { patienceUsedUp, waitTooLong } from './http-errors.ts';
import { Limiter } from './rate-limiter.ts';
import type { HttpOptions } from './options.ts';
import { Requester, type HttpAnswer, type Outgoing, type Query } from './transport.ts';
import { waitMs } from './retry.ts';

export interface HttpRequest extends Omit<Outgoing, 'headers' | 'form'> {
  /**
   * Called after each failed attempt, before any wait, unless the user must act or it was the last one.
   * @returns another query to go on with, for which backoff and patience begin anew
   */
  readonly revise?: (error: HttpError) => Promise<Query | undefined>;
  /** For a question whose failure is an answer. */
  readonly maxAttempts?: number;
}

/** A form to be sent without credentials. It is sent again only after a failure that passes. */
interface HttpForm extends Pick<Outgoing, 'path'> {
  readonly form: URLSearchParams;
  readonly isAnswer: NonNullable<Outgoing['isAnswer']>;
}

export interface Credentials {
  /** Headers of the next request; they hold a secret. Resolves once they can be used. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /**
   * Called when a request with these headers is answered 401.
   * @returns true when `headers` gives others now, so that the request is worth another attempt
   */
  readonly refused: (headers: Readonly<Record<string, string>>) => Promise<boolean>;
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

interface Asking {
  readonly request: HttpRequest;
  readonly mostAttempts: number;
  query: Query;
  /** Attempts with this query, the next one included. */
  attempts: number;
  leftMs: number;
}

/** The one way to get JSON; one client per run, which has the pace, the slots and the patience. */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #limiter: Limiter;
  readonly #requester: Requester;
  readonly #credentials: Credentials;
  /** Patience ran out and nothing was answered since: each request gets one attempt. */
  #isExhausted = false;

  constructor(options: HttpClientOptions) {
    const settled = { ...defaults, ...options };
    this.#options = settled;
    this.#limiter = new Limiter(settled);
    this.#requester = new Requester(settled, this.#limiter);
    this.#credentials = options.credentials((form) => this.post(form));
  }

  /**
   * @throws HttpError when the answer is given up; the signal's reason when the run is stopped;
   * TapError (config) when the proxy of the environment cannot be used.
   */
  get(request: HttpRequest): Promise<HttpAnswer> {
    return this.#insist(request);
  }

  /** @throws as `get`; an HttpError with a status holds what the server said. */
  async post({ form, ...request }: HttpForm): Promise<Json> {
    return (await this.#insist({ ...request, query: {} }, form)).body;
  }

  /** Makes attempts until one is answered or given up, with credentials unless it is a form. */
  async #insist(request: HttpRequest, form?: URLSearchParams): Promise<HttpAnswer> {
    const { maxRetryMs: leftMs, maxAttempts } = this.#options;
    const mostAttempts = this.#isExhausted ? 1 : (request.maxAttempts ?? maxAttempts);
    const asking: Asking = { request, mostAttempts, query: request.query, attempts: 1, leftMs };
    for (;;) {
      // Not within a slot: renewing them takes a request of its own.
      const headers = form === undefined ? await this.#credentials.headers() : {};
      const outgoing = { ...request, query: asking.query, headers, form };
      try {
        const answer = await this.#limiter.inSlot(() => this.#requester.send(outgoing));
        this.#isExhausted = false;
        return answer;
      } catch (error) {
        // The one place where a failed attempt is caught.
        if (!(error instanceof HttpError)) throw error;
        const isRefusal = form === undefined && error.status === 401 && error.kind === 'config';
        const isRenewed = isRefusal && (await this.#credentials.refused(headers));
        if (!isRenewed) await this.#goOn(asking, error);
      }
    }
  }

  /**
   * Waits, and changes what is asked for where that helps.
   * @throws HttpError when the failed attempt was the last
   */
  async #goOn(asking: Asking, error: HttpError): Promise<void> {
    const { clock, maxRetryMs } = this.#options;
    const { request, attempts, leftMs } = asking;
    const { kind, retryAfterMs } = error;
    if (kind === 'transient' && retryAfterMs !== undefined) {
      if (retryAfterMs > leftMs) throw waitTooLong(error, clock.now() + retryAfterMs);
      // Before `revise` may send a request: the pause is for all requests.
      this.#limiter.holdFor(retryAfterMs);
    }
    if (kind === 'config' || attempts >= asking.mostAttempts) throw error;
    const query = await request.revise?.(error);
    if (query !== undefined) {
      Object.assign(asking, { query, attempts: 1, leftMs: maxRetryMs });
      // A failure that stays is that of the other query: the new one needs no wait.
      if (kind === 'transient') await this.#pause(1, maxRetryMs, error);
      return;
    }
    if (kind !== 'transient') throw error;
    if (leftMs <= 0) {
      this.#isExhausted = true;
      throw patienceUsedUp(error, attempts, maxRetryMs - leftMs);
    }
    asking.attempts += 1;
    asking.leftMs -= await this.#pause(attempts, leftMs, error);
  }

  /** @returns how long the pause was, in ms */
  async #pause(attempts: number, mostMs: number, error: HttpError): Promise<number> {
    const { clock, signal, onWait, random } = this.#options;
    const { isRateLimit, path, why, retryAfterMs } = error;
    const ms = Math.min(waitMs(attempts, retryAfterMs, random), mostMs);
    if (ms > 0) {
      const reason = isRateLimit ? 'rate-limit' : 'retry';
      onWait({ reason, untilMs: clock.now() + ms, path, why });
      await clock.sleep(ms, signal);
    }
    return ms;
  }
}
