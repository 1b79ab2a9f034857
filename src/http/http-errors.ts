/** Error messages for failed requests. */
import { STATUS_CODES } from 'node:http';

import type { Response } from 'node-fetch';

import {
  errorCode,
  HttpError,
  type ErrorKind,
  type HttpErrorOptions,
  type HttpFailure,
} from '../core/errors.ts';
import { foreign } from '../core/foreign-text.ts';
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
 * Creates the error of a failed attempt. Only a `transient` one is repeated unchanged.
 * @param why The rest of a sentence that starts with the path: `sends HTML instead of JSON`.
 * @param more Further details. The transport adds those of the request (`HttpError.withMessage`).
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
 * Creates the error of a response with an error status or with an error object.
 * @param body The response body; `''` if there is none.
 */
export function responseError(response: Response, body: Json, redact: Redact): HttpError {
  const { status, ok, headers } = response;
  const { text, isRateLimit: mentionsLimit } = describeErrorBody(body, redact);
  const name = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const why = `answers ${name}${ok ? ' with an error' : ''}${text === '' ? '' : ` ("${text}")`}`;
  if (ok)
    return createHttpError('error-object', why, tryLaterAdvice, { isRateLimit: mentionsLimit });
  // A rate limit is transient, whatever the status is.
  const isRateLimit =
    status === 429 || (status >= 400 && (headers.has('retry-after') || mentionsLimit));
  const { kind, advice } = statusRule(isRateLimit ? 429 : status);
  return createHttpError('status', why, advice, { kind, isRateLimit, body });
}

const checkNetworkAdvice = 'Check the network.';

/** Error codes of Node.js, its TLS layer and its HTTP parser. The first match applies. Default kind: `transient`. */
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
    'cannot be reached: there is no route to HOST',
    checkNetworkAdvice,
  ],
  [
    /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE)$/,
    'fails: the connection was closed before the response',
    tryLaterAdvice,
  ],
  [
    // A retry does not help if the certificate is not trusted.
    /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_/,
    'cannot be reached: the certificate of HOST is not trusted',
    'If a proxy or a company uses its own certificate authority, set the environment variable ' +
      'NODE_EXTRA_CA_CERTS to its file. Otherwise check the clock of this machine.',
    'config',
  ],
  [
    /^(EPROTO|ERR_SSL_.*)$/,
    'cannot be reached: the TLS connection to HOST fails',
    'Check the proxy and, if a company uses its own authority, NODE_EXTRA_CA_CERTS.',
  ],
  [/^HPE_/, 'fails: the response is not HTTP', 'Check the proxy and the network.'],
  [
    /^(ERR_INVALID_CHAR|ERR_HTTP_INVALID_HEADER_VALUE)$/,
    'cannot be requested: the access token or user_agent contains a character that is invalid in a header',
    'Copy the token again, without line breaks.',
    'config',
  ],
  [/^/, 'cannot be reached', checkNetworkAdvice],
];

/** The name of the host, or of the proxy, does not exist. */
function unknownHostError({ host, proxyHost }: Peer, cause: unknown, isKnownHost: boolean) {
  const name = proxyHost === undefined ? foreign(host) : `the proxy ${foreign(proxyHost)}`;
  const check = proxyHost === undefined ? 'the subdomain' : 'HTTPS_PROXY';
  // If the name existed earlier in this run, the failure is temporary. Otherwise a setting is probably wrong.
  const kind = isKnownHost ? 'transient' : 'config';
  const why = `cannot be reached: ${name} has no address (ENOTFOUND)`;
  const advice = `Check ${check} and the network.`;
  return createHttpError('network', why, advice, { kind, endsRun: !isKnownHost, cause });
}

const loopbackHost = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/;

/**
 * Creates the error of a request without a response.
 * @param cause Has a `code`.
 * @param isKnownHost A response has arrived earlier in this run.
 */
export function networkError(peer: Peer, cause: unknown, isKnownHost: boolean): HttpError {
  const code = errorCode(cause);
  if (code === 'ENOTFOUND') return unknownHostError(peer, cause, isKnownHost);
  const proxy = peer.proxyHost && ` through the proxy ${foreign(peer.proxyHost)}`;
  const host = `${foreign(peer.host)}${proxy ?? ''}`;
  if (code.startsWith(proxyStatusPrefix)) {
    const status = Number(code.slice(proxyStatusPrefix.length));
    const refused = `cannot be reached: the connection to ${host} is refused with ${status}`;
    const check = 'Check HTTPS_PROXY and NO_PROXY, or ask the administrator of the proxy.';
    const proxyAdvice = status === 407 ? proxyPasswordAdvice : check;
    const { kind } = statusRule(status);
    return createHttpError('network', refused, proxyAdvice, { kind, cause });
  }
  const [, why = '', advice, kind] = networkErrorRules.find(([codes]) => codes.test(code)) ?? [];
  const where = `${why.replace('HOST', () => host)} (${code})`;
  const isLocal = proxy === undefined && loopbackHost.test(peer.host);
  const localAdvice = isLocal && advice === checkNetworkAdvice ? 'Is the sandbox running?' : advice;
  return createHttpError('network', where, localAdvice, { cause, ...(kind && { kind }) });
}

/** The last failure when no retry budget is left. */
export function retryBudgetExhaustedError(
  error: HttpError,
  attempts: number,
  waitedMs: number,
): HttpError {
  const seconds = Math.round(waitedMs / 1000);
  const why = `${error.why}, at attempt ${attempts} after ${seconds} s of waiting (max_retry_seconds)`;
  return error.withMessage(formatMessage(error.path, why, error.advice), { kind: 'transient' });
}

/** 9999-12-31T23:59:59Z: a longer wait has no date. */
const lastDateMs = 253_402_300_799_000;

/** The server requests a longer wait than the retry budget allows. No stream may send a request before its end. */
export function retryAfterTooLongError(error: HttpError, untilMs: number): HttpError {
  const until = new Date(Math.min(untilMs, lastDateMs)).toISOString();
  return error.withMessage(
    `${error.path} ${error.why} and allows no request before ${until}; this exceeds max_retry_seconds. ` +
      'Run the tap again after that time, or raise max_retry_seconds.',
    { kind: 'transient', endsRun: true },
  );
}
