/**
 * Trying instead of reading. A trial goes through the same run as a sync does, verdicts and all, over streams
 * that ask for less: each endpoint is asked once (`--check`), or each stream brings one record (`--test`).
 */
import { HttpError } from './errors.ts';
import { instantToMicros } from './instant.ts';
import type { StreamResult } from './sync.ts';
import type { Page, StreamDefinition } from './zendesk/definition.ts';

/** Streams that only ask whether they may be read. */
export interface Probing {
  readonly adapt: (definition: StreamDefinition) => StreamDefinition;
  /** The instant of the newest item, by stream, where the endpoint knows one. */
  readonly newest: ReadonlyMap<string, string>;
}

export function createProbing(): Probing {
  const newest = new Map<string, string>();
  return {
    newest,
    adapt: (definition) => ({
      ...definition,
      pages: (options) =>
        async function* probe(): AsyncGenerator<Page, void, undefined> {
          const { items, newest: instant } = await definition.probe(options);
          if (instant !== undefined) newest.set(definition.name, instant);
          yield { items, fetchedMs: options.now() };
        },
    }),
  };
}

/** The stream with its first item alone; no bookmark moves. */
export function firstRecordOf(definition: StreamDefinition): StreamDefinition {
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

/** Minutes, hours or days, whichever a person would say. */
function age(instant: string, nowMs: number): string {
  const minutes = Math.max(
    0,
    Math.round((nowMs - (instantToMicros(instant) ?? 0) / 1000) / 60_000),
  );
  if (minutes < 120) return `${minutes} min old`;
  return minutes < 2880
    ? `${Math.round(minutes / 60)} h old`
    : `${Math.round(minutes / 1440)} days old`;
}

function problem({ error }: StreamResult): string {
  if (error === undefined) return '';
  const status = error instanceof HttpError ? error.status : undefined;
  const cause = error.cause instanceof HttpError ? error.cause.status : undefined;
  return `answers ${status ?? cause ?? 'nothing that can be read'}`;
}

const words: Readonly<Record<StreamResult['status'], string>> = {
  complete: 'ok',
  absent: 'absent',
  forbidden: 'forbidden',
  failed: 'FAILED',
  interrupted: 'stopped',
  unread: 'not asked',
};

export interface TrialTable {
  readonly results: readonly StreamResult[];
  /** With `--check`. */
  readonly newest?: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

/** A line for each stream: what it answers, and how new or how much. */
export function trialTable({ results, newest, nowMs }: TrialTable): string {
  const rows = results.map((result) => {
    const { stream, status, records } = result;
    const instant = newest?.get(stream);
    const told = instant === undefined ? '' : `newest of ${instant}, ${age(instant, nowMs)}`;
    const counted =
      newest === undefined ? `${records} ${records === 1 ? 'record' : 'records'}` : told;
    return [stream, words[status], status === 'complete' ? counted : problem(result)] as const;
  });
  const width = Math.max(...rows.map(([stream]) => stream.length));
  return rows
    .map(([stream, word, detail]) =>
      `${stream.padEnd(width)}  ${word.padEnd(9)}  ${detail}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** The last word on a trial in which nothing failed: what can be done about what cannot be read. */
export function trialVerdict(results: readonly StreamResult[]): string {
  const absent = results.filter(({ status }) => status !== 'complete').map(({ stream }) => stream);
  if (absent.length === 0) return `all ${results.length} streams can be read`;
  return (
    `${results.length - absent.length} of ${results.length} streams can be read; not there for this account ` +
    `or its token: ${absent.join(', ')}. Use the token of an administrator, or leave them out ` +
    'in the catalog; a sync warns about them and reads the others'
  );
}
