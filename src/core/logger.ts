import { TapError } from './errors.ts';
import { foreign } from './foreign-text.ts';
import type { JsonObject } from './json.ts';
import { quoted } from './quoting.ts';
import { Redactor } from './redactor.ts';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical';
export type LogFormat = 'text' | 'json';
/** Formats a line of another protocol, without a line feed. The message contains no secrets. */
export type LineFormatter = (level: LogLevel, message: string) => string;

export interface LogFields {
  readonly stream?: string;
  /** At debug level, the stacks of the error and its causes are logged before the line. */
  readonly error?: unknown;
}

/** A measurement in the Singer format. Timers are in seconds. */
export interface Metric {
  readonly type: 'counter' | 'timer';
  readonly metric: string;
  readonly value: number;
  readonly tags: JsonObject;
}

/** If the message is a function, it is called only if the line is written. */
type LogMethod = (message: string | (() => string), fields?: LogFields) => void;

/** Writes the log, and replaces all known secrets. */
export interface Logger extends Readonly<Record<LogLevel, LogMethod>> {
  readonly metric: (metric: Metric) => void;
  /** By default, METRIC lines are written only in the JSON format. Has no effect on lines of another protocol. */
  readonly setMetrics: (isOn: boolean) => void;
  /** Applies to the following lines. */
  readonly addSecrets: (secrets: readonly string[]) => void;
  readonly setLevel: (level: LogLevel) => void;
  /** Has no effect on lines of another protocol. */
  readonly setFormat: (format: LogFormat) => void;
  /** Replaces secrets in a text and truncates it, for output other than the log. */
  readonly redact: (text: string) => string;
}

export interface LoggerOptions {
  /** Receives one complete line with its line feed. */
  readonly write: (line: string) => void;
  readonly format: LogFormat | LineFormatter;
  readonly level: LogLevel;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly name: string;
  readonly pid: number;
  /** Whether text lines have a time stamp in UTC. Default: false. */
  readonly hasTimestamps?: boolean;
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warning', 'error', 'critical'];
const pythonLevels: ReadonlyMap<string, LogLevel> = new Map([
  ['warn', 'warning'],
  ['fatal', 'critical'],
  ['notset', 'debug'],
]);
/** Maximum number of logged causes, because a chain of causes may be circular. */
const maxCauses = 5;

/** Longer messages are truncated, because they may contain text from outside. */
const maxMessage = 2000;

/** Creates a logger, which writes lines immediately and in order. */
export function createLogger(options: LoggerOptions): Logger {
  let minLevel = levels.indexOf(options.level);
  let { format } = options;
  let hasMetrics: boolean | undefined;
  const redactor = new Redactor();
  const redactAll = (text: string): string => redactor.redact(text);
  // Redact before truncating, because half a secret would not be found.
  const redact = (text: string): string => truncated(redactAll(text));
  const emit = (level: LogLevel, message: string, more: JsonObject): void => {
    if (levels.indexOf(level) < minLevel) return;
    options.write(`${lineIn(format)(level, message, more, options)}\n`);
  };
  const log =
    (level: LogLevel): LogMethod =>
    (given, { stream, error } = {}) => {
      if (levels.indexOf(level) < minLevel) return;
      const message = typeof given === 'string' ? given : given();
      const more = { stream_name: stream === undefined ? null : redactAll(stream) };
      if (minLevel === 0) for (const line of stackLines(error)) emit('debug', redact(line), more);
      emit(level, redact(message), more);
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warning: log('warning'),
    error: log('error'),
    critical: log('critical'),
    metric: (metric) => {
      if (typeof format === 'function' || !(hasMetrics ?? format === 'json')) return;
      emit('info', ...metricEntry(metric, redactAll));
    },
    setMetrics: (isOn) => {
      hasMetrics = isOn;
    },
    addSecrets: (secrets) => redactor.addSecrets(secrets),
    setLevel: (level) => {
      minLevel = levels.indexOf(level);
    },
    setFormat: (next) => {
      if (typeof format !== 'function') format = next;
    },
    redact,
  };
}

function lineIn(format: LoggerOptions['format']): typeof jsonLine {
  if (typeof format === 'function') return format;
  return format === 'json' ? jsonLine : textLine;
}

/** A logger that logs info messages at debug level, for commands whose result is not the log. */
export function quietLogger(logger: Logger): Logger {
  return { ...logger, info: logger.debug, metric: () => undefined };
}

/** Redacts before converting to JSON, because JSON may escape a secret, or contain one as a part of its syntax. */
function metricEntry(
  metric: Metric,
  redactAll: (text: string) => string,
): readonly [message: string, more: JsonObject] {
  const text = jsonOf(metric, redactAll);
  const metric_info: Metric & JsonObject = JSON.parse(text);
  const { stream } = metric_info.tags;
  const stream_name = typeof stream === 'string' ? stream : null;
  return [`METRIC: ${text}`, { stream_name, metric_info }];
}

function jsonOf(value: object, change: (text: string) => string): string {
  return JSON.stringify(value, (_key, one) => (typeof one === 'string' ? change(one) : one));
}

function truncated(text: string): string {
  return text.length > maxMessage ? `${text.slice(0, maxMessage).toWellFormed()}…` : text;
}

/**
 * A text line, without line breaks and control characters. The level comes first, because tools look for it. A METRIC
 * line has no time stamp, because readers of the Singer format expect the word METRIC after the level.
 */
function textLine(
  level: LogLevel,
  message: string,
  { metric_info }: JsonObject,
  { now, hasTimestamps = false }: LoggerOptions,
): string {
  const text = message
    .trim()
    .replaceAll(/[\s\p{Cc}]+/gu, (run) => (/[\p{Cc}\u2028\u2029]/u.test(run) ? ' ' : run));
  const isStamped = hasTimestamps && metric_info === undefined;
  const time = isStamped ? `${new Date(now()).toISOString().slice(0, 19)}Z ` : '';
  return `${level.toUpperCase()} ${time}${text}`;
}

/** A JSON line with all keys that Meltano requires. */
function jsonLine(
  level: LogLevel,
  message: string,
  { stream_name, metric_info }: JsonObject,
  { now, name, pid }: LoggerOptions,
): string {
  return JSON.stringify({
    level,
    pid,
    logger_name: name,
    ts: now() / 1000,
    thread_name: 'MainThread',
    app_name: name,
    stream_name,
    message,
    extra: {},
    metric_info,
  });
}

/** Does not use `util.inspect`, which also shows an error's properties with data from the API. */
function stackLines(error: unknown): readonly string[] {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; isError(current) && depth <= maxCauses; depth += 1) {
    const [first = '', ...rest] = markedStack(current).split('\n');
    lines.push(depth === 0 ? first : `Caused by: ${first}`, ...rest);
    current = current.cause;
  }
  return lines;
}

