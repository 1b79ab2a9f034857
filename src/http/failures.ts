import { STATUS_CODES } from 'node:http';

import { HttpError, type ErrorKind, type HttpFailure } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { explain } from './error-text.ts';
import { proxyRefusal } from './proxy.ts';
import { later, proxyPassword, ruleFor } from './statuses.ts';

/** What is known of an attempt when it fails. */
export interface Scene {
  /** Without query. */
  readonly path: string;
  readonly status?: number | undefined;
  readonly serverTimeMs?: number | undefined;
  /** The answer has a Retry-After header: with any status that is no success it is a limit. */
  readonly hasRetryAfter?: boolean;
  readonly retryAfterMs?: number | undefined;
  /** When a limit is reset, in ms from now, where a header says so. */
  readonly resetMs?: number | undefined;
  /** The answer is that of another path, outside the API, to which this one redirects. */
  readonly redirect?: Redirect | undefined;
}

export interface Redirect {
  readonly status: number;
  /** Path without query, fit for a message. */
  readonly to: string;
}

interface Finding {
  readonly failure: HttpFailure;
  /** The rest of a sentence that begins with the path: `sends HTML instead of JSON`. */
  readonly why: string;
  readonly advice: string;
  /** The API asks for fewer requests. */
  readonly isLimit?: boolean;
  /** Default: as `kindOf` and the rules for statuses have it. */
  readonly kind?: ErrorKind;
  readonly cause?: unknown;
  /** What came with the status. */
  readonly body?: Json;
}

const kindOf: Readonly<Record<Exclude<HttpFailure, 'status'>, ErrorKind>> = {
  'error-object': 'transient',
  network: 'transient',
  timeout: 'transient',
  cut: 'transient',
  'not-text': 'transient',
  'not-json': 'transient',
  'too-large': 'system',
  redirect: 'config',
};

/** A failed attempt. Only what is `transient` is tried again unchanged. */
export function httpError({ redirect, ...scene }: Scene, finding: Finding): HttpError {
  const { path, status = 0, resetMs, retryAfterMs } = scene;
  const { failure, why, advice, isLimit } = finding;
  const kind = finding.kind ?? (failure === 'status' ? ruleFor(status).kind : kindOf[failure]);
  if (redirect !== undefined) return behindRedirect(scene, redirect, { ...finding, kind });
  return new HttpError(`${path} ${why}. ${advice}`, {
    ...scene,
    ...finding,
    kind,
    retryAfterMs: isLimit === true ? (retryAfterMs ?? resetMs) : retryAfterMs,
  });
}

/** `/access/login` and `/access/unauthenticated` are Zendesk's. */
export function isLoginPath(path: string): boolean {
  return /log-?in|sign-?in|unauthenticated|sso\b|saml/i.test(path);
}

/** A page outside the API answers in its place: its status says nothing about what was asked for. */
function behindRedirect(
  scene: Omit<Scene, 'redirect'>,
  { status, to }: Redirect,
  finding: Finding,
) {
  const { failure, kind, cause } = finding;
  const isLogin = isLoginPath(to);
  const why = `redirects to ${to}, which ${finding.why}`;
  if (kind === 'transient' && !(isLogin && failure === 'not-json')) {
    return httpError(scene, { ...finding, why });
  }
  if (!isLogin) return redirectFailed({ ...scene, status }, why, checkAddress);
  const advice =
    'This usually means that the access token is not accepted, or that the account is suspended or admits ' +
    'only single sign-on or certain addresses: check the subdomain and the token, and log in there with a browser.';
  const login = `redirects to a login page (${to})`;
  return httpError({ ...scene, status }, { failure: 'redirect', why: login, advice, cause });
}

const checkAddress = 'Check the subdomain.';

/** The server points to where the token must not go, or around in a circle. `why` names the place. */
export function redirectFailed(scene: Scene, why: string, advice: string): HttpError {
  return httpError(scene, { failure: 'redirect', why, advice });
}

/** The server answers with a status that is no success. `body`: what came with it, `''` for nothing. */
export function statusFailed(
  scene: Scene & { readonly status: number },
  body: Json,
  secrets: readonly string[],
): HttpError {
  const { status, hasRetryAfter = false } = scene;
  const { said, isLimit: saysSo } = explain(body, secrets);
  const why = `answers ${nameOf(status)}${said === '' ? '' : ` ("${said}")`}`;
  // Whatever the status means elsewhere: this time it passes.
  const isLimit = status === 429 || (status >= 400 && (hasRetryAfter || saysSo));
  const { kind, advice } = isLimit ? ruleFor(429) : ruleFor(status);
  return httpError(scene, { failure: 'status', why, advice, kind, isLimit, body });
}

/** The server tells an error with a status that means success. */
export function errorObjectFailed(
  scene: Scene & { readonly status: number },
  body: JsonObject,
  secrets: readonly string[],
): HttpError {
  const { said, isLimit } = explain(body, secrets);
  const why = `answers ${nameOf(scene.status)} with an error${said === '' ? '' : ` ("${said}")`}`;
  return httpError(scene, { failure: 'error-object', why, advice: later, isLimit });
}

function nameOf(status: number): string {
  return [status, STATUS_CODES[status]].join(' ').trim();
}

