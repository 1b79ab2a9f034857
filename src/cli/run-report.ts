import { failureExitCode, TapError } from '../core/errors.ts';
import type { LogFields, Logger } from '../core/logger.ts';
import type { Message } from '../singer/messages.ts';
import type { StreamResult } from '../sync/sync.ts';
import { quotedList } from '../core/quoting.ts';

/** A stream that takes long says how many records it has, this often. */
const countEveryMs = 60_000;

/** What a run says about itself: counts while it goes on, a summary when it is over. */
export class RunReport {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #startMs: number;
  #stream = '';
  #records = 0;
  #countedMs = 0;

  constructor(logger: Logger, now: () => number) {
    this.#logger = logger;
    this.#now = now;
    this.#startMs = now();
  }

  observe(message: Message): void {
    if (message.type !== 'RECORDS') return;
    const { stream, records } = message;
    const nowMs = this.#now();
    if (stream !== this.#stream) {
      this.#stream = stream;
      this.#records = 0;
      this.#countedMs = nowMs;
    }
    this.#records += records.length;
    if (nowMs - this.#countedMs < countEveryMs) return;
    this.#countedMs = nowMs;
    const value = this.#records;
    this.#logger.metric({ type: 'counter', metric: 'record_count', value, tags: { stream } });
  }

  /** Logs how each stream ended, and all of them together; not what they failed with. */
  summarize(results: readonly StreamResult[]): void {
    for (const result of results) logStream(this.#logger, result);
    logTotal(this.#logger, results, this.#now() - this.#startMs);
  }

  /** Logs the summary, the failures last. @returns the exit code */
  finish(results: readonly StreamResult[]): number {
    this.summarize(results);
    logFailures(this.#logger, results);
    return exitCodeOf(results);
  }
}

/** 0 only if every stream is complete, absent or forbidden, and not all that could be read is nothing; else `failureExitCode`. */
export function exitCodeOf(results: readonly StreamResult[]): number {
  const errors = runErrors(results);
  if (errors.length > 0) return failureExitCode(errors);
  return results.every(({ status }) => isSuccess(status)) ? 0 : 1;
}

/** What the streams failed with; or, where none did and yet nothing could be read, that. */
export function runErrors(results: readonly StreamResult[]): readonly TapError[] {
  const failed = results.filter(({ status }) => status === 'failed');
  const errors = failed.flatMap(({ error }) => error ?? []);
  return errors.length > 0 ? errors : (nothingReadError(results) ?? []);
}

function isRead({ status, records, leftOut = 0 }: StreamResult): boolean {
  return status === 'complete' && (records > 0 || leftOut === 0);
}

/** Nothing could be read of what the user lets pass: green and empty would be the worst outcome. */
function nothingReadError(results: readonly StreamResult[]): readonly [TapError] | undefined {
  const passed = results.filter(({ status, leftOut = 0 }) => status === 'forbidden' || leftOut > 0);
  const [first] = passed;
  if (first === undefined || results.some((result) => isRead(result))) return undefined;
  const text = `no stream could be read (${quotedList(passed.map(({ stream }) => stream))}); see the warnings above`;
  const isForbidden = passed.every(({ error }) => error?.kind === 'config');
  return [new TapError(text, { kind: isForbidden ? 'config' : 'system' })];
}

/** One sentence on several failures, of which the first stands for all; `names`: the streams that failed. */
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

function withLeftOut(items: number): string {
  return items === 0 ? '' : `, ${plural(items, 'item')} left out`;
}

function logStream(logger: Logger, result: StreamResult): void {
  const { stream, status, records, leftOut = 0, requests, durationMs } = result;
  // A stream that was never read has no figures: zero records in zero seconds would look like a success.
  if (status !== 'unread') {
    const tags = { stream, status: isSuccess(status) ? 'succeeded' : 'failed' };
    logger.metric({ type: 'counter', metric: 'record_count', value: records, tags });
    logger.metric({ type: 'timer', metric: 'sync_duration', value: durationMs / 1000, tags });
  }
  const counts = `${plural(records, 'record')}${withLeftOut(leftOut)}, ${plural(requests, 'request')}`;
  logger.info(`${stream}: ${status}, ${counts}, ${seconds(durationMs)}`, { stream });
}

function logTotal(logger: Logger, results: readonly StreamResult[], durationMs: number): void {
  const sum = (count: (result: StreamResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  const statuses = ['complete', 'absent', 'forbidden', 'failed', 'interrupted', 'unread'] as const;
  const counts = statuses.flatMap((status) => {
    const count = sum((result) => (result.status === status ? 1 : 0));
    const isAlwaysShown = status === 'complete' || status === 'absent' || status === 'failed';
    return count > 0 || isAlwaysShown ? [`${count} ${status}`] : [];
  });
  const items = sum(({ leftOut = 0 }) => leftOut);
  const records = sum((result) => result.records);
  const requests = sum((result) => result.requests);
  const read = `${plural(records, 'record')}${withLeftOut(items)}, ${plural(requests, 'request')}`;
  const streams = plural(results.length, 'stream');
  logger.info(`${streams}: ${counts.join(', ')}; ${read}, ${seconds(durationMs)}`);
}

function logFields(error: TapError): LogFields {
  return { error, ...(error.stream && { stream: error.stream }) };
}

/** The last line is what a runner shows its user. */
export function logFailures(logger: Logger, results: readonly StreamResult[]): void {
  const errors = runErrors(results);
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) return logger.critical(first.message, logFields(first));
  for (const error of errors) logger.error(error.message, logFields(error));
  const failed = errors.flatMap(({ stream }) => stream ?? []);
  logger.critical(failureSummary(failed, results.length, first));
}

function isSuccess(status: StreamResult['status']): boolean {
  return status === 'complete' || status === 'absent' || status === 'forbidden';
}
