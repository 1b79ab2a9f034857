/**
 * Dry runs. They use the same code as a sync but read less: `--check` sends a few requests to each endpoint, and
 * `--test` reads one record of each stream.
 */
import { HttpError, TapError } from '../core/errors.ts';
import { instantToMicros } from '../core/instant.ts';
import type { Sync } from './sync.ts';
import type { StreamResult } from './sync-options.ts';
import { RenewalSkipped } from '../zendesk/credentials.ts';
import type { ExportEstimate, Page, StreamDefinition } from '../zendesk/stream-definition.ts';

/** All streams are on the same host, so a network failure affects all of them. */
function endIfUnreachable(error: unknown): never {
  if (!(error instanceof HttpError) || error.failure !== 'network') throw error;
  throw error.withMessage(error.message, { endsRun: true });
}

/** The findings of `--check` about a stream. */
export interface StreamFindings extends ExportEstimate {
  readonly count?: number | undefined;
}

/** An estimate is optional, so a failed request for it does not fail the stream. */
function withoutEstimate(error: unknown): ExportEstimate {
  if (error instanceof HttpError) return {};
  throw error;
}

/** @param report Receives the findings. Without it, no requests are sent for estimates. */
export function probeOnly(
  definition: StreamDefinition,
  report?: (findings: StreamFindings) => void,
): StreamDefinition {
  const { probe, estimate } = definition;
  return {
    ...definition,
    pages: (options) =>
      async function* probeOnce(): AsyncGenerator<Page, void, undefined> {
        const { items, count, newest } = await probe(options).catch(endIfUnreachable);
        if (report !== undefined) {
          const isKnown = newest !== undefined && estimate !== undefined;
          const estimated = isKnown ? await estimate(options, newest).catch(withoutEstimate) : {};
          report({ count, newest, ...estimated });
        }
        yield { items, fetchedMs: options.now() };
      },
  };
}

/** Reads only the first item of the stream. Does not change its bookmark. */
export function firstRecordOnly(definition: StreamDefinition): StreamDefinition {
  return {
    ...definition,
    pages: (options) => {
      const pages = definition.pages(options);
      return async function* first(): AsyncGenerator<Page, void, undefined> {
        for await (const { items, fetchedMs } of pages()) {
          yield { items: items.slice(0, 1), fetchedMs };
          if (items.length > 0) return;
        }
      };
    },
  };
}

function ageText(instant: string, nowMs: number): string {
  const ms = nowMs - (instantToMicros(instant) ?? 0) / 1000;
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 120) return `${minutes} min old`;
  if (minutes < 2880) return `${Math.round(minutes / 60)} h old`;
  return `${Math.round(minutes / 1440)} days old`;
}

/** The error and its causes. At most five, because a chain of causes may be circular. */
function causesOf(error: unknown, most = 5): readonly Error[] {
  return error instanceof Error && most > 0 ? [error, ...causesOf(error.cause, most - 1)] : [];
}

function failureText({ error }: StreamResult): string {
  const failures = causesOf(error).filter((failure) => failure instanceof HttpError);
  const status = failures.find((failure) => failure.status !== undefined)?.status;
  if (failures.some(({ failure }) => failure === 'network')) return 'cannot be reached';
  return error === undefined ? '' : `answers ${status ?? 'in an unknown format'}`;
}

const statusLabels: Readonly<Record<StreamResult['status'], string>> = {
  complete: 'ok',
  absent: 'absent',
  forbidden: 'forbidden',
  failed: 'FAILED',
  interrupted: 'stopped',
  unread: 'not tried',
};

function countText(records: number): string {
  return `${records} ${records === 1 ? 'record' : 'records'}`;
}

/** @param requestsPerMinute The configured rate. */
export function findingsText(
  { count, oldest, newest, requests }: StreamFindings,
  nowMs: number,
  requestsPerMinute: number,
): string {
  const parts = [
    count !== undefined && countText(count),
    oldest !== undefined && `oldest of ${oldest}`,
    newest !== undefined && `newest of ${newest}, ${ageText(newest, nowMs)}`,
    requests !== undefined &&
      `about ${requests} requests, ${Math.ceil(requests / requestsPerMinute)} min`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

/** A table with the status of each stream. @param detailOf Describes a complete stream. */
export function dryRunTable(
  results: readonly StreamResult[],
  detailOf: (result: StreamResult) => string = ({ records }) => countText(records),
): string {
  const width = Math.max(...results.map(({ stream }) => stream.length));
  const lines = results.map((result) => {
    const { stream, status } = result;
    const detail = status === 'complete' ? detailOf(result) : failureText(result);
    return `${stream.padEnd(width)}  ${statusLabels[status].padEnd(9)}  ${detail}`.trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** The summary of a dry run without failures, with advice about absent streams. */
export function dryRunSummary(results: readonly StreamResult[]): string {
  const absent = results.filter(({ status }) => status !== 'complete').map(({ stream }) => stream);
  if (absent.length === 0)
    return results.length === 1
      ? 'the selected stream can be read'
      : `all ${results.length} streams can be read`;
  return (
    `${results.length - absent.length} of ${results.length} streams can be read; not available for this account ` +
    `or token: ${absent.join(', ')}. Use the token of an administrator, or deselect them ` +
    'in the catalog; a sync warns about them and reads the others'
  );
}

export const checkTimeoutMs = 25_000;

/** Whether only this stream is forbidden for the token's user. */
function isForbidden({ cause, endsRun }: TapError): boolean {
  const isRefused = cause instanceof HttpError && (cause.status === 401 || cause.status === 403);
  return isRefused && !endsRun;
}

/**
 * Runs a dry run, and stops at the first failure except for forbidden streams.
 * @param warn Receives one sentence with the forbidden streams.
 * @returns Why the account cannot be read, or `undefined`.
 */
export async function checkStreams(
  { messages, results }: Sync,
  warn: (message: string) => void,
): Promise<TapError | undefined> {
  const refused: TapError[] = [];
  for await (const message of messages()) {
    if (message.type !== 'STATUS' || message.status !== 'failed') continue;
    const { error } = message;
    if (error === undefined || !isForbidden(error)) return error;
    refused.push(error);
  }
  const statuses = results().map(({ status }) => status);
  if (statuses.some((status) => status === 'interrupted' || status === 'unread')) {
    const text = `the API did not respond completely within ${checkTimeoutMs / 1000} s. Try again later.`;
    return new TapError(text, { kind: 'transient' });
  }
  if (!statuses.includes('complete')) {
    const text =
      'no stream is available for this account or token; check subdomain and access_token';
    return refused[0] ?? new TapError(text, { kind: 'config' });
  }
  if (refused.length > 0) {
    const names = refused.map(({ stream }) => stream).join(', ');
    const advice = 'a sync fails unless you deselect them or use the token of an administrator';
    warn(`this token may not read ${names}: ${advice}`);
  }
  return undefined;
}

/** Whether the check made no request because the access token must be renewed first. */
export function needsTokenRenewal({ cause }: TapError): boolean {
  return cause instanceof RenewalSkipped;
}
