import { foreign } from './foreign-text.ts';

/**
 * What resolves a failure: `config`, the user must change something; `transient`, a retry may work; `system`, the
 * program met something unexpected. The names are those of Airbyte's failure types.
 */
export type ErrorKind = 'config' | 'transient' | 'system';

export type TapErrorOptions = Pick<TapError, 'kind'> &
  Partial<Pick<TapError, 'stream' | 'endsRun' | 'cause'>>;

/** An expected failure. The message says what happened and what the user can do. */
export class TapError extends Error {
  override readonly name: string = 'TapError';
  readonly kind: ErrorKind;
  /** `tap_stream_id` of the stream, if a single stream failed. */
  readonly stream: string | undefined;
  /** True if the failure affects the whole account, so that no other stream can be read. */
  readonly endsRun: boolean;

  constructor(message: string, options: TapErrorOptions) {
    super(message, { cause: options.cause });
    this.kind = options.kind;
    this.stream = options.stream;
    this.endsRun = options.endsRun ?? false;
  }
}

/** A single item cannot be written as a record. */
export class ItemError extends TapError {
  override readonly name = 'ItemError';
}

/** A config key is missing or invalid. `key` is its path, or `''` for the whole file. */
export class ConfigError extends TapError {
  override readonly name = 'ConfigError';
  readonly key: string;

  constructor(message: string, key = '', cause?: unknown) {
    super(message, { kind: 'config', cause });
    this.key = key;
  }
}

/**
 * Why a request failed: an error status (`status`), an error in the body of a successful response (`error-object`), no
 * response or an incomplete one (`network`, `timeout`, `cut`), a body that is not text (`not-text`), not JSON
 * (`not-json`) or too large (`too-large`), or a redirect to another host or a login page (`redirect`).
 */
export type HttpFailure =
  | 'status'
  | 'error-object'
  | 'network'
  | 'timeout'
  | 'cut'
  | 'not-text'
  | 'not-json'
  | 'too-large'
  | 'redirect';

export type HttpErrorOptions = TapErrorOptions &
  Pick<HttpError, 'failure' | 'path'> &
  Partial<Omit<HttpError, keyof TapError | 'mentions' | 'withMessage'>>;

/** A failed request. */
export class HttpError extends TapError {
  override readonly name = 'HttpError';
  readonly failure: HttpFailure;
  /** The path without the query, which may contain data that must not be logged. */
  readonly path: string;
  readonly status: number | undefined;
  /** The response's `Date` header in ms since 1970. */
  readonly serverTimeMs: number | undefined;
  /** The wait that the response requests, in ms. */
  readonly retryAfterMs: number | undefined;
  /** The API's rate limit was exceeded: status 429, a Retry-After header, or an error text that says so. */
  readonly isRateLimit: boolean;
  /** The message without path and advice, for a log line: `answers 503 Service Unavailable`. */
  readonly why: string;
  /** What the user can do, as a sentence. */
  readonly advice: string;
  /** The response body. Not logged, because it may contain anything. */
  readonly body: unknown;
  readonly #options: HttpErrorOptions;

  constructor(message: string, options: HttpErrorOptions) {
    super(message, options);
    this.failure = options.failure;
    this.path = options.path;
    this.status = options.status;
    this.serverTimeMs = options.serverTimeMs;
    this.retryAfterMs = options.retryAfterMs;
    this.isRateLimit = options.isRateLimit ?? false;
    this.why = options.why ?? '';
    this.advice = options.advice ?? '';
    this.body = options.body;
    this.#options = options;
  }

  /** Whether the API's error contains this word, for example the name of a parameter. */
  mentions(word: string): boolean {
    const text = JSON.stringify(this.body ?? '').toLowerCase();
    return text.split(/[^a-z]+/).includes(word);
  }

  /** The same failure with another message. */
  withMessage(message: string, changes: Partial<HttpErrorOptions> = {}): HttpError {
    return new HttpError(message, { ...this.#options, cause: this, ...changes });
  }
}

/** The exit code of a failed program: 2 if every failure requires action by the user, otherwise 1. */
export function failureExitCode(errors: readonly TapError[]): 1 | 2 {
  return errors.every(({ kind }) => kind === 'config') ? 2 : 1;
}

/** Wraps an error that is not a TapError. Returns a TapError unchanged. */
export function asTapError(error: unknown, what: string): TapError {
  if (error instanceof TapError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new TapError(`${what}: ${foreign(text)}`, { kind: 'system', cause: error });
}

/** Error codes of a pipe whose other end was closed. */
export const closedPipeCodes: ReadonlySet<string> = new Set([
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** The error that ends the program. Returns a TapError unchanged. Any other error is a bug, unless the system caused it. */
export function asFatalError(error: unknown): TapError {
  if (error instanceof TapError) return error;
  if (closedPipeCodes.has(errorCode(error))) {
    const text =
      'the reader of the output closed the pipe before it read everything: find the cause in its log, then run again';
    return new TapError(text, { kind: 'transient', cause: error });
  }
  const syscall = textIn(error, 'syscall');
  if (syscall === 'uv_cwd') {
    const text =
      'the current folder no longer exists or cannot be accessed: change to another folder';
    return new TapError(text, { kind: 'config', cause: error });
  }
  if (syscall === 'write') {
    const { message } = asTapError(error, 'the output cannot be written');
    const text = `${message}. Check the disk and the program that reads the output, then run again`;
    return new TapError(text, { kind: 'system', cause: error });
  }
  if (syscall !== undefined)
    return asTapError(error, 'the operating system refused a request of the program');
  if (errorCode(error) === 'ERR_MODULE_NOT_FOUND')
    return asTapError(error, 'the installation is incomplete, install the program again');
  return asTapError(error, 'this is a bug, please report it');
}

/** The code of a Node.js error, or ''. */
export function errorCode(error: unknown): string {
  return textIn(error, 'code') ?? '';
}

/** Errors from Node.js may come from another realm, so `instanceof Error` is not reliable. */
function textIn(error: unknown, key: 'code' | 'syscall'): string | undefined {
  if (typeof error !== 'object' || error === null || !(key in error)) return undefined;
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
}
