import { STATUS_CODES } from 'node:http';

import { HttpError, type ErrorKind, type HttpFailure } from '../errors.ts';
import { codeOf, type BodyProblem } from './body.ts';
import { errorText } from './error-text.ts';
import { proxyRefusal } from './proxy.ts';
import { verdictOn } from './retry.ts';

/** What is known of an attempt when it fails. */
export interface Scene {
  /** Without query. */
  readonly path: string;
  readonly status?: number | undefined;
  readonly serverTimeMs?: number | undefined;
}

/** A failed attempt as a value. */
export interface Failed {
  readonly error: HttpError;
  /** The message without path and advice, for a log line: `answers 503 Service Unavailable`. */
  readonly why: string;
  /** What the user may do about it, as a sentence. */
  readonly advice: string;
  /** The answer's Retry-After in ms from now, when it had one. */
  readonly retryAfterMs: number | undefined;
}

interface Finding {
  readonly failure: HttpFailure;
  readonly why: string;
  readonly advice: string;
  /** Where the table of verdicts is too coarse. */
  readonly kind?: ErrorKind;
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
}

const later = 'Try again later.';

function failed(scene: Scene, finding: Finding): Failed {
  const { failure, why, advice, cause, retryAfterMs } = finding;
  const kind = finding.kind ?? verdictOn(failure, scene.status);
  const error = errorAt(scene, `${scene.path} ${why}. ${advice}`, { kind, failure, cause });
  return { error, why, advice, retryAfterMs };
}

interface ErrorTraits {
  readonly kind: ErrorKind;
  readonly failure: HttpFailure;
  readonly cause?: unknown;
  readonly endsRun?: boolean;
}

function errorAt({ path, status, serverTimeMs }: Scene, message: string, traits: ErrorTraits) {
  return new HttpError(message, {
    ...traits,
    path,
    ...(status === undefined ? {} : { status }),
    ...(serverTimeMs === undefined ? {} : { serverTimeMs }),
  });
}

const proxyPassword = 'The proxy asks for a user name and a password: put them into HTTPS_PROXY.';

const statusAdvice: Readonly<Record<number, string>> = {
  400: 'The API does not accept this request: report it together with this line.',
  401:
    'The access token is refused: it is expired, of the wrong kind (a Support token is not a Chat ' +
    'token) or lacks the scopes "read chat". Make a new Chat token and put it into the config.',
  403:
    "The token's user may not read this: the role, the plan or the kind of account does not include " +
    'it. Use the token of an administrator or leave the stream out.',
  404: 'The account has no such thing: check the subdomain, or leave the stream out.',
  407: proxyPassword,
  410: 'The address is out of use: check the subdomain.',
};

/** The server answers with a status that is no success. `body`: the text that came with it, whatever it is. */
export function statusFailed(
  scene: Scene & { readonly status: number },
  body: string,
  details: {
    readonly secrets: readonly string[];
    readonly retryAfterMs: number | undefined;
  },
): Failed {
  const { status } = scene;
  const said = errorText(body, details.secrets);
  const name = [status, STATUS_CODES[status]].join(' ').trim();
  const why = `answers ${name}${said === '' ? '' : ` ("${said}")`}`;
  const fallback =
    verdictOn('status', status) === 'transient'
      ? later
      : 'This is not known to the tap: report it together with this line.';
  const advice = statusAdvice[status] ?? fallback;
  return failed(scene, {
    failure: 'status',
    why,
    advice,
    retryAfterMs: details.retryAfterMs,
  });
}

/** What arrived is no JSON: cut, something else, or too much of it. */
export function bodyFailed(scene: Scene, { failure, why, cause }: BodyProblem): Failed {
  const advice = failure === 'too-large' ? 'Ask for fewer items at a time.' : later;
  return failed(scene, { failure, why, advice, cause });
}

/** Nothing, or nothing more, came within the time limit. */
export function timedOut(scene: Scene, limitMs: number, cause: unknown): Failed {
  const seconds = limitMs / 1000;
  const why =
    scene.status === undefined
      ? `does not answer within ${seconds} s`
      : `falls silent for ${seconds} s in the middle of the body`;
  const advice = 'Try again later, or raise request_timeout.';
  return failed(scene, { failure: 'timeout', why, advice, cause });
}

/** The server points to where the token must not go, or around in a circle. `why` names the place. */
export function redirectFailed(scene: Scene, why: string): Failed {
  const advice = 'The token was not sent there. Check the subdomain.';
  return failed(scene, { failure: 'redirect', why, advice });
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
export function networkFailed(scene: Scene, host: string, cause: unknown): Failed {
  const code = codeOf(cause);
  if (code.startsWith(proxyRefusal)) return proxyRefused(scene, host, cause);
  const trouble = networkTroubles.find(({ codes }) => codes.test(code));
  const { why: sentence, advice, kind } = trouble ?? unknownTrouble;
  const why = `${sentence.replace('HOST', () => host)} (${code})`;
  return failed(scene, { failure: 'network', why, advice, cause, ...(kind && { kind }) });
}

function proxyRefused(scene: Scene, host: string, cause: unknown): Failed {
  const status = Number(codeOf(cause).slice(proxyRefusal.length));
  const why = `cannot be reached: the way to ${host} is refused with ${status}`;
  const advice =
    status === 407 ? proxyPassword : 'Check HTTPS_PROXY and NO_PROXY, or ask who runs the proxy.';
  const kind = verdictOn('status', status);
  return failed(scene, { failure: 'network', why, advice, kind, cause });
}

/** The last failure when no patience is left. */
export function patienceUsedUp(
  { error, why, advice }: Failed,
  { attempts, waitedMs }: { readonly attempts: number; readonly waitedMs: number },
): HttpError {
  const seconds = Math.round(waitedMs / 1000);
  const message =
    `${error.path} ${why}, at attempt ${attempts} after ${seconds} s of waiting in between ` +
    `(max_retry_seconds). ${advice}`;
  return errorAt(error, message, { kind: 'transient', failure: error.failure, cause: error });
}

/** 9999-12-31T23:59:59Z: a wait may be longer than a date can tell. */
const lastDateMs = 253_402_300_799_000;

/** The server wants a longer wait than is left: no request may be made before, in any stream. */
export function toldToWaitTooLong({ error, why }: Failed, untilMs: number): HttpError {
  const until = new Date(Math.min(untilMs, lastDateMs)).toISOString();
  const message =
    `${error.path} ${why} and asks for no request before ${until}, which is longer than the tap ` +
    'waits (max_retry_seconds). Run it again after that time, or raise max_retry_seconds.';
  const { failure } = error;
  return errorAt(error, message, { kind: 'transient', failure, cause: error, endsRun: true });
}
