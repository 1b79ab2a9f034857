import type { Agent } from 'node:http';

import fetch, { type Headers, type Response } from 'node-fetch';

import { HttpError, type HttpFailure } from '../errors.ts';
import type { Json } from '../json.ts';
import { collectBody, decodeContent, explanationIn, parseJson, tooLarge } from './body.ts';
import { isErrorObject } from './error-text.ts';
import {
  codeOf,
  errorObjectFailed,
  httpError,
  networkFailed,
  statusFailed,
  timedOut,
  type Overdue,
  type Scene,
} from './failures.ts';
import { connect, type Connection } from './proxy.ts';
import {
  follow,
  formRedirected,
  isRedirect,
  mostRedirects,
  outside,
  tooManyRedirects,
} from './redirects.ts';
import { readHttpDate, readLimitReset, readRetryAfter } from './retry.ts';
import { later } from './statuses.ts';
import { startTimeLimit, type TimeLimitOptions } from './time-limit.ts';

/** One request that was made, for counts and metrics. One that the run's signal ended is not reported. */
export interface RequestReport {
  /** Without query. */
  readonly path: string;
  readonly status: number | undefined;
  readonly failure: HttpFailure | undefined;
  /** From its start until the body is read and parsed, by our clock. */
  readonly durationMs: number;
}

export interface RequestOptions extends TimeLimitOptions {
  /** Scheme, host and port: https, or http on loopback. Not checked here. */
  readonly origin: string;
  readonly userAgent: string;
  /** Texts no message may repeat: an API may quote what it was sent. Read each time, for tokens are renewed. */
  readonly secrets: readonly string[];
  /** The largest body, as it comes and inflated. */
  readonly maxBodyBytes: number;
  /** Called after each request; retries and redirects are requests of their own. */
  readonly onAttempt: (report: RequestReport) => void;
  /** Resolves when a request may start. */
  readonly start: (path: string) => Promise<void>;
}

export interface Answered {
  readonly body: Json;
  /** The answer's `Date` header in ms since 1970, when there was one. */
  readonly serverTimeMs: number | undefined;
  /** When its headers were here, ms since 1970 by our clock. */
  readonly headMs: number;
  /** When the whole body was here, ms since 1970 by our clock. */
  readonly receivedMs: number;
}

/** What is asked for on the one origin. */
export interface Outgoing {
  /** Absolute path, without query. */
  readonly path: string;
  readonly search?: URLSearchParams;
  /** Of an object that is an answer: without one of them, one with an `error` is none. */
  readonly answerKeys?: readonly string[];
  /** Bytes that are no text in the body's charset become U+FFFD. */
  readonly replacesInvalidBytes?: boolean;
  /** Besides those of every request; they may hold a secret. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Makes it a POST of this form. It is sent to no other address, and once it has left, the end of the run does
   * not cut off its answer, which may be all that is left of what it has used up.
   */
  readonly form?: URLSearchParams;
}

/** A page that explains an error is no longer than this, or not worth reading. */
const maxErrorBytes = 64 * 1024;

/** What one request brought: an answer, or where to ask instead. */
type Reply = { readonly status: number } & (
  | { readonly answered: Answered }
  | { readonly next: URL }
);

interface Head {
  readonly status: number;
  readonly isSuccess: boolean;
  readonly headers: Headers;
  readonly headMs: number;
}

/** Makes requests to the one origin: directly, or through the proxy the environment names. */
export class Requester {
  readonly #options: RequestOptions;
  #connection: Connection | undefined;

  constructor(options: RequestOptions) {
    this.#options = options;
  }

