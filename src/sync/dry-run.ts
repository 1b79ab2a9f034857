/**
 * Trying instead of reading. A dry run goes through the same steps as a sync does, statuses and all, over streams
 * that ask for less: each endpoint is asked once (`--check`), or each stream brings one record (`--test`).
 */
import { HttpError, TapError } from '../core/errors.ts';
import { instantToMicros } from '../core/instant.ts';
import type { Sync } from './sync.ts';
import type { StreamResult } from './sync-options.ts';
import { RenewalSkipped } from '../zendesk/credentials.ts';
import type { Page, StreamDefinition } from '../zendesk/stream-definition.ts';

/** The other streams are on the same host: they need not be tried. */
function endIfUnreachable(error: unknown): never {
  if (!(error instanceof HttpError) || error.failure !== 'network') throw error;
  throw error.withMessage(error.message, { endsRun: true });
}

/** @param newest gets the instant of the newest item, by stream, where the endpoint knows one */
export function probeOnly(
  definition: StreamDefinition,
  newest = new Map<string, string>(),
): StreamDefinition {
  return {
    ...definition,
    pages: (options) =>
      async function* probe(): AsyncGenerator<Page, void, undefined> {
        const { items, newest: instant } = await definition.probe(options).catch(endIfUnreachable);
        if (instant !== undefined) newest.set(definition.name, instant);
        yield { items, fetchedMs: options.now() };
      },
  };
}

/** The stream with its first item alone; no bookmark moves. */
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

function failureText({ error }: StreamResult): string {
  const failures = [error, error?.cause].filter((failure) => failure instanceof HttpError);
  const status = failures.find((failure) => failure.status !== undefined)?.status;
  if (failures.some(({ failure }) => failure === 'network')) return 'cannot be reached';
  return error === undefined ? '' : `answers ${status ?? 'nothing that can be read'}`;
}

const statusLabels: Readonly<Record<StreamResult['status'], string>> = {
  complete: 'ok',
  absent: 'absent',
  forbidden: 'forbidden',
  failed: 'FAILED',
  interrupted: 'stopped',
  unread: 'not asked',
};

/** A line for each stream: what it answers, and how new (`newest` is given) or how much. */
export function dryRunTable(
  results: readonly StreamResult[],
  nowMs: number,
  newest?: ReadonlyMap<string, string>,
): string {
  const width = Math.max(...results.map(({ stream }) => stream.length));
  const amount = ({ stream, records }: StreamResult): string => {
    if (newest === undefined) return `${records} ${records === 1 ? 'record' : 'records'}`;
    const instant = newest.get(stream);
    return instant === undefined ? '' : `newest of ${instant}, ${ageText(instant, nowMs)}`;
  };
  const lines = results.map((result) => {
    const { stream, status } = result;
    const detail = status === 'complete' ? amount(result) : failureText(result);
    return `${stream.padEnd(width)}  ${statusLabels[status].padEnd(9)}  ${detail}`.trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** The summary of a dry run in which nothing failed: what can be done about what cannot be read. */
export function dryRunSummary(results: readonly StreamResult[]): string {
  const absent = results.filter(({ status }) => status !== 'complete').map(({ stream }) => stream);
  if (absent.length === 0) return `all ${results.length} streams can be read`;
  return (
    `${results.length - absent.length} of ${results.length} streams can be read; not there for this account ` +
    `or its token: ${absent.join(', ')}. Use the token of an administrator, or leave them out ` +
    'in the catalog; a sync warns about them and reads the others'
  );
}

export const checkTimeoutMs = 25_000;

/** Is it this stream alone that the token's user may not read? */
function isForbidden({ cause, endsRun }: TapError): boolean {
  const isRefused = cause instanceof HttpError && (cause.status === 401 || cause.status === 403);
  return isRefused && !endsRun;
}

/**
 * Asks for every stream of a sync, and stops at the first failure that is more than a refusal of one stream.
 * @param warn is given the streams that are refused, in one sentence
 * @returns why the account cannot be read; `undefined`: it can
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
    const text = `the API has not answered completely within ${checkTimeoutMs / 1000} s. Try again later.`;
    return new TapError(text, { kind: 'transient' });
  }
  if (!statuses.includes('complete')) {
    const text =
      'no stream is there for this account or its token; check subdomain and access_token';
    return refused[0] ?? new TapError(text, { kind: 'config' });
  }
  if (refused.length > 0) {
    const names = refused.map(({ stream }) => stream).join(', ');
    const advice = 'leave them out, or a sync fails. Or use the token of an administrator';
    warn(`this token may not read ${names}: ${advice}`);
  }
  return undefined;
}

/** Was nothing asked, since the access token first has to be renewed? */
export function needsTokenRenewal({ cause }: TapError): boolean {
  return cause instanceof RenewalSkipped;
}