/** The message of an error from outside the program counts as text from outside. */
function markedStack(error: Error): string {
  const { message, stack = message } = error;
  if (error instanceof TapError) return stack;
  const start = stack.indexOf(message);
  const end = start < 0 ? stack.length : start + message.length;
  return foreign(stack.slice(0, end)) + stack.slice(end);
}

/** Errors from Node.js may come from another realm, so `instanceof Error` is not reliable. */
function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}

/**
 * Reads TAP_ZENDESK_CHAT_LOGLEVEL, LOGLEVEL and the file named by SINGER_SDK_LOG_CONFIG (a logging
 * configuration of Python, YAML or JSON). Returns warnings about invalid values, which the caller logs first.
 */
export async function loggingFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => Promise<string>,
): Promise<{ level: LogLevel; format: LogFormat; warnings: readonly string[] }> {
  const warnings: string[] = [];
  const { SINGER_SDK_LOG_CONFIG: path = '' } = env;
  // A missing or unreadable file must not prevent the run.
  const unread = (error: unknown): string => {
    warnings.push(`${isError(error) ? error.message : ''} Logs are plain text.`.trim());
    return '';
  };
  const text = path === '' ? '' : await readText(path).catch(unread);
  const variable = ['TAP_ZENDESK_CHAT_LOGLEVEL', 'LOGLEVEL'].find((name) => env[name]);
  const given = variable && env[variable];
  const level = parseLogLevel(given ?? rootLevel(text) ?? 'info');
  if (level === undefined && variable !== undefined)
    warnings.push(
      `${variable} is ${quoted(given, levels)}, which is no level: write ${levels.join(', ')}.`,
    );
  // Meltano always sets this variable. Only this formatter means that JSON is expected.
  const format = text.includes('StructuredFormatter') ? 'json' : 'text';
  return { level: level ?? 'info', format, warnings };
}

export function parseLogLevel(word: string): LogLevel | undefined {
  const name = word.trim().toLowerCase();
  return levels.find((level) => level === name) ?? pythonLevels.get(name);
}

/** The level of Python's root logger, which applies to the whole program. */
function rootLevel(text: string): string | undefined {
  const block = /^root:[^\S\n]*\n((?:[^\S\n]+.*\n?|\n)*)/m.exec(text)?.[1];
  const flow = /(?:^root|"root")\s*:\s*\{([^{}]*)\}/m.exec(text)?.[1];
  const level = /(?:^|,)[ \t]*["']?level["']?\s*:\s*["']?([A-Za-z]+)/m;
  return level.exec(block ?? flow ?? '')?.[1];
}
