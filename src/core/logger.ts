import { TapError } from './errors.ts';
import { foreign } from './foreign-text.ts';
import type { JsonObject } from './json.ts';
import { quoted } from './quoting.ts';
import { Redactor } from './redactor.ts';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical';
export type LogFormat = 'text' | 'json';
/** A line of another protocol's, without its line feed, made of a message that holds no secret any more. */
export type LineFormatter = (level: LogLevel, message: string) => string;

export interface LogFields {
  readonly stream?: string;
  /** At debug level its stack, and its causes', stand before the line itself. */
  readonly error?: unknown;
}

/** A measurement as Singer tells it. Timers are in seconds. */
export interface Metric {
  readonly type: 'counter' | 'timer';
  readonly metric: string;
  readonly value: number;
  readonly tags: JsonObject;
}

/** A function as the message is called only when the line is written. */
type LogMethod = (message: string | (() => string), fields?: LogFields) => void;

/** The only way to stderr. Whatever it is given, no secret it knows leaves it. */
export interface Logger extends Readonly<Record<LogLevel, LogMethod>> {
  readonly metric: (metric: Metric) => void;
  /** Default: METRIC lines are written in the JSON format alone. Has no effect on lines of another protocol. */
  readonly setMetrics: (isOn: boolean) => void;
  /** From the next line on. */
  readonly addSecrets: (secrets: readonly string[]) => void;
  readonly setLevel: (level: LogLevel) => void;
  /** Has no effect on lines of another protocol's. */
  readonly setFormat: (format: LogFormat) => void;
  /** The text without the secrets the logger knows, cut where it is long: for what leaves in another way than by a line. */
  readonly redact: (text: string) => string;
}

export interface LoggerOptions {
  /** Is given one whole line with its line feed. */
  readonly write: (line: string) => void;
  readonly format: LogFormat | LineFormatter;
  readonly level: LogLevel;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly name: string;
  readonly pid: number;
  /** Text lines have a time stamp, in UTC. Default: false, as for a person at a terminal. */
  readonly hasTimestamps?: boolean;
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warning', 'error', 'critical'];
const pythonLevels: ReadonlyMap<string, LogLevel> = new Map([
  ['warn', 'warning'],
  ['fatal', 'critical'],
  ['notset', 'debug'],
]);
/** So many causes of causes are logged: a chain may be a ring. */
const maxCauses = 5;

/** Longer messages are cut: what they are made of may come from anywhere. */
const maxMessage = 2000;

/** Lines are written at once and in order; nothing is kept back. */
export function createLogger(options: LoggerOptions): Logger {
  let minLevel = levels.indexOf(options.level);
  let { format } = options;
  let hasMetrics: boolean | undefined;
  const redactor = new Redactor();
  const redactAll = (text: string): string => redactor.redact(text);
  // Cut afterwards: half a secret would not be found.
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

/** For what ends in an answer of its own: the steps to it are logged for those who look for a fault. */
export function quietLogger(logger: Logger): Logger {
  return { ...logger, info: logger.debug, metric: () => undefined };
}

/** Redacted before it becomes JSON: afterwards a secret could look different, or be a part of the form. */
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
 * On one line, and without what could steer a terminal. The level comes first, since tools look for it. A METRIC line
 * has no time stamp: readers of the Singer format expect the word behind the level.
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

/** The keys Meltano demands of a structured line, all of them in each line. */
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

/** Not by `util.inspect`, which shows an error's fields too: they may hold what the API has sent. */
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

/** The message of an error that is not the program's own is text from outside. */
function markedStack(error: Error): string {
  const { message, stack = message } = error;
  if (error instanceof TapError) return stack;
  const start = stack.indexOf(message);
  const end = start < 0 ? stack.length : start + message.length;
  return foreign(stack.slice(0, end)) + stack.slice(end);
}

/** What other parts of Node threw need not be an instance of this part's Error. */
function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}

/**
 * Reads TAP_ZENDESK_CHAT_LOGLEVEL, LOGLEVEL and the file named by SINGER_SDK_LOG_CONFIG (a logging
 * configuration of Python's, YAML or JSON). What cannot be understood is a warning, to be logged first.
 */
export async function loggingFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => Promise<string>,
): Promise<{ level: LogLevel; format: LogFormat; warnings: readonly string[] }> {
  const warnings: string[] = [];
  const { SINGER_SDK_LOG_CONFIG: path = '' } = env;
  // Missing or unreadable: not worth a run that could do its work.
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
  // Meltano always names a file; only this formatter means that somebody reads JSON.
  const format = text.includes('StructuredFormatter') ? 'json' : 'text';
  return { level: level ?? 'info', format, warnings };
}

export function parseLogLevel(word: string): LogLevel | undefined {
  const name = word.trim().toLowerCase();
  return levels.find((level) => level === name) ?? pythonLevels.get(name);
}

/** The root logger's level: a level set for Python's root applies to the whole program. */
function rootLevel(text: string): string | undefined {
  const block = /^root:[^\S\n]*\n((?:[^\S\n]+.*\n?|\n)*)/m.exec(text)?.[1];
  const flow = /(?:^root|"root")\s*:\s*\{([^{}]*)\}/m.exec(text)?.[1];
  const level = /(?:^|,)[ \t]*["']?level["']?\s*:\s*["']?([A-Za-z]+)/m;
  return level.exec(block ?? flow ?? '')?.[1];
}
