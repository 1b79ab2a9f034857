/**
 * Selected streams, one after another. Exit 0 is claimed only if every one of them is complete or
 * absent; a stream's failure is a value, and the next stream is read all the same.
 */
import { pipeline, Readable } from 'node:stream';

import { asTapError, TapError } from '../core/errors.ts';
import { isFullTable, RecordTransform, type ReadOutcome } from './record-transform.ts';
import type { Message } from '../singer/messages.ts';
import type { StreamResult, StreamToRead, SyncOptions } from './sync-options.ts';
import { resolveStreamStatus, type ResolvedStatus } from './stream-status.ts';
import type { Page } from '../zendesk/stream-definition.ts';

export interface Sync {
  /** All messages of the run, the last STATE last. Never throws for a failure of the account. */
  readonly messages: () => AsyncGenerator<Message, void, undefined>;
  /** One for each stream, complete once the messages have ended. */
  readonly results: () => readonly StreamResult[];
}

/**
 * Opens the selected streams, all of them before the first request.
 * @throws TapError (config) for a bookmark that cannot be understood.
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

/** The stream an earlier run was interrupted in comes first, then those behind it, then the others. */
function resumeOrder({ streams, state }: SyncOptions): readonly StreamToRead[] {
  const { currentlySyncing: name } = state;
  const first = streams.findIndex(({ selected }) => selected.tapStreamId === name);
  return first < 0 ? streams : [...streams.slice(first), ...streams.slice(0, first)];
}

/** How long after an answer that means "absent" or "forbidden" the stream is asked once more. */
const confirmationDelayMs = 2_000;

class StreamReader {
  readonly #stream: StreamToRead;
  readonly #options: SyncOptions;
  readonly #name: string;
  readonly #pages: () => AsyncGenerator<Page, void, undefined>;
  readonly #outcome: ReadOutcome = { failure: undefined, records: 0, leftOut: 0, firstLeftOut: '' };

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
        info: (message) => logger.info(`${name}: ${message}`, { stream: name }),
        warn: (message) => logger.warning(`${name}: ${message}`, { stream: name }),
      });
    } catch (error) {
      // Only the stream knows its bookmark, only this place knows the stream.
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
      // A signal ends the wait; the status of a run that is stopped says so.
      await clock.sleep(confirmationDelayMs, signal).catch(() => undefined);
      outcome.failure = undefined;
    }
  }

  /** One pipe for each stream: its pages, its record Transform. Both end normally, whatever happens. */
  async *#messages(): AsyncGenerator<Message, void, undefined> {
    const transform = new RecordTransform(this.#stream, this.#options, this.#outcome);
    // Errors are values here: only a reader that went away ends this pipe early, and it is reported elsewhere.
    const pages = Readable.from(this.#pagesUntilFailure(), { highWaterMark: 1 });
    pipeline(pages, transform, () => undefined);
    yield* transform as AsyncIterable<Message>;
  }

  /** A failing source ends like one that is at its end: thrown, it would destroy what is buffered. */
  async *#pagesUntilFailure(): AsyncGenerator<Page, void, undefined> {
    const { signal } = this.#options;
    const outcome = this.#outcome;
    try {
      for await (const page of this.#pages()) {
        yield page;
        if (outcome.failure !== undefined || signal.aborted) return;
      }
    } catch (error) {
      // The stream boundary: stopping on a signal is no failure, everything else is.
      if (!signal.aborted) outcome.failure = asTapError(error, 'the stream cannot be read');
    }
  }
}
