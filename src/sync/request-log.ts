/** Log lines about requests and waits. */
import { foreign } from '../core/foreign-text.ts';
import type { Metric } from '../core/logger.ts';
import type { RequestReport, WaitReport } from '../http/options.ts';

export function requestMetric({ path, status, failure, durationMs }: RequestReport): Metric {
  const result = failure === undefined ? 'succeeded' : 'failed';
  const tags = { endpoint: path, http_status_code: status ?? null, status: result };
  return { type: 'timer', metric: 'http_request_duration', value: durationMs / 1000, tags };
}

/** `GET /api/v2/chat/agents?limit=1: 200, 512 bytes, 12 ms, attempt 1 (probe)`. */
export function requestLine(report: RequestReport): string {
  const { method, url, isRedirected, status, failure, bytes, durationMs, attempt } = report;
  // After a redirect, the query comes from the server and may contain anything.
  const target = foreign(isRedirected ? url.pathname : url.pathname + url.search);
  const size = bytes === undefined ? undefined : `${bytes} bytes`;
  const result = joined([status, failure === 'status' ? undefined : failure], ' ');
  const notes = [report.reason, isRedirected ? `redirected from ${report.path}` : undefined];
  return (
    `${method} ${target}: ${joined([result, size], ', ')}, ${durationMs} ms, ` +
    `attempt ${attempt} (${joined(notes, ', ')})`
  );
}

function joined(parts: readonly (string | number | undefined)[], separator: string): string {
  return parts.filter((part) => part !== undefined).join(separator);
}

/** The log line of a wait: its length and cause and, for a retry, the next attempt and the remaining retry time. */
export function waitLine({ untilMs, path, why, retry }: WaitReport, nowMs: number): string {
  const line = `waiting ${seconds(Math.max(0, untilMs - nowMs))}: ${path} ${why}`;
  if (retry === undefined) return line;
  const { attempt, isLast, remainingMs, advice } = retry;
  const limit = `the tap gives up after ${seconds(remainingMs)} more (max_retry_seconds)`;
  const next = `Attempt ${attempt} follows; ${isLast ? 'it is the last' : limit}`;
  return [`${line}.`, advice, next].filter((part) => part !== undefined).join(' ');
}

/** Retries up to this attempt are logged at INFO, later ones at each multiple of it, which keeps a long outage short. */
const loggedAttempts = 8;

/** The level of `waitLine`. */
export function waitLevel({ retry }: WaitReport): 'info' | 'debug' {
  if (retry === undefined || retry.isLast) return 'info';
  return retry.attempt <= loggedAttempts || retry.attempt % loggedAttempts === 0 ? 'info' : 'debug';
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}
