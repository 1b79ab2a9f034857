/** The sentences about requests that fail. */
import { STATUS_CODES } from 'node:http';

import type { Response } from 'node-fetch';

import {
  errorCode,
  HttpError,
  type ErrorKind,
  type HttpErrorOptions,
  type HttpFailure,
} from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { describeErrorBody } from './error-body.ts';
import type { Redact } from './options.ts';
import { proxyStatusPrefix, type Peer } from './proxy.ts';
import { tryLaterAdvice, proxyPasswordAdvice, statusRule } from './statuses.ts';

const errorKinds: Readonly<Partial<Record<HttpFailure, ErrorKind>>> = {
  'too-large': 'system',
  redirect: 'config',
};

/**
 * A failed attempt; only what is `transient` is made again unchanged.
 * @param why the rest of a sentence that begins with the path: `sends HTML instead of JSON`
 * @param more what is not known yet is added where the request is (`HttpError.withMessage`)
 */
export function createHttpError(
  failure: HttpFailure,
  why: string,
  advice: string = tryLaterAdvice,
  more: Partial<HttpErrorOptions> = {},
): HttpError {
  const kind = errorKinds[failure] ?? 'transient';
  const options = { failure, why, advice, kind, path: '', ...more };
  return new HttpError(formatMessage(options.path, why, advice), options);
}

export function formatMessage(path: string, why: string, advice: string): string {
  return `${path} ${why}. ${advice}`;
}

/**
 * The server answers with an error: with a status that is no success, or in an object.
 * @param body what it says, `''` for nothing
 */
export function responseError(response: Response, body: Json, redact: Redact): HttpError {
  const { status, ok, headers } = response;
  const { text, isRateLimit: mentionsLimit } = describeErrorBody(body, redact);
  const name = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const why = `answers ${name}${ok ? ' with an error' : ''}${text === '' ? '' : ` ("${text}")`}`;
  if (ok)
    return createHttpError('error-object', why, tryLaterAdvice, { isRateLimit: mentionsLimit });
  // Whatever the status means elsewhere: this time it passes.
  const isRateLimit =
    status === 429 || (status >= 400 && (headers.has('retry-after') || mentionsLimit));
  const { kind, advice } = statusRule(isRateLimit ? 429 : status);
  return createHttpError('status', why, advice, { kind, isRateLimit, body });
}

const checkNetworkAdvice = 'Check the network.';

/** Codes of Node, its TLS layer and its HTTP parser, the first that matches; default: `transient`. */
const networkErrorRules: readonly (readonly [
  codes: RegExp,
  why: string,
  advice: string,
  kind?: ErrorKind,
])[] = [
  [/^EAI_/, 'cannot be reached: the name server does not answer for HOST', checkNetworkAdvice],
  [/^ECONNREFUSED$/, 'cannot be reached: HOST refuses the connection', checkNetworkAdvice],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/,
    'cannot be reached: there is no way to HOST',
    checkNetworkAdvice,
  ],
  [
    /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE)$/,
    'is not answered: the connection breaks off',
    tryLaterAdvice,
  ],
  [
    // A certificate that is not trusted now is not trusted a minute later either.
    /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_/,
    'cannot be reached: the certificate of HOST is not trusted',
    'Where a proxy or a company has a certificate authority of its own, name its file in the ' +
      'environment variable NODE_EXTRA_CA_CERTS; else check the clock of this machine.',
    'config',
  ],
  [
    /^(EPROTO|ERR_SSL_.*)$/,
    'cannot be reached: no TLS connection to HOST comes about',
    'Check the proxy and, where a company has its own authority, NODE_EXTRA_CA_CERTS.',
  ],
  [/^HPE_/, 'is not answered in HTTP', 'Check the proxy and the network.'],
  [
    /^(ERR_INVALID_CHAR|ERR_HTTP_INVALID_HEADER_VALUE)$/,
    'cannot be asked for: the access token or user_agent holds a character no header may hold',
    'Copy the token again, without line breaks.',
    'config',
  ],
  [/^/, 'cannot be reached', checkNetworkAdvice],
];

/** The name of the host, or of the proxy, does not exist. */
function unknownHostError({ host, proxyHost }: Peer, cause: unknown, isKnownHost: boolean) {
  const name = proxyHost === undefined ? host : `the proxy ${proxyHost}`;
  const check = proxyHost === undefined ? 'the subdomain' : 'HTTPS_PROXY';
  // A name that existed a moment ago comes back; one that never did is a mistake in the settings.
  const kind = isKnownHost ? 'transient' : 'config';
  const why = `cannot be reached: ${name} has no address (ENOTFOUND)`;
  const advice = `Check ${check} and the network.`;
  return createHttpError('network', why, advice, { kind, endsRun: !isKnownHost, cause });
}

const loopbackHost = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/;

/**
 * No answer came.
 * @param cause has a `code`
 * @param isKnownHost an answer has come before in this run
 */
export function networkError(peer: Peer, cause: unknown, isKnownHost: boolean): HttpError {
  const code = errorCode(cause);
  if (code === 'ENOTFOUND') return unknownHostError(peer, cause, isKnownHost);
  const { host: apiHost, proxyHost } = peer;
  const host = proxyHost === undefined ? apiHost : `${apiHost} through the proxy ${proxyHost}`;
  if (code.startsWith(proxyStatusPrefix)) {
    const status = Number(code.slice(proxyStatusPrefix.length));
    const refused = `cannot be reached: the way to ${host} is refused with ${status}`;
    const check = 'Check HTTPS_PROXY and NO_PROXY, or ask who runs the proxy.';
    const proxyAdvice = status === 407 ? proxyPasswordAdvice : check;
    const { kind } = statusRule(status);
    return createHttpError('network', refused, proxyAdvice, { kind, cause });
  }
  const [, why = '', advice, kind] = networkErrorRules.find(([codes]) => codes.test(code)) ?? [];
  const where = `${why.replace('HOST', () => host)} (${code})`;
  const isLocal = advice === checkNetworkAdvice && loopbackHost.test(host);
  const localAdvice = isLocal ? 'Is the sandbox running?' : advice;
  return createHttpError('network', where, localAdvice, { cause, ...(kind && { kind }) });
}

/** The last failure when no retry budget is left. */
export function retryBudgetExhaustedError(
  error: HttpError,
  attempts: number,
  waitedMs: number,
): HttpError {
  const seconds = Math.round(waitedMs / 1000);
  const why =
    `${error.why}, at attempt ${attempts} after ${seconds} s of waiting in between ` +
    '(max_retry_seconds)';
  return error.withMessage(formatMessage(error.path, why, error.advice), { kind: 'transient' });
}

/** 9999-12-31T23:59:59Z: a longer wait has no date. */
const lastDateMs = 253_402_300_799_000;

/** The server wants a longer wait than is left: no request may be made before, in any stream. */
export function retryAfterTooLongError(error: HttpError, untilMs: number): HttpError {
  const until = new Date(Math.min(untilMs, lastDateMs)).toISOString();
  return error.withMessage(
    `${error.path} ${error.why} and asks for no request before ${until}, which is longer than the tap ` +
      'waits (max_retry_seconds). Run it again after that time, or raise max_retry_seconds.',
    { kind: 'transient', endsRun: true },
  );
}
