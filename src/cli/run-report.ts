import { failureExitCode, TapError } from '../core/errors.ts';
import type { LogFields, Logger } from '../core/logger.ts';
import { quotedList } from '../core/quoting.ts';
import type { Message } from '../singer/messages.ts';
import type { StreamResult } from '../sync/sync-options.ts';

const minuteMs = 60_000;

export interface RunReportOptions {
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the protocol has its own message about the failure of a stream. Default: false. */
  readonly hasErrorMessages?: boolean;
}

/** Logs each stream when it ends, counts during a long stream, and totals at the end of the run. */
export class RunReport {
  readonly #options: RunReportOptions;
  readonly #startMs: number;
  #stream = '';
  #streamStartMs = 0;
  #records = 0;
  #minutes = 0;
  #nextLineMinutes = 1;
  #failures = 0;

  constructor(options: RunReportOptions) {
    this.#options = options;
    this.#startMs = options.now();
  }

  observe(message: Message): void {
    if (message.type !== 'RECORDS') return;
    const { stream, records } = message;
    if (stream !== this.#stream) {
      this.#stream = stream;
      this.#streamStartMs = this.#options.now();
      this.#records = 0;
      this.#minutes = 0;
      this.#nextLineMinutes = 1;
    }
    this.#records += records.length;
    this.#logCount(stream);
  }

