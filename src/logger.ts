import { isJsonObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { quoted } from './wording.ts';

/** From the least to the gravest. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical';
/** Plain lines, or one JSON object in each line. */
export type LogFormat = 'text' | 'json';
/** A line of another protocol's, without its line feed, made of a message that holds no secret any more. */
export type LineFormat = (level: LogLevel, message: string) => string;

/** What belongs to a line beside its message. */
export interface LogFields {
  readonly stream?: string;
  /** Its stack, and its causes', is told at debug level only, before the line itself. */
  readonly error?: unknown;
}

/** A measurement as Singer tells it. Timers are in seconds. */
export interface Metric {
  readonly type: 'counter' | 'timer';
  readonly metric: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, Json>>;
}

type Log = (message: string, fields?: LogFields) => void;

/** The only way to stderr. Whatever it is given, no secret it knows leaves it. */
export interface Logger {
  readonly debug: Log;
  readonly info: Log;
  readonly warning: Log;
  readonly error: Log;
  readonly critical: Log;
  readonly metric: (metric: Metric) => void;
  /** From the next line on; texts of less than four characters are not taken for secrets. */
  readonly setSecrets: (secrets: readonly string[]) => void;
  /** Has no effect on lines of another protocol's. */
  readonly setFormat: (format: LogFormat) => void;
  /** The text without the secrets the logger knows, cut where it is long: for what is told in another way than by a line. */
  readonly redact: (text: string) => string;
}

/** Where lines go, and how they look until the config says otherwise. */
export interface LoggerOptions {
  /** Is given one whole line with its line feed. */
  readonly write: (line: string) => void;
  readonly format: LogFormat | LineFormat;
  /** The least level that is written. */
  readonly level: LogLevel;
  readonly secrets?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly name: string;
  readonly pid: number;
  /** At what level measurements are told. Default info; a person at a terminal wants fewer lines. */
  readonly metricLevel?: LogLevel;
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warning', 'error', 'critical'];
/** Names that Python has beside ours. */
const pythonLevels: ReadonlyMap<string, LogLevel> = new Map([
  ['warn', 'warning'],
  ['fatal', 'critical'],
  ['notset', 'debug'],
]);
/** Causes of causes are told this deep: a chain may be a ring. */
const maxCauses = 5;

/** Longer messages are cut: what they are made of may come from anywhere. */
const maxMessage = 2000;

/** Lines are written at once and in order; nothing is kept back. */
export function createLogger(options: LoggerOptions): Logger {
  const least = levels.indexOf(options.level);
  let format = options.format;
  let redact = redactor(options.secrets ?? []);

  const lineOf = (level: LogLevel, message: string, more: JsonObject): string => {
    if (typeof format === 'function') return format(level, message);
    if (format === 'json') return jsonLine(options, { level, message, ...more });
    return `${level.toUpperCase()} ${folded(message)}`;
  };
  // Cut afterwards: half a secret would not be found.
  const shown = (message: string): string => shortened(redact(message));
  const emit = (level: LogLevel, message: string, more: JsonObject): void => {
    if (levels.indexOf(level) < least) return;
    options.write(`${lineOf(level, message, redactAll(more, redact))}\n`);
  };
  const log =
    (level: LogLevel): Log =>
    (message, { stream, error } = {}) => {
      const more = { stream_name: stream ?? null };
      if (least === 0) for (const line of stackLines(error)) emit('debug', shown(line), more);
      emit(level, shown(message), more);
    };
  return Object.freeze({
    debug: log('debug'),
    info: log('info'),
    warning: log('warning'),
    error: log('error'),
    critical: log('critical'),
    metric: ({ type, metric, value, tags }: Metric) => {
      // Redacted before it becomes JSON: afterwards a secret could look different, or be a part of the form.
      const info = redactAll({ type, metric, value, tags: { ...tags } }, redact);
      const stream = tags['stream'];
      const stream_name = typeof stream === 'string' ? stream : null;
      emit(options.metricLevel ?? 'info', `METRIC: ${JSON.stringify(info)}`, {
        stream_name,
        metric_info: info,
      });
    },
    setSecrets: (secrets: readonly string[]) => {
      redact = redactor(secrets);
    },
    setFormat: (next: LogFormat) => {
      if (typeof format !== 'function') format = next;
    },
    redact: shown,
  });
}

function shortened(text: string): string {
  return text.length > maxMessage ? `${text.slice(0, maxMessage).toWellFormed()}…` : text;
}

/** On one line, and without what could steer a terminal. */
function folded(text: string): string {
  return text
    .trim()
    .replaceAll(/[\s\p{Cc}]+/gu, (run) => (/[\p{Cc}\u2028\u2029]/u.test(run) ? ' ' : run));
}

/** The keys Meltano demands of a structured line, all of them in each line. */
function jsonLine({ now, name, pid }: LoggerOptions, entry: JsonObject): string {
  return JSON.stringify({
    level: entry['level'],
    pid,
    logger_name: name,
    ts: now() / 1000,
    thread_name: 'MainThread',
    app_name: name,
    stream_name: entry['stream_name'],
    message: entry['message'],
    extra: {},
    metric_info: entry['metric_info'],
  });
}

function stackLines(error: unknown): readonly string[] {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; isError(current) && depth <= maxCauses; depth += 1) {
    const [first = '', ...rest] = (current.stack ?? current.message).split('\n');
    lines.push(depth === 0 ? first : `Caused by: ${first}`, ...rest);
    current = current.cause;
  }
  return lines;
}

/** What other parts of Node threw need not be an instance of this part's Error. */
function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}