  /**
   * One attempt: a GET, redirects within the origin included, or a POST.
   *
   * @throws HttpError when it fails; the signal's reason when the run is stopped; TapError (config) when the
   * proxy of the environment cannot be used.
   */
  async send(outgoing: Outgoing): Promise<Answered> {
    const { origin, start, secrets } = this.#options;
    const { path, search } = outgoing;
    let url = new URL(origin);
    // Set, not resolved: a path like `//elsewhere/x` stays a path of this origin.
    url.pathname = path;
    url.search = search?.toString() ?? '';
    let scene: Scene = { path };
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      await start(path);
      const reply = await this.#report(scene, url, outgoing);
      if ('answered' in reply) return reply.answered;
      if (outgoing.form !== undefined) throw formRedirected(scene);
      url = reply.next;
      scene = { path, redirect: outside(path, url, reply.status, secrets) };
    }
    throw tooManyRedirects(scene);
  }

  async #report(scene: Scene, url: URL, outgoing: Outgoing): Promise<Reply> {
    const { clock, onAttempt } = this.#options;
    const startMs = clock.now();
    const report = (status: number | undefined, failure?: HttpFailure): void => {
      const durationMs = Math.max(0, clock.now() - startMs);
      onAttempt({ path: scene.path, status, failure, durationMs });
    };
    try {
      const reply = await this.#request(scene, url, outgoing);
      report(reply.status);
      return reply;
    } catch (error) {
      // It is counted here; the client decides what becomes of it.
      if (error instanceof HttpError) report(error.status, error.failure);
      throw error;
    }
  }

  async #request(asked: Scene, url: URL, outgoing: Outgoing): Promise<Reply> {
    const { clock, secrets, maxBodyBytes: maxBytes } = this.#options;
    const { status, isSuccess, headers, headMs, bytes } = await this.#receive(asked, url, outgoing);
    const receivedMs = clock.now();
    const scene = answeredScene(asked, { status, headers, nowMs: receivedMs });
    if (isRedirect(status)) return { status, next: follow(scene, url, headers) };
    if (!isSuccess) throw statusFailed(scene, await explanationIn(bytes, headers), secrets);
    if (bytes === undefined) throw tooLarge(scene, maxBytes);
    const decoded = await decodeContent(bytes, { headers, maxBytes, scene });
    const body = parseJson(decoded, { headers, scene, isLenient: outgoing.replacesInvalidBytes });
    if (isErrorObject(body, outgoing.answerKeys ?? []))
      throw errorObjectFailed(scene, body, secrets);
    const { serverTimeMs } = scene;
    return { status, answered: { body, serverTimeMs, headMs, receivedMs } };
  }

  /** A response with its body as it came over the wire, `undefined` when that is too large. */
  async #receive(
    scene: Scene,
    url: URL,
    outgoing: Outgoing,
  ): Promise<Head & { readonly bytes: Buffer | undefined }> {
    const { clock, signal, maxBodyBytes } = this.#options;
    const isCutOff = outgoing.form === undefined;
    const connection = this.#connect(isCutOff);
    const agent = await connection.agent();
    signal.throwIfAborted();
    const limit = startTimeLimit(this.#options, isCutOff);
    let head: Head | undefined;
    try {
      const {
        status,
        ok: isSuccess,
        headers,
        body,
      } = await this.#fetch(url, outgoing, { agent, signal: limit.signal });
      head = { status, isSuccess, headers, headMs: clock.now() };
      limit.startBody();
      const maxBytes = isSuccess ? maxBodyBytes : maxErrorBytes;
      const bytes = await collectBody(body ?? [], { maxBytes, onPiece: limit.count });
      return { ...head, bytes };
    } catch (error) {
      if (isCutOff) signal.throwIfAborted();
      // A status that is no success says enough, whatever becomes of its body.
      if (head?.isSuccess === false) return { ...head, bytes: undefined };
      throw this.#broken(scene, head, { error, overdue: limit.overdue(), connection });
    } finally {
      limit.end();
      if (!isCutOff) connection.close();
    }
  }

  /** The one connection, which ends with the run, or one for a single request that does not. */
  #connect(isCutOff: boolean): Connection {
    const { origin, signal } = this.#options;
    if (!isCutOff) return connect(origin, new AbortController().signal);
    return (this.#connection ??= connect(origin, signal));
  }

  #fetch(
    url: URL,
    { headers, form }: Outgoing,
    { agent, signal }: { readonly agent: Agent | undefined; readonly signal: AbortSignal },
  ): Promise<Response> {
    const { userAgent } = this.#options;
    return fetch(url, {
      ...(form && { method: 'POST', body: form }),
      headers: {
        ...headers,
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': userAgent,
      },
      redirect: 'manual',
      // The whole body is inflated at once: that is cheaper, and only so one cut in half is noticed.
      compress: false,
      signal,
      ...(agent && { agent }),
    });
  }

  /** Why a response did not come, or not whole. */
  #broken(asked: Scene, head: Head | undefined, { error, overdue, connection }: Breakage): unknown {
    const { clock } = this.#options;
    const scene =
      head === undefined ? asked : answeredScene(asked, { ...head, nowMs: clock.now() });
    // A proxy that keeps silent would keep its connection, and with it the process.
    if (overdue !== undefined && head === undefined) connection.close();
    if (overdue !== undefined) return timedOut(scene, overdue, error);
    if (head !== undefined) {
      const why = 'breaks off in the middle of the body';
      return httpError(scene, { failure: 'cut', why, advice: later, cause: error });
    }
    // FetchError and errors of Node with a code; anything else is a fault of ours.
    const isNetwork =
      codeOf(error) !== '' || (error instanceof Error && error.name === 'FetchError');
    return isNetwork ? networkFailed(scene, connection.peer, error) : error;
  }
}

interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
  /** Our clock's, for a server that does not say what time it is. */
  readonly nowMs: number;
}

function answeredScene(asked: Scene, { status, headers, nowMs }: AnswerHead) {
  const serverTimeMs = readHttpDate(headers.get('date'));
  return {
    ...asked,
    status,
    serverTimeMs,
    hasRetryAfter: headers.has('retry-after'),
    retryAfterMs: readRetryAfter(headers.get('retry-after'), serverTimeMs ?? nowMs),
    resetMs: readLimitReset(headers, serverTimeMs ?? nowMs),
  };
}

interface Breakage {
  readonly error: unknown;
  /** The limit of time that ended the request, if one did. */
  readonly overdue: Overdue | undefined;
  readonly connection: Connection;
}