/** A limit of time that was passed: without a byte, or with fewer than these of a body. */
export interface Overdue {
  readonly limitMs: number;
  readonly minBytes?: number;
}

/** Nothing, nothing more or too little came within a time limit. */
export function timedOut(scene: Scene, { limitMs, minBytes }: Overdue, cause: unknown): HttpError {
  const seconds = limitMs / 1000;
  const silence =
    scene.status === undefined
      ? `does not answer within ${seconds} s`
      : `falls silent for ${seconds} s in the middle of the body`;
  const isSlow = minBytes !== undefined;
  return httpError(scene, {
    failure: 'timeout',
    why: isSlow ? `sends less than ${minBytes} bytes in ${seconds} s` : silence,
    advice: isSlow
      ? 'Try again later, or lower min_bytes_per_minute.'
      : 'Try again later, or raise request_timeout.',
    cause,
  });
}

interface NetworkTrouble {
  readonly codes: RegExp;
  readonly why: string;
  readonly advice: string;
  readonly kind?: ErrorKind;
}

/** Codes of Node, its TLS layer and its HTTP parser, the first that matches. */
const networkTroubles: readonly NetworkTrouble[] = [
  {
    codes: /^ENOTFOUND$/,
    why: 'cannot be reached: HOST has no address',
    advice: 'Check the subdomain and the network.',
  },
  {
    codes: /^EAI_/,
    why: 'cannot be reached: the name server does not answer for HOST',
    advice: 'Check the network.',
  },
  {
    codes: /^ECONNREFUSED$/,
    why: 'cannot be reached: HOST refuses the connection',
    advice: 'Check the network.',
  },
  {
    codes: /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/,
    why: 'cannot be reached: there is no way to HOST',
    advice: 'Check the network.',
  },
  {
    codes: /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE)$/,
    why: 'is not answered: the connection breaks off',
    advice: later,
  },
  {
    // A certificate that is not trusted now is not trusted a minute later either.
    codes: /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_/,
    why: 'cannot be reached: the certificate of HOST is not trusted',
    advice:
      'Where a proxy or a company has a certificate authority of its own, name its file in the ' +
      'environment variable NODE_EXTRA_CA_CERTS; else check the clock of this machine.',
    kind: 'config',
  },
  {
    codes: /^(EPROTO|ERR_SSL_.*)$/,
    why: 'cannot be reached: no TLS connection to HOST comes about',
    advice: 'Check the proxy and, where a company has its own authority, NODE_EXTRA_CA_CERTS.',
  },
  {
    codes: /^HPE_/,
    why: 'is not answered in HTTP',
    advice: 'Check the proxy and the network.',
  },
  {
    codes: /^(ERR_INVALID_CHAR|ERR_HTTP_INVALID_HEADER_VALUE)$/,
    why: 'cannot be asked for: the access token or user_agent holds a character no header may hold',
    advice: 'Copy the token again, without line breaks.',
    kind: 'config',
  },
];

const unknownTrouble = { why: 'cannot be reached', advice: 'Check the network.', kind: undefined };

/** No answer came. `cause` has a `code`; `host`: who was to be connected with. */
export function networkFailed(scene: Scene, host: string, cause: unknown): HttpError {
  const code = codeOf(cause);
  if (code.startsWith(proxyRefusal)) return proxyRefused(scene, host, cause);
  const trouble = networkTroubles.find(({ codes }) => codes.test(code));
  const { why: sentence, advice, kind } = trouble ?? unknownTrouble;
  const why = `${sentence.replace('HOST', () => host)} (${code})`;
  return httpError(scene, { failure: 'network', why, advice, cause, ...(kind && { kind }) });
}

function proxyRefused(scene: Scene, host: string, cause: unknown): HttpError {
  const status = Number(codeOf(cause).slice(proxyRefusal.length));
  const why = `cannot be reached: the way to ${host} is refused with ${status}`;
  const advice =
    status === 407 ? proxyPassword : 'Check HTTPS_PROXY and NO_PROXY, or ask who runs the proxy.';
  const { kind } = ruleFor(status);
  return httpError(scene, { failure: 'network', why, advice, kind, cause });
}

/** The last failure when no patience is left. */
export function patienceUsedUp(error: HttpError, attempts: number, waitedMs: number): HttpError {
  const { path, why, advice } = error;
  const seconds = Math.round(waitedMs / 1000);
  return error.retold(
    `${path} ${why}, at attempt ${attempts} after ${seconds} s of waiting in between ` +
      `(max_retry_seconds). ${advice}`,
    { kind: 'transient' },
  );
}

/** 9999-12-31T23:59:59Z: a wait may be longer than a date can tell. */
const lastDateMs = 253_402_300_799_000;

/** The server wants a longer wait than is left: no request may be made before, in any stream. */
export function toldToWaitTooLong(error: HttpError, untilMs: number): HttpError {
  const until = new Date(Math.min(untilMs, lastDateMs)).toISOString();
  return error.retold(
    `${error.path} ${error.why} and asks for no request before ${until}, which is longer than the tap ` +
      'waits (max_retry_seconds). Run it again after that time, or raise max_retry_seconds.',
    { kind: 'transient', endsRun: true },
  );
}

/** The `code` of an error of Node or of a package, `''` when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