type Redact = (text: string) => string;

/**
 * Every form in which a secret may appear: as it is, in a URL, in JSON, in base64. The longest first: a
 * short one may be a part of it, and would leave the rest.
 */
export function secretForms(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => {
    if (secret.length < 4) return [];
    const base64 = Buffer.from(secret)
      .toString('base64')
      .replace(/={1,2}$/, '');
    const base64url = Buffer.from(secret).toString('base64url');
    const inUrl = encodeURIComponent(secret.toWellFormed());
    const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
    return [secret, inUrl, inForm, JSON.stringify(secret).slice(1, -1), base64, base64url];
  });
  return [...new Set(forms)].sort((left, right) => right.length - left.length);
}

/** Takes out what is secret. */
function redactor(secrets: readonly string[]): Redact {
  const inOrder = secretForms(secrets);
  return (text) =>
    inOrder
      .reduce((done, form) => done.replaceAll(form, '***'), text)
      .replaceAll(/\b(Bearer(?:\s+|%20|\+))[\w.~+/%=*-]+/gi, '$1***');
}

/** Keys are the program's own words. */
function redactAll(value: JsonObject, redact: Redact): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, redactOne(one, redact)]),
  );
}

function redactOne(value: Json, redact: Redact): Json {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactOne(item, redact));
  return isJsonObject(value) ? redactAll(value, redact) : value;
}

/** How to log, as the environment asks for it; `warnings` are to be logged first. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly warnings: readonly string[];
}

/**
 * Reads TAP_ZENDESK_CHAT_LOGLEVEL, LOGLEVEL and the file named by SINGER_SDK_LOG_CONFIG (a logging
 * configuration of Python's, YAML or JSON). Raises nothing: what cannot be understood is a warning.
 */
export async function loggingFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => Promise<string>,
): Promise<LogSettings> {
  const warnings: string[] = [];
  const path = env['SINGER_SDK_LOG_CONFIG'] ?? '';
  let text = '';
  if (path !== '') {
    try {
      text = await readText(path);
    } catch (error) {
      // Missing or unreadable: not worth a run that could do its work.
      warnings.push(`${isError(error) ? error.message : ''} Logs are plain text.`.trim());
    }
  }
  const variable = ['TAP_ZENDESK_CHAT_LOGLEVEL', 'LOGLEVEL'].find(
    (name) => (env[name] ?? '') !== '',
  );
  const asked = variable === undefined ? undefined : env[variable];
  const level = levelOf(asked ?? rootLevel(text) ?? 'info');
  if (level === undefined && variable !== undefined)
    warnings.push(
      `${variable} is ${quoted(asked ?? '', levels)}, which is no level: write ${levels.join(', ')}.`,
    );
  // Meltano always names a file; only this formatter means that somebody reads JSON.
  const format = text.includes('StructuredFormatter') ? 'json' : 'text';
  return { level: level ?? 'info', format, warnings };
}

/** A level by its name or one of Python's; `undefined` for any other word. */
export function levelOf(word: string): LogLevel | undefined {
  const name = word.trim().toLowerCase();
  return levels.find((level) => level === name) ?? pythonLevels.get(name);
}

/** The root logger's level: what is told to Python's root goes for the whole program. */
function rootLevel(text: string): string | undefined {
  const block = /^root:[^\S\n]*\n((?:[^\S\n]+.*\n?|\n)*)/m.exec(text)?.[1];
  const flow = /(?:^root|"root")\s*:\s*\{([^{}]*)\}/m.exec(text)?.[1];
  const level = /(?:^|,)[ \t]*["']?level["']?\s*:\s*["']?([A-Za-z]+)/m;
  return level.exec(block ?? flow ?? '')?.[1];
}
