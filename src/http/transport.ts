import type { Agent } from 'node:http';

import fetch, { FetchError, Response, type ResponseInit } from 'node-fetch';

import { errorCode, HttpError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { decodeContent, readErrorBody, parseJson, bodyTooLargeError } from './body.ts';
import { isErrorObject } from './error-body.ts';
import { responseError, createHttpError, networkError, formatMessage } from './http-errors.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { HttpOptions, RequestReport } from './options.ts';
import { Connection, type Peer } from './proxy.ts';
import {
  explainAfterRedirect,
  formRedirectError,
  maxRedirects,
  readRedirect,
  tooManyRedirectsError,
  type Redirect,
} from './redirects.ts';
import { parseHttpDate, parseRateLimitReset, parseRetryAfter } from './retry.ts';
import { tryLaterAdvice } from './statuses.ts';
import { RequestTimeout } from './request-timeout.ts';

export interface HttpResponse {
  readonly body: Json;
  /** The `Date` header in ms since 1970. */
  readonly serverTimeMs: number | undefined;
  /** When the headers arrived, in ms since 1970 by the local clock. */
  readonly headersMs: number;
  /** When the whole body had arrived, in ms since 1970 by the local clock. */
  readonly receivedMs: number;
  /** Time from the start of the successful attempt until the body was decoded. */
  readonly durationMs: number;
}

/** A response whose body is parsed on demand. */
export interface UnparsedResponse extends Omit<HttpResponse, 'body'> {
  /** The decoded body. */
  readonly bytes: Buffer;
  /** @throws HttpError like a request whose body is parsed immediately */
  readonly parse: () => Json;
}

interface Download extends Pick<UnparsedResponse, 'headersMs' | 'receivedMs' | 'bytes'> {
  readonly response: Response;
}

type Read<T> = (response: UnparsedResponse) => Promise<T>;

/** Query parameters, in order. */
export type Query = Readonly<Record<string, string | number>>;

export interface OutgoingRequest {
  /** Absolute path on the client's origin, without query. */
  readonly path: string;
  readonly query: Query;
  /**
   * Keys of a successful response. An object with an `error` and without any of these keys is a failed attempt,
   * regardless of its status. Default: any object with an `error` is a failed attempt.
   */
  readonly responseKeys?: readonly string[];
  /** Whether to return an object with an `error` as a response. */
  readonly acceptsError?: (body: Json) => boolean;
  /** Replace bytes that are invalid in the body's charset by U+FFFD. By default, the attempt fails. */
  readonly replacesInvalidBytes?: boolean;
  /** Why the request is made, for a log line: `regular page`. */
  readonly reason?: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Additional headers, which may contain secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Sends this form with POST. Redirects are not followed. After the request has started, the end of the run does not
   * abort it, because its response may contain the only valid refresh token.
   */
  readonly form: URLSearchParams | undefined;
  /** Aborts this request. Default: the run's signal. Not used for a form. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the decoded body. The body is parsed after this resolves. */
  readonly onBody?: (bytes: Buffer) => Promise<void>;
  /** Fails with `NoSpareStart` instead of waiting for the rate limit. */
  readonly isEarly?: boolean;
}

/** Maximum size of an error body. */
const maxErrorBytes = 64 * 1024;

/** A request and, after its headers have arrived, the response. */
interface Exchange {
  readonly url: URL;
  readonly outgoing: OutgoingRequest;
  /** The redirect that caused this request. */
  readonly redirect: Redirect | undefined;
  response?: Response;
  /** Size of the complete body. */
  bytes?: number;
}

export class Transport {
  readonly #options: HttpOptions;
  readonly #limiter: RateLimiter;
  #connection: Connection | undefined;
  /** A response has arrived in this run, so the host name exists. */
  #hasResponse = false;

  constructor(options: HttpOptions, limiter: RateLimiter) {
    this.#options = options;
    this.#limiter = limiter;
  }

  /**
   * Makes one attempt: a GET, including redirects within the origin, or a POST.
   * @throws HttpError if it fails, the signal's reason if the run is stopped, and TapError (config) for an invalid
   *   proxy in the environment.
   */
  send(outgoing: OutgoingRequest): Promise<HttpResponse> {
    return this.#follow(outgoing, async ({ bytes, parse, ...times }) => {
      await outgoing.onBody?.(bytes);
      return { body: parse(), ...times };
    });
  }

  /** Like `send`, but does not parse the body. */
  sendUnparsed(outgoing: OutgoingRequest): Promise<UnparsedResponse> {
    return this.#follow(outgoing, async (response) => response);
  }

  async #follow<T>(outgoing: OutgoingRequest, read: Read<T>): Promise<T> {
    const { path, query, form } = outgoing;
    let url = new URL(this.#options.origin);
    // Do not resolve the path: `//elsewhere/x` must stay a path of this origin.
    url.pathname = path;
    for (const [key, value] of Object.entries(query)) url.searchParams.append(key, String(value));
    let redirect: Redirect | undefined;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      if (outgoing.isEarly === true) this.#limiter.takeSpareStart();
      else await this.#limiter.waitForStart(path, outgoing.signal);
      const reply = await this.#sendOnce({ url, outgoing, redirect }, read);
      if ('value' in reply) return reply.value;
      if (form !== undefined) throw formRedirectError(path);
      redirect = reply;
      ({ url } = reply);
    }
    throw this.#withContext(tooManyRedirectsError(), { url, outgoing, redirect });
  }

  /** Makes a request and reports it. Adds details to a failure; the client decides whether to retry. */
  async #sendOnce<T>(exchange: Exchange, read: Read<T>): Promise<{ value: T } | Redirect> {
    const { clock, onAttempt, signal: runSignal } = this.#options;
    const startMs = clock.elapsed();
    const reportAttempt = (status: number | undefined, failure?: RequestReport['failure']) => {
      const { url, outgoing, redirect, bytes } = exchange;
      const { path, reason, attempt } = outgoing;
      const method = outgoing.form === undefined ? 'GET' : 'POST';
      const isRedirected = redirect !== undefined;
      const durationMs = clock.elapsed() - startMs;
      const request = { method, path, url, isRedirected, reason, attempt } as const;
      onAttempt({ ...request, status, failure, bytes, durationMs });
    };
    try {
      const download = await this.#download(exchange);
      const reply =
        'bytes' in download
          ? { value: await read(this.#unparsed(download, exchange, startMs)) }
          : download;
      reportAttempt(exchange.response?.status);
      return reply;
    } catch (error) {
      const isAborted = exchange.outgoing.signal?.aborted === true && !runSignal.aborted;
      if (isAborted) reportAttempt(exchange.response?.status, 'aborted');
      if (isAborted || !(error instanceof HttpError)) throw error;
      const failure = this.#withContext(error, exchange);
      reportAttempt(failure.status, failure.failure);
      throw failure;
    }
  }

  /** The decoded body, or a redirect. */
  async #download(exchange: Exchange): Promise<Download | Redirect> {
    const { clock, redact, maxBodyBytes } = this.#options;
    const { response, headersMs, bytes } = await this.#receive(exchange);
    const { headers } = response;
    const receivedMs = clock.now();
    const redirect = readRedirect(response, exchange.url);
    if (redirect !== undefined) return redirect;
    if (!response.ok) throw responseError(response, await readErrorBody(bytes, headers), redact);
    const decoded = await decodeContent(bytes, headers, maxBodyBytes);
    return { response, bytes: decoded, headersMs, receivedMs };
  }

  #unparsed(download: Download, exchange: Exchange, startMs: number): UnparsedResponse {
    const { clock } = this.#options;
    const { response, ...times } = download;
    const serverTimeMs = parseHttpDate(response.headers.get('date'));
    const durationMs = clock.elapsed() - startMs;
    return { ...times, serverTimeMs, durationMs, parse: () => this.#parse(download, exchange) };
  }

  #parse({ response, bytes }: Download, { outgoing }: Exchange): Json {
    const { responseKeys = [], acceptsError, replacesInvalidBytes } = outgoing;
    const body = parseJson(bytes, response.headers, replacesInvalidBytes);
    if (isErrorObject(body, responseKeys) && acceptsError?.(body) !== true) {
      throw responseError(response, body, this.#options.redact);
    }
    return body;
  }

  /** The response and its encoded body. The body of an error is empty if it cannot be read. */
  async #receive(exchange: Exchange) {
    const { clock, signal: runSignal, maxBodyBytes } = this.#options;
    const isAbortable = exchange.outgoing.form === undefined;
    const signal = exchange.outgoing.signal ?? runSignal;
    const connection = this.#connectionFor(isAbortable);
    const timeout = new RequestTimeout(this.#options, isAbortable ? signal : undefined);
    connection.acquire();
    let headersMs = 0;
    try {
      const agent = await connection.agent();
      signal.throwIfAborted();
      const response = await this.#fetch(exchange, timeout.signal, agent);
      exchange.response = response;
      this.#hasResponse = true;
      headersMs = clock.now();
      timeout.onHeaders();
      const maxBytes = response.ok ? maxBodyBytes : maxErrorBytes;
      const received = withBodyLimit(response, maxBytes).arrayBuffer();
      // The stream is already flowing, so this listener does not start it.
      response.body?.on('data', (chunk: Buffer) => timeout.onBodyChunk(chunk.length));
      const bytes = Buffer.from(await received);
      exchange.bytes = bytes.length;
      return { response, headersMs, bytes };
    } catch (cause) {
      if (isAbortable) signal.throwIfAborted();
      const { response } = exchange;
      // An error status is enough, even without its body.
      if (response?.ok === false) return { response, headersMs, bytes: Buffer.alloc(0) };
      if (cause instanceof FetchError && cause.type === 'max-size')
        throw bodyTooLargeError(maxBodyBytes);
      throw timeout.failure ?? receiveError(response, connection, cause, this.#hasResponse);
    } finally {
      timeout.stop();
      // A proxy that does not respond would keep its connection open.
      connection.release(timeout.signal.aborted && exchange.response === undefined);
      if (!isAbortable) connection.close();
    }
  }

  /** The shared connection, which closes when the run is stopped, or a separate one for a request that is not. */
  #connectionFor(isAbortable: boolean): Connection {
    const { origin, signal } = this.#options;
    if (!isAbortable) return new Connection(origin);
    return (this.#connection ??= new Connection(origin, signal));
  }

  #fetch(
    { url, outgoing: { form, headers } }: Exchange,
    signal: AbortSignal,
    agent: Agent | undefined,
  ): Promise<Response> {
    return fetch(url, {
      ...(form && { method: 'POST', body: form }),
      headers: {
        ...headers,
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': this.#options.userAgent,
      },
      redirect: 'manual',
      // decodeContent decompresses the whole body at once, which is faster and detects truncated bodies.
      compress: false,
      signal,
      ...(agent && { agent }),
    });
  }

  /** Adds details of the request and the response to a failure. */
  #withContext(error: HttpError, { outgoing: { path }, redirect, response }: Exchange): HttpError {
    const { clock, redact } = this.#options;
    const details = {
      why: error.why,
      advice: error.advice,
      cause: error.cause,
      path,
      ...(response && responseDetails(response, error.isRateLimit, clock.now())),
      ...(redirect && explainAfterRedirect(error, path, redirect, redact)),
    };
    return error.withMessage(formatMessage(path, details.why, details.advice), details);
  }
}

