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
  /** When its headers were here, ms since 1970 by our clock. */
  readonly headersMs: number;
  /** When the whole body was here, ms since 1970 by our clock. */
  readonly receivedMs: number;
  /** From the start of the attempt that was answered until the whole body was here, decoded. */
  readonly durationMs: number;
}

/** A response whose body is parsed when it is needed. */
export interface UnparsedResponse extends Omit<HttpResponse, 'body'> {
  /** The decoded body. */
  readonly bytes: Buffer;
  /** @throws HttpError as a request whose body is parsed at once */
  readonly parse: () => Json;
}

interface Download extends Pick<UnparsedResponse, 'headersMs' | 'receivedMs' | 'bytes'> {
  readonly response: Response;
}

type Read<T> = (response: UnparsedResponse) => Promise<T>;

/** Query parameters, in the order they are sent. */
export type Query = Readonly<Record<string, string | number>>;

export interface OutgoingRequest {
  /** Absolute path on the client's origin, without query. */
  readonly path: string;
  readonly query: Query;
  /**
   * Keys of an object that is an answer; default: no object with an `error` is one. Such an object with none of
   * them is a failed attempt, whatever its status.
   */
  readonly responseKeys?: readonly string[];
  /** Is an object with an `error` an answer all the same? */
  readonly acceptsError?: (body: Json) => boolean;
  /** Bytes that are no text in the body's charset become U+FFFD; default: the attempt fails. */
  readonly replacesInvalidBytes?: boolean;
  /** Why the request is made, for a log line: `regular page`. */
  readonly reason?: string;
  /** Which attempt to get this answer it is, from 1. */
  readonly attempt: number;
  /** Besides those of every request; they may hold a secret. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Makes it a POST of this form. It is sent to no other address, and once it has left, the end of the run does
   * not cut off its answer, which may be all that is left of what it has used up.
   */
  readonly form: URLSearchParams | undefined;
  /** Ends this request; default: the run's signal does. Not for a form. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the decoded body; it is parsed once this resolves. */
  readonly onBody?: (bytes: Buffer) => Promise<void>;
  /** It does not wait for the pace: where two starts are not free now, it fails with `NoSpareStart`. */
  readonly isEarly?: boolean;
}

/** A page that explains an error is no longer than this, or not worth reading. */
const maxErrorBytes = 64 * 1024;

/** One request and, once its headers are here, the response. */
interface Exchange {
  readonly url: URL;
  readonly outgoing: OutgoingRequest;
  /** The redirect that led here. */
  readonly redirect: Redirect | undefined;
  response?: Response;
  /** Bytes of the whole body. */
  bytes?: number;
}

export class Transport {
  readonly #options: HttpOptions;
  readonly #limiter: RateLimiter;
  #connection: Connection | undefined;
  /** A response has arrived in this run: the names of its hosts exist. */
  #hasResponse = false;

  constructor(options: HttpOptions, limiter: RateLimiter) {
    this.#options = options;
    this.#limiter = limiter;
  }

  /**
   * One attempt: a GET, redirects within the origin included, or a POST.
   * @throws HttpError when it fails; the signal's reason when the run is stopped; TapError (config) when the
   * proxy of the environment cannot be used.
   */
  send(outgoing: OutgoingRequest): Promise<HttpResponse> {
    return this.#follow(outgoing, async ({ bytes, parse, ...times }) => {
      await outgoing.onBody?.(bytes);
      return { body: parse(), ...times };
    });
  }

  /** As `send`, but the body is not parsed yet. */
  sendUnparsed(outgoing: OutgoingRequest): Promise<UnparsedResponse> {
    return this.#follow(outgoing, async (response) => response);
  }

  async #follow<T>(outgoing: OutgoingRequest, read: Read<T>): Promise<T> {
    const { path, query, form } = outgoing;
    let url = new URL(this.#options.origin);
    // Set, not resolved: a path like `//elsewhere/x` stays a path of this origin.
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

  /** Makes a request and reports it. A failure is completed here; the client decides whether to try again. */
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

  /** The bytes of a finished body, decoded; or where to ask instead. */
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

  /** A response with its body as it came over the wire; empty, where that of an error does not come. */
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
      // The stream is being read by now: this listener does not start it.
      response.body?.on('data', (chunk: Buffer) => timeout.onBodyChunk(chunk.length));
      const bytes = Buffer.from(await received);
      exchange.bytes = bytes.length;
      return { response, headersMs, bytes };
    } catch (cause) {
      if (isAbortable) signal.throwIfAborted();
      const { response } = exchange;
      // A status that is no success says enough, whatever becomes of its body.
      if (response?.ok === false) return { response, headersMs, bytes: Buffer.alloc(0) };
      if (cause instanceof FetchError && cause.type === 'max-size')
        throw bodyTooLargeError(maxBodyBytes);
      throw timeout.failure ?? receiveError(response, connection, cause, this.#hasResponse);
    } finally {
      timeout.stop();
      // A proxy that keeps silent would keep its connection.
      connection.release(timeout.signal.aborted && exchange.response === undefined);
      if (!isAbortable) connection.close();
    }
  }

  /** The one connection, which ends with the run, or one for a single request that does not. */
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
      // The whole body is inflated at once: that is cheaper, and only so one cut in half is noticed.
      compress: false,
      signal,
      ...(agent && { agent }),
    });
  }

  /** Adds to a failure what is known of its request and answer. */
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

/** @param nowMs by our clock, for a server that does not say what time it is */
function responseDetails({ status, headers }: Response, isRateLimit: boolean, nowMs: number) {
  const serverTimeMs = parseHttpDate(headers.get('date'));
  const fromMs = serverTimeMs ?? nowMs;
  const resetMs = isRateLimit ? parseRateLimitReset(headers, fromMs) : undefined;
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'), fromMs) ?? resetMs;
  return { status, serverTimeMs, retryAfterMs };
}

/** The same with a limit for its body: an option of node-fetch that its types leave out. */
function withBodyLimit({ body }: Response, size: number): Response {
  const options: ResponseInit & { readonly size: number } = { size };
  return new Response(body, options);
}

/** Why a response did not come, or not whole. */
function receiveError(
  response: Response | undefined,
  peer: Peer,
  cause: unknown,
  isKnownHost: boolean,
): unknown {
  if (response !== undefined) {
    const why = 'breaks off in the middle of the body';
    return createHttpError('cut', why, tryLaterAdvice, { cause });
  }
  // FetchError and errors of Node with a code; anything else is a fault of ours.
  const isNetwork = errorCode(cause) !== '' || cause instanceof FetchError;
  return isNetwork ? networkError(peer, cause, isKnownHost) : cause;
}
