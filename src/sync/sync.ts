/**
 * Reads the selected streams one after another. If a stream fails, the next one is still read.
 */
import { pipeline, Readable } from 'node:stream';

import { asTapError, TapError } from '../core/errors.ts';
import { isFullTable, RecordTransform, type ReadOutcome } from './record-transform.ts';
import { additionalFieldsColumn } from '../records/coercion.ts';
import type { Message } from '../singer/messages.ts';
import type { JsonSchema } from '../singer/schema.ts';
import type { StreamResult, StreamToRead, SyncOptions } from './sync-options.ts';
import { resolveStreamStatus, type ResolvedStatus } from './stream-status.ts';
import type { Page, ReadAheadStats } from '../zendesk/stream-definition.ts';

export interface Sync {
  /** All messages of the run. The last one is a STATE. Does not throw failures of streams or of the account. */
  readonly messages: () => AsyncGenerator<Message, void, undefined>;
  /** One result for each stream. Complete after the last message. */
  readonly results: () => readonly StreamResult[];
}

/**
 * Opens all selected streams before the first request.
 * @throws TapError (config) for an invalid bookmark.
 */
export function createSync(options: SyncOptions): Sync {
  const { state, signal, onStreamEnd } = options;
  const readers = resumeOrder(options).map((stream) => new StreamReader(stream, options));
  const results: StreamResult[] = [];
  async function* messages(): AsyncGenerator<Message, void, undefined> {
    let hasEnded = false;
    for (const reader of readers) {
      const isOver = hasEnded || signal.aborted;
      const result: StreamResult = isOver ? reader.unread() : yield* reader.read();
      results.push(result);
      hasEnded ||= result.error?.endsRun ?? false;
      const isLast = hasEnded || results.length === readers.length;
      if (!isOver) onStreamEnd?.(result, isLast);
    }
    if (!hasEnded && !signal.aborted) state.setCurrentlySyncing(null);
    yield { type: 'STATE', value: state.value() };
  }
  return { messages, results: () => results };
}

/** Starts with the stream in which the previous run was interrupted, then those after it, then the others. */
function resumeOrder({ streams, state }: SyncOptions): readonly StreamToRead[] {
  const { currentlySyncing: name } = state;
  const first = streams.findIndex(({ selected }) => selected.tapStreamId === name);
  return first < 0 ? streams : [...streams.slice(first), ...streams.slice(0, first)];
}

/** All columns except additional_fields, which the API does not have. */
function fieldNames({ properties = {} }: JsonSchema): readonly string[] {
  return Object.keys(properties).filter((name) => name !== additionalFieldsColumn);
}

/** Delay before the request that confirms "absent" or "forbidden". */
const confirmationDelayMs = 2_000;

class StreamReader {
  readonly #stream: StreamToRead;
  readonly #options: SyncOptions;
  readonly #name: string;
  readonly #pages: () => AsyncGenerator<Page, void, undefined>;
  readonly #outcome: ReadOutcome = { failure: undefined, records: 0, leftOut: 0, firstLeftOut: '' };

  #readAhead: ReadAheadStats | undefined;

  constructor(stream: StreamToRead, options: SyncOptions) {
    const { selected, definition } = stream;
    const { api, settings, clock, logger, state } = options;
    const name = selected.tapStreamId;
    const names = [definition.name, ...definition.aliases];
    this.#stream = stream;
    this.#options = options;
    this.#name = name;
    try {
      this.#pages = definition.pages({
        api,
        settings,
        now: clock.now,
        elapsed: clock.elapsed,
        timer: clock.timer,
        bookmark: isFullTable(selected) ? undefined : state.getBookmark(name, names),
        columns: { known: fieldNames(selected.knownSchema), selected: fieldNames(selected.schema) },
        onReadAhead: (stats) => {
          this.#readAhead = stats;
          options.onReadAhead?.(stats);
        },
        info: (message) => logger.info(`${name}: ${message}`, { stream: name }),
        warn: (message) => logger.warning(`${name}: ${message}`, { stream: name }),
      });
    } catch (error) {
      // The stream's code does not know the stream's name in the catalog.
      const { message, kind, cause } = asTapError(error, 'the stream cannot be opened');
      throw new TapError(`${name}: ${message}`, { kind, cause, stream: name });
    }
  }

  unread(): StreamResult {
    return { stream: this.#name, status: 'unread', records: 0, requests: 0, durationMs: 0 };
  }

  async *read(): AsyncGenerator<Message, StreamResult, undefined> {
    const { clock, logger, requests, state } = this.#options;
    const { stream } = this.#stream.selected;
    const name = this.#name;
    const before = { ms: clock.now(), requests: requests() };
    state.setCurrentlySyncing(name);
    logger.debug(`${name}: started`, { stream: name });
    yield { type: 'STATUS', stream, status: 'started' };
    const resolved = yield* this.#readAndResolve();
    const { status, error } = resolved;
    if (status !== 'interrupted')
      yield { type: 'STATUS', stream, status, ...(error !== undefined && { error }) };
    const { records, leftOut } = this.#outcome;
    return {
      ...resolved,
      stream: name,
      records,
      ...(leftOut > 0 && { leftOut }),
      requests: requests() - before.requests,
      durationMs: clock.now() - before.ms,
      ...(this.#readAhead && { readAhead: this.#readAhead }),
    };
  }

  async *#readAndResolve(): AsyncGenerator<Message, ResolvedStatus, undefined> {
    const { api, clock, signal } = this.#options;
    const outcome = this.#outcome;
    const stream = { ...this.#options, ...this.#stream, outcome };
    let previousHttpStatus: number | undefined;
    for (;;) {
      const answersBefore = api.responseCount();
      yield* this.#messages();
      const isFirstRequest = api.responseCount() === answersBefore;
      const resolved = await resolveStreamStatus({ ...stream, isFirstRequest, previousHttpStatus });
      if (resolved.status !== 'unconfirmed') return resolved;
      previousHttpStatus = resolved.httpStatus;
      // A signal cancels the wait. The next status is then `interrupted`.
      await clock.sleep(confirmationDelayMs, signal).catch(() => undefined);
      outcome.failure = undefined;
    }
  }

  /** Pipes the pages of a stream through its RecordTransform. Both end normally, even after a failure. */
  async *#messages(): AsyncGenerator<Message, void, undefined> {
    const transform = new RecordTransform(this.#stream, this.#options, this.#outcome);
    // The callback has nothing to do: failures are in the outcome, and a closed output is reported elsewhere.
    const pages = Readable.from(this.#pagesUntilFailure(), { highWaterMark: 1 });
    pipeline(pages, transform, () => undefined);
    yield* transform as AsyncIterable<Message>;
  }

  /** Ends the source after a failure. A thrown error would discard buffered messages. */
  async *#pagesUntilFailure(): AsyncGenerator<Page, void, undefined> {
    const { signal } = this.#options;
    const outcome = this.#outcome;
    try {
      for await (const page of this.#pages()) {
        yield page;
        if (outcome.failure !== undefined || signal.aborted) return;
      }
    } catch (error) {
      // Errors of a stream stop here. An abort by a signal is not a failure.
      if (!signal.aborted) outcome.failure = asTapError(error, 'the stream cannot be read');
    }
  }
}