/** @param nowMs The local time, used if the response has no `Date`. */
function responseDetails({ status, headers }: Response, isRateLimit: boolean, nowMs: number) {
  const serverTimeMs = parseHttpDate(headers.get('date'));
  const fromMs = serverTimeMs ?? nowMs;
  const resetMs = isRateLimit ? parseRateLimitReset(headers, fromMs) : undefined;
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'), fromMs) ?? resetMs;
  return { status, serverTimeMs, retryAfterMs };
}

/** Limits the size of the body. `size` is an option of node-fetch that its types lack. */
function withBodyLimit({ body }: Response, size: number): Response {
  const options: ResponseInit & { readonly size: number } = { size };
  return new Response(body, options);
}

/** The error for a missing or incomplete response. */
function receiveError(
  response: Response | undefined,
  peer: Peer,
  cause: unknown,
  isKnownHost: boolean,
): unknown {
  if (response !== undefined) {
    const why = 'ends in the middle of the body';
    return createHttpError('cut', why, tryLaterAdvice, { cause });
  }
  // FetchError and Node.js errors with a code are network errors. Anything else is a bug.
  const isNetwork = errorCode(cause) !== '' || cause instanceof FetchError;
  return isNetwork ? networkError(peer, cause, isKnownHost) : cause;
}
