import type { Agent } from 'node:http';

import fetch, { type Headers, type Response } from 'node-fetch';

import type { Clock, Timer } from '../clock.ts';
import { HttpError, type HttpFailure } from '../errors.ts';
import type { Json } from '../json.ts';
import { collectBody, decodeContent, explanationIn, parseJson, tooLarge } from './body.ts';
import { isErrorObject, quotable } from './error-text.ts';
import {
  codeOf,
  errorObjectFailed,
  httpError,
  isLoginPath,
  networkFailed,
  redirectFailed,
  statusFailed,
  timedOut,
  type Overdue,
  type Redirect,
  type Scene,
} from './failures.ts';
import { connect, type Connection } from './proxy.ts';
import { readHttpDate, readLimitReset, readRetryAfter } from './retry.ts';
import { later } from './statuses.ts';

/** One request that was made, for counts and metrics. One that the run's signal ended is not reported. */
export interface RequestReport {
  /** Without query. */
  readonly path: string;
  readonly status: number | undefined;
  readonly failure: HttpFailure | undefined;
  /** From its start until the body is read and parsed, by our clock. */
  readonly durationMs: number;
}

export interface RequestOptions {
  /** Scheme, host and port: https, or http on loopback. Not checked here. */
  readonly origin: string;
  /** Headers of every request, the token among them. Asked for before each. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly userAgent: string;
  /** Texts no message may repeat: an API may quote what it was sent. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  /** Ends requests at once. */
  readonly signal: AbortSignal;
  /** Time to the headers, and to each next piece of the body. */
  readonly requestTimeoutMs: number;
  /** A body that comes more slowly has timed out; 0: none has. */
  readonly minBytesPerMinute: number;
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

const mostRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

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
   * One attempt: a GET, redirects within the origin included.
   *
   * @throws HttpError when it fails; the signal's reason when the run is stopped; TapError (config) when the
   * proxy of the environment cannot be used.
   */
  async get(
    path: string,
    search: URLSearchParams,
    answerKeys: readonly string[],
  ): Promise<Answered> {
    const { origin, start, secrets } = this.#options;
    let url = new URL(origin);
    // Set, not resolved: a path like `//elsewhere/x` stays a path of this origin.
    url.pathname = path;
    url.search = search.toString();
    let scene: Scene = { path };
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      await start(path);
      const reply = await this.#report(scene, url, answerKeys);
      if ('answered' in reply) return reply.answered;
      url = reply.next;
      scene = { path, redirect: outside(path, url, reply.status, secrets) };
    }
    throw redirectFailed(scene, `redirects more than ${mostRedirects} times`, checkSubdomain);
  }

  async #report(scene: Scene, url: URL, answerKeys: readonly string[]): Promise<Reply> {
    const { clock, onAttempt } = this.#options;
    const startMs = clock.now();
    const report = (status: number | undefined, failure?: HttpFailure): void => {
      const durationMs = Math.max(0, clock.now() - startMs);
      onAttempt({ path: scene.path, status, failure, durationMs });
    };
    try {
      const reply = await this.#request(scene, url, answerKeys);
      report(reply.status);
      return reply;
    } catch (error) {
      // It is counted here; the client decides what becomes of it.
      if (error instanceof HttpError) report(error.status, error.failure);
      throw error;
    }
  }

  async #request(asked: Scene, url: URL, answerKeys: readonly string[]): Promise<Reply> {
    const { clock, secrets, maxBodyBytes: maxBytes } = this.#options;
    const { status, isSuccess, headers, headMs, bytes } = await this.#receive(asked, url);
    const receivedMs = clock.now();
    const scene = answeredScene(asked, { status, headers, nowMs: receivedMs });
    if (redirectStatuses.has(status)) return { status, next: follow(scene, url, headers) };
    if (!isSuccess) throw statusFailed(scene, await explanationIn(bytes, headers), secrets);
    if (bytes === undefined) throw tooLarge(scene, maxBytes);
    const decoded = await decodeContent(bytes, { headers, maxBytes, scene });
    const body = parseJson(decoded, headers, scene);
    if (isErrorObject(body, answerKeys)) throw errorObjectFailed(scene, body, secrets);
    const { serverTimeMs } = scene;
    return { status, answered: { body, serverTimeMs, headMs, receivedMs } };
  }

  /** A response with its body as it came over the wire, `undefined` when that is too large. */
  async #receive(scene: Scene, url: URL): Promise<Head & { readonly bytes: Buffer | undefined }> {
    const { clock, signal, maxBodyBytes } = this.#options;
    const connection = (this.#connection ??= connect(this.#options.origin, signal));
    const agent = await connection.agent();
    signal.throwIfAborted();
    const limit = startTimeLimit(this.#options);
    let head: Head | undefined;
    try {
      const { status, ok: isSuccess, headers, body } = await this.#fetch(url, agent, limit.signal);
      head = { status, isSuccess, headers, headMs: clock.now() };
      limit.startBody();
      const maxBytes = isSuccess ? maxBodyBytes : maxErrorBytes;
      const bytes = await collectBody(body ?? [], { maxBytes, onPiece: limit.count });
      return { ...head, bytes };
    } catch (error) {
      signal.throwIfAborted();
      // A status that is no success says enough, whatever becomes of its body.
      if (head?.isSuccess === false) return { ...head, bytes: undefined };
      throw this.#broken(scene, head, { error, overdue: limit.overdue() });
    } finally {
      limit.end();
    }
  }

  #fetch(url: URL, agent: Agent | undefined, signal: AbortSignal): Promise<Response> {
    const { headers, userAgent } = this.#options;
    return fetch(url, {
      headers: {
        ...headers(),
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
  #broken(asked: Scene, head: Head | undefined, { error, overdue }: Breakage): unknown {
    const { clock } = this.#options;
    const scene =
      head === undefined ? asked : answeredScene(asked, { ...head, nowMs: clock.now() });
    // A proxy that keeps silent would keep its connection, and with it the process.
    if (overdue !== undefined && head === undefined) this.#connection?.close();
    if (overdue !== undefined) return timedOut(scene, overdue, error);
    if (head !== undefined) {
      const why = 'breaks off in the middle of the body';
      return httpError(scene, { failure: 'cut', why, advice: later, cause: error });
    }
    // FetchError and errors of Node with a code; anything else is a fault of ours.
    const isNetwork =
      codeOf(error) !== '' || (error instanceof Error && error.name === 'FetchError');
    return isNetwork ? networkFailed(scene, this.#connection?.peer ?? '', error) : error;
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

const checkSubdomain = 'Check the subdomain.';

/**
 * Where a redirect within the origin leads; the token is sent nowhere else.
 * @throws HttpError when it leads to another host, or nowhere.
 */
function follow(scene: Scene, url: URL, headers: Headers): URL {
  const advice = `The token was not sent there. ${checkSubdomain}`;
  const location = headers.get('location');
  if (location === null || !URL.canParse(location, url.href)) {
    throw redirectFailed(scene, 'redirects without saying where', advice);
  }
  const next = new URL(location, url);
  if (next.origin === url.origin) return next;
  // The query of the target may hold anything: only scheme and host are named.
  throw redirectFailed(scene, `redirects to ${next.protocol}//${next.host}`, advice);
}

/** A redirect to a login page, or to another folder of the host than the one that was asked. */
function outside(
  path: string,
  { pathname }: URL,
  status: number,
  secrets: readonly string[],
): Redirect | undefined {
  const isInside = pathname.split('/')[1] === path.split('/')[1] && !isLoginPath(pathname);
  return isInside ? undefined : { status, to: quotable(pathname, secrets) };
}

interface Breakage {
  readonly error: unknown;
  /** The limit of time that ended the request, if one did. */
  readonly overdue: Overdue | undefined;
}

const minuteMs = 60_000;

/** A signal for one request: the run's, or the end of a time without a byte, or without enough of them. */
function startTimeLimit({ signal, clock, requestTimeoutMs, minBytesPerMinute }: RequestOptions) {
  const controller = new AbortController();
  let overdue: Overdue | undefined;
  let bytes = 0;
  const end = (limit: Overdue): void => {
    overdue ??= limit;
    controller.abort();
  };
  const silence = clock.timer(requestTimeoutMs, () => end({ limitMs: requestTimeoutMs }));
  // Whoever waits longer for one piece waits so long for the bytes of that time, too.
  const spanMs = Math.max(minuteMs, requestTimeoutMs);
  const minBytes = Math.ceil((minBytesPerMinute * spanMs) / minuteMs);
  let rate: Timer | undefined;
  const startRate = (): void => {
    bytes = 0;
    rate = clock.timer(spanMs, () =>
      bytes < minBytes ? end({ limitMs: spanMs, minBytes }) : startRate(),
    );
  };
  const stop = (): void => controller.abort();
  signal.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    overdue: () => overdue,
    startBody: () => {
      silence.refresh();
      startRate();
    },
    count: (size: number) => {
      silence.refresh();
      bytes += size;
    },
    end: () => {
      silence.clear();
      rate?.clear();
      signal.removeEventListener('abort', stop);
    },
  };
}
