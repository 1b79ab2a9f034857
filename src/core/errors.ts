/**
 * Whose turn it is after a failure: the user must act (`config`), later it may work (`transient`),
 * or the program met what it does not understand (`system`).
 */
export type ErrorKind = 'config' | 'transient' | 'system';

export type TapErrorOptions = Pick<TapError, 'kind'> &
  Partial<Pick<TapError, 'stream' | 'endsRun' | 'cause'>>;

/** Every failure the program knows. The message is for the user: what happened, then what to do. */
export class TapError extends Error {
  override readonly name: string = 'TapError';
  readonly kind: ErrorKind;
  /** `tap_stream_id` of the stream that failed, when it was one stream's failure. */
  readonly stream: string | undefined;
  /** True when no later stream may be tried either: the whole account is concerned. */
  readonly endsRun: boolean;

  constructor(message: string, options: TapErrorOptions) {
    super(message, { cause: options.cause });
    this.kind = options.kind;
    this.stream = options.stream;
    this.endsRun = options.endsRun ?? false;
  }
}

/** An item that cannot be written as a record; all others can. */
export class ItemError extends TapError {
  override readonly name = 'ItemError';
}

/** A config key is missing or wrong. `key` is the key's path, `''` when the file as a whole is meant. */
export class ConfigError extends TapError {
  override readonly name = 'ConfigError';
  readonly key: string;

  constructor(message: string, key = '', cause?: unknown) {
    super(message, { kind: 'config', cause });
    this.key = key;
  }
}

/**
 * Why a request brought no answer: the status said so, or an error in a body with a status of success
 * (`error-object`), nothing or only a part arrived (`network`, `timeout`, `cut`), what arrived is no text
 * (`not-text`), no JSON (`not-json`) or more than a body may hold (`too-large`), or the server pointed to
 * another host or to a login page (`redirect`).
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

/** A request that failed, once or for good. */
export class HttpError extends TapError {
  override readonly name = 'HttpError';
  readonly failure: HttpFailure;
  /** Path without query: a query may hold what a log must not. */
  readonly path: string;
  readonly status: number | undefined;
  /** The answer's `Date` header in ms since 1970. */
  readonly serverTimeMs: number | undefined;
  /** The wait the answer asks for before the next request, in ms. */
  readonly retryAfterMs: number | undefined;
  /** The API asks for fewer requests: 429, or a Retry-After or words that say so. */
  readonly isRateLimit: boolean;
  /** The message without path and advice, for a log line: `answers 503 Service Unavailable`. */
  readonly why: string;
  /** What the user may do about it, as a sentence. */
  readonly advice: string;
  /** What came with the status. It is not logged: it may hold anything. */
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

  /** Is this word, for example the name of a parameter, in what the API says about the error? */
  mentions(word: string): boolean {
    const text = JSON.stringify(this.body ?? '').toLowerCase();
    return text.split(/[^a-z]+/).includes(word);
  }

  /** The same failure in other words. */
  withMessage(message: string, changes: Partial<HttpErrorOptions> = {}): HttpError {
    return new HttpError(message, { ...this.#options, cause: this, ...changes });
  }
}

/** The exit code of a program that failed: 2 if a user must act on every failure, else 1: a retry may help, or it is a bug. */
export function failureExitCode(errors: readonly TapError[]): 1 | 2 {
  return errors.every(({ kind }) => kind === 'config') ? 2 : 1;
}

/** Wraps what is no TapError yet, once, at the boundary where it appears; a TapError passes through. */
export function asTapError(error: unknown, what: string): TapError {
  if (error instanceof TapError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new TapError(`${what}: ${text}`, { kind: 'system', cause: error });
}

/** What ends a program: its own errors as they are; a bug is only what the system is not to blame for. */
export function asFatalError(error: unknown): TapError {
  if (error instanceof TapError) return error;
  const syscall = textIn(error, 'syscall');
  if (syscall === 'uv_cwd') {
    const text =
      'the current folder does not exist any more, or may not be entered: go to another one';
    return new TapError(text, { kind: 'config', cause: error });
  }
  if (syscall === 'write') return asTapError(error, 'the output cannot be written');
  if (syscall !== undefined) return asTapError(error, 'the system refuses what the program needs');
  if (errorCode(error) === 'ERR_MODULE_NOT_FOUND')
    return asTapError(error, 'the installation is incomplete, install the program again');
  return asTapError(error, 'this is a bug, please report it');
}

/** The code of an error of Node's, or ''. */
export function errorCode(error: unknown): string {
  return textIn(error, 'code') ?? '';
}

/** What Node threw need not be an instance of this realm's Error. */
function textIn(error: unknown, key: 'code' | 'syscall'): string | undefined {
  if (typeof error !== 'object' || error === null || !(key in error)) return undefined;
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
}