  /** Logs a METRIC line every minute, and a line for users after 1, 2, 4, 8 … minutes. */
  #logCount(stream: string): void {
    const { logger, now } = this.#options;
    const minutes = Math.floor((now() - this.#streamStartMs) / minuteMs);
    if (minutes <= this.#minutes) return;
    this.#minutes = minutes;
    const value = this.#records;
    logger.metric({ type: 'counter', metric: 'record_count', value, tags: { stream } });
    if (minutes < this.#nextLineMinutes) return;
    this.#nextLineMinutes = minutes * 2;
    logger.info(`${stream}: ${plural(value, 'record')} so far`, { stream });
  }

  /**
   * Logs in one line how a stream ended. Absent and forbidden streams already have a warning.
   * @param isLast No other stream is read, so the last line of the run follows, with the reason of a failure.
   */
  readonly logStream = (result: StreamResult, isLast: boolean): void => {
    const { logger, hasErrorMessages = false } = this.#options;
    logMetrics(logger, result);
    const { stream, status, error } = result;
    if (status === 'absent' || status === 'forbidden') return;
    const text = `${stream}: ${status}, ${countsText(result)}, ${seconds(result.durationMs)}`;
    if (status !== 'failed') return logger.info(text, { stream });
    this.#failures += 1;
    const isExplainedElsewhere = hasErrorMessages || (isLast && this.#failures === 1);
    const reason = isExplainedElsewhere ? '' : `: ${withoutName(stream, error?.message)}`;
    logger.error(`${text}${reason}`, { stream, error });
  };

  logTotal(results: readonly StreamResult[]): void {
    const { logger, now } = this.#options;
    logger.info(totalText(results, now() - this.#startMs));
  }

  /** Logs the total and, after a failure, what to do. @returns The exit code. */
  finish(results: readonly StreamResult[]): number {
    this.logTotal(results);
    logRunFailure(this.#options.logger, results);
    return exitCodeOf(results);
  }
}

/** 0 if every stream is complete, absent or forbidden and at least one could be read; otherwise `failureExitCode`. */
export function exitCodeOf(results: readonly StreamResult[]): number {
  const errors = runErrors(results);
  if (errors.length > 0) return failureExitCode(errors);
  return results.every(({ status }) => isSuccess(status)) ? 0 : 1;
}

/** The errors of the streams. If no stream failed but none could be read, an error about that. */
export function runErrors(results: readonly StreamResult[]): readonly TapError[] {
  const failed = results.filter(({ status }) => status === 'failed');
  const errors = failed.flatMap(({ error }) => error ?? []);
  return errors.length > 0 ? errors : (nothingReadError(results) ?? []);
}

function isRead({ status, records, leftOut = 0 }: StreamResult): boolean {
  return status === 'complete' && (records > 0 || leftOut === 0);
}

/** The error of a run in which all streams were skipped or incomplete. An empty run must not count as a success. */
function nothingReadError(results: readonly StreamResult[]): readonly [TapError] | undefined {
  const passed = results.filter(({ status, leftOut = 0 }) => status === 'forbidden' || leftOut > 0);
  const [first] = passed;
  if (first === undefined || results.some((result) => isRead(result))) return undefined;
  const text = `no stream could be read (${passed.map(({ stream }) => stream).join(', ')}); see the warnings above`;
  const isForbidden = passed.every(({ error }) => error?.kind === 'config');
  return [new TapError(text, { kind: isForbidden ? 'config' : 'system' })];
}

/** One sentence about several failures with the message of the first one. `names`: the failed streams, also unknown ones. */
export function failureSummary(names: readonly string[], streams: number, first: TapError): string {
  if (names.length === 0) return first.message;
  return `${names.length} of ${streams} streams failed (${quotedList(names)}): ${first.message}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

type Counts = Pick<StreamResult, 'records' | 'leftOut' | 'requests'>;

function countsText({ records, leftOut = 0, requests }: Counts): string {
  const items = leftOut === 0 ? '' : `, ${plural(leftOut, 'item')} left out`;
  return `${plural(records, 'record')}${items}, ${plural(requests, 'request')}`;
}

/** Removes the stream's name from the start of its error message. */
function withoutName(stream: string, message = ''): string {
  return message.startsWith(`${stream}: `) ? message.slice(stream.length + 2) : message;
}

function logMetrics(logger: Logger, result: StreamResult): void {
  const { stream, status, records, durationMs, readAhead } = result;
  const tags = { stream, status: isSuccess(status) ? 'succeeded' : 'failed' };
  logger.metric({ type: 'counter', metric: 'record_count', value: records, tags });
  logger.metric({ type: 'timer', metric: 'sync_duration', value: durationMs / 1000, tags });
  if (readAhead === undefined) return;
  const { used, wasted, failed, dropped, ownAskedAgain } = readAhead;
  for (const [fate, value] of Object.entries({ used, wasted, failed, dropped }))
    logger.metric({ type: 'counter', metric: 'early_pages', value, tags: { stream, fate } });
  const tag = { stream };
  logger.metric({ type: 'counter', metric: 'own_asked_again', value: ownAskedAgain, tags: tag });
}

/** The line about all streams. Names the unread streams, which have no line of their own. */
function totalText(results: readonly StreamResult[], durationMs: number): string {
  const statuses = ['complete', 'absent', 'forbidden', 'failed', 'interrupted', 'unread'] as const;
  const counts = statuses.flatMap((status) => {
    const names = results.filter((one) => one.status === status).map(({ stream }) => stream);
    const isAlwaysShown = status === 'complete' || status === 'absent' || status === 'failed';
    const list = status === 'unread' ? ` (${names.join(', ')})` : '';
    return names.length > 0 || isAlwaysShown ? [`${names.length} ${status}${list}`] : [];
  });
  const sum = (count: (result: StreamResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  const total = countsText({
    records: sum(({ records }) => records),
    leftOut: sum(({ leftOut = 0 }) => leftOut),
    requests: sum(({ requests }) => requests),
  });
  return `${plural(results.length, 'stream')}: ${counts.join(', ')}; ${total}, ${seconds(durationMs)}`;
}

function streamField({ stream }: TapError): LogFields {
  return stream === undefined ? {} : { stream };
}

function fieldsWithStack(error: TapError): LogFields {
  return { error, ...streamField(error) };
}

/** Logs all failures of a run whose streams have no lines, then the line of `logRunFailure`. */
export function logFailures(logger: Logger, results: readonly StreamResult[]): void {
  const errors = runErrors(results);
  if (errors.length > 1)
    for (const error of errors) logger.error(error.message, fieldsWithStack(error));
  logRunFailure(logger, results, fieldsWithStack);
}

/** Logs the last line, which runners show to users: why the run failed, and what to do. */
function logRunFailure(
  logger: Logger,
  results: readonly StreamResult[],
  fieldsOf: (error: TapError) => LogFields = streamField,
): void {
  const errors = runErrors(results);
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) return logger.critical(first.message, fieldsOf(first));
  const failed = errors.flatMap(({ stream }) => stream ?? []);
  logger.critical(failureSummary(failed, results.length, first));
}

function isSuccess(status: StreamResult['status']): boolean {
  return status === 'complete' || status === 'absent' || status === 'forbidden';
}
