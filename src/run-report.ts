import { TapError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Message } from './singer/messages.ts';
import type { StreamResult } from './sync.ts';
import { listed } from './wording.ts';

/** A stream that takes long says how many records it has, this often. */
const countEveryMs = 60_000;

/** What a run says about itself: counts while it goes on, a summary when it is over. */
export interface RunReport {
  observe(message: Message): void;
  /** Logs how each stream ended, and all of them together; not what they failed with. */
  summarize(results: readonly StreamResult[]): void;
  /**
   * Logs the summary, the failures last.
   * @returns the exit code: 0 only if every stream is complete or absent
   */
  end(results: readonly StreamResult[]): number;
}

export function createRunReport(logger: Logger, now: () => number): RunReport {
  const startMs = now();
  let stream = '';
  let records = 0;
  let toldMs = startMs;
  const summarize = (results: readonly StreamResult[]): void => {
    for (const result of results) tellStream(logger, result);
    tellTotal(logger, results, now() - startMs);
  };
  return {
    summarize,
    observe: (message) => {
      if (message.type !== 'RECORDS') return;
      if (message.stream !== stream) {
        stream = message.stream;
        records = 0;
        toldMs = now();
      }
      records += message.records.length;
      if (now() - toldMs < countEveryMs) return;
      toldMs = now();
      logger.metric({ type: 'counter', metric: 'record_count', value: records, tags: { stream } });
    },
    end: (results) => {
      summarize(results);
      tellFailures(logger, results);
      return exitCodeOf(results);
    },
  };
}

/** 0 only if every stream is complete, absent or forbidden, and not all that could be read is nothing. */
export function exitCodeOf(results: readonly StreamResult[]): number {
  return results.every(({ status }) => isGood(status)) && nothingRead(results) === undefined
    ? 0
    : 1;
}

/** What the streams failed with; or, where none did and yet nothing could be read, that. */
export function errorsOf(results: readonly StreamResult[]): readonly TapError[] {
  const errors = results.flatMap(({ error, status }) =>
    error !== undefined && status === 'failed' ? [error] : [],
  );
  return errors.length > 0 ? errors : (nothingRead(results) ?? []);
}

function isRead({ status, records, leftOut = 0 }: StreamResult): boolean {
  return status === 'complete' && (records > 0 || leftOut === 0);
}

/** Nothing could be read of what the user lets pass: green and empty would be the worst outcome. */
function nothingRead(results: readonly StreamResult[]): readonly [TapError] | undefined {
  const passed = results.filter(({ status, leftOut = 0 }) => status === 'forbidden' || leftOut > 0);
  const [first] = passed;
  if (first === undefined || results.some((result) => isRead(result))) return undefined;
  const text = `no stream could be read (${listed(passed.map(({ stream }) => stream))}); see the warnings above`;
  return [new TapError(text, { kind: first.error?.kind ?? 'system' })];
}

/** One sentence on several failures, of which the first stands for all; `names`: the streams that failed. */
export function summaryOf(names: readonly string[], streams: number, first: TapError): string {
  if (names.length === 0) return first.message;
  return `${names.length} of ${streams} streams failed (${listed(names)}): ${first.message}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function withLeftOut(items: number): string {
  return items === 0 ? '' : `, ${counted(items, 'item')} left out`;
}

function tellStream(logger: Logger, result: StreamResult): void {
  const { stream, status, records, leftOut = 0, requests, durationMs } = result;
  // A stream that was never read has no figures: zero records in zero seconds would look like a success.
  if (status !== 'unread') {
    const tags = { stream, status: isGood(status) ? 'succeeded' : 'failed' };
    logger.metric({ type: 'counter', metric: 'record_count', value: records, tags });
    logger.metric({ type: 'timer', metric: 'sync_duration', value: durationMs / 1000, tags });
  }
  const counts = `${counted(records, 'record')}${withLeftOut(leftOut)}, ${counted(requests, 'request')}`;
  logger.info(`${stream}: ${status}, ${counts}, ${seconds(durationMs)}`, { stream });
}

function tellTotal(logger: Logger, results: readonly StreamResult[], durationMs: number): void {
  const records = results.reduce((sum, result) => sum + result.records, 0);
  const leftOut = results.reduce((sum, result) => sum + (result.leftOut ?? 0), 0);
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const statuses = ['complete', 'absent', 'forbidden', 'failed', 'interrupted', 'unread'] as const;
  const counts = statuses.flatMap((status) => {
    const count = results.filter((result) => result.status === status).length;
    const isAlwaysTold = status === 'complete' || status === 'absent' || status === 'failed';
    return count > 0 || isAlwaysTold ? [`${count} ${status}`] : [];
  });
  logger.info(
    `${counted(results.length, 'stream')}: ${counts.join(', ')}; ` +
      `${counted(records, 'record')}${withLeftOut(leftOut)}, ${counted(requests, 'request')}, ${seconds(durationMs)}`,
  );
}

/** The last line is what a runner shows its user. */
export function tellFailures(logger: Logger, results: readonly StreamResult[]): void {
  const errors = errorsOf(results);
  const [first] = errors;
  if (first === undefined) return;
  const failed = errors.flatMap(({ stream }) => stream ?? []);
  if (errors.length === 1) {
    logger.critical(first.message, { error: first, ...(first.stream && { stream: first.stream }) });
    return;
  }
  for (const error of errors) {
    logger.error(error.message, { error, ...(error.stream && { stream: error.stream }) });
  }
  logger.critical(summaryOf(failed, results.length, first));
}

function isGood(status: StreamResult['status']): boolean {
  return status === 'complete' || status === 'absent' || status === 'forbidden';
}
