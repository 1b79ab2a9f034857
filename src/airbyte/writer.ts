/**
 * Converts messages to Airbyte's JSON lines. A STATE never precedes a record that it covers: lines keep the order of
 * the messages, and the heartbeat repeats the last STATE unchanged.
 */
import { Transform, type TransformCallback, type Writable } from 'node:stream';

import { asTapError } from '../core/errors.ts';
import { foreign } from '../core/foreign-text.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import { isIncremental, type SingerStream } from '../singer/catalog.ts';
import type { Message, RecordsMessage, StatusMessage } from '../singer/messages.ts';
import { recordLines } from '../singer/writer.ts';
import {
  traceErrorLine,
  recordSuffix,
  recordPrefix,
  stateLine,
  streamStatusLine,
  type AirbyteStreamStatus,
} from './messages.ts';
import type { AirbyteContext } from './context.ts';
import { noCursorMarker, type AirbyteState } from './state.ts';

/** Airbyte's own definition of this source allows 60 s without a record or a state. */
const heartbeatMs = 30_000;

/** From this length on, the platform warns (BasicAirbyteMessageValidator) and destinations truncate the record. */
const largeRecordCharacters = 20_000_000;

export interface AirbyteWriterOptions extends Pick<AirbyteContext, 'clock' | 'emittedAt'> {
  readonly streams: readonly SingerStream[];
  readonly initialState: AirbyteState;
  readonly logger: Pick<Logger, 'redact' | 'warning'>;
  /** No heartbeat is needed while output waits for the reader. */
  readonly stdout: Pick<Writable, 'writableLength'>;
}

interface OpenStream {
  readonly name: string;
  readonly hasBookmark: boolean;
  state: JsonObject;
  /** Records written since the last STATE. */
  records: number;
  isRunning: boolean;
}

/**
 * Writes statuses in Airbyte's order and states with exact record counts. If a stream ends with records that no STATE
 * has counted, one more STATE counts them.
 */
export class AirbyteWriter extends Transform {
  readonly #options: AirbyteWriterOptions;
  readonly #stopHeartbeat = new AbortController();
  #open: OpenStream | undefined;
  #hasHeartbeat = false;
  #isFirstStream = true;
  /** When the last RECORD or STATE was written, ms since 1970. */
  #lastOutputMs: number;

  constructor(options: AirbyteWriterOptions) {
    super({ objectMode: true, highWaterMark: 1 });
    this.#options = options;
    this.#lastOutputMs = options.clock.now();
  }

  /** Reports immediately that the API's rate limit stops the open stream. `untilMs` is in ms since 1970. */
  emitRateLimited(untilMs: number): void {
    if (this.#open === undefined) return;
    this.#emitRunning(this.#open);
    this.#emitStatus(this.#open, 'RUNNING', untilMs);
  }

  override _transform(message: Message, _encoding: BufferEncoding, done: TransformCallback): void {
    // The heartbeat's timer must not keep a run alive that ends before its first message.
    if (!this.#hasHeartbeat) void this.#heartbeat();
    this.#hasHeartbeat = true;
    try {
      this.#write(message);
      done();
    } catch (error) {
      // RangeError: one record exceeds the maximum string length.
      done(asTapError(error, `The ${message.type} message cannot be written`));
    }
  }

  override _flush(done: TransformCallback): void {
    this.#stopHeartbeat.abort();
    this.#endStream('INCOMPLETE');
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stopHeartbeat.abort();
    done(error);
  }

  #write(message: Message): void {
    const open = this.#open;
    if (message.type === 'STATUS') this.#writeStatus(message);
    else if (message.type === 'RECORDS') {
      for (const chunk of pageLines(message, this.#options)) this.push(chunk);
      this.#lastOutputMs = this.#options.clock.now();
      if (open !== undefined) open.records += message.records.length;
    } else if (message.type === 'STATE' && message.tapStreamId !== undefined && open) {
      open.state = bookmarkOf(message.value, message.tapStreamId);
      this.#emitOpenState(open);
    }
    // Airbyte has no message for a SCHEMA. A STATE without a stream is not needed: each stream sends its own.
  }

  #writeStatus({ stream, status, error }: StatusMessage): void {
    if (status === 'started') this.#startStream(stream);
    else if (status === 'running') this.#emitRunning(this.#open);
    else if (status !== 'failed') this.#endStream('COMPLETE');
    else {
      this.#endStream('INCOMPLETE');
      const { logger, emittedAt } = this.#options;
      const { message = '', kind = 'system' } = error ?? {};
      const line = traceErrorLine({ message: logger.redact(message), kind, stream }, emittedAt());
      this.#pushLine(line);
    }
  }

  /** Starts a stream and writes the state that it resumes from. */
  #startStream(name: string): void {
    const { streams, initialState } = this.#options;
    // The platform drops a legacy state when it receives the first state of a single stream, so all are written first.
    const carried = this.#isFirstStream && initialState.isLegacy ? streams : [];
    for (const legacyStream of carried) {
      const state = initialState.states.get(legacyStream.name);
      if (state !== undefined) this.#emitState(legacyStream.name, state, 0);
    }
    this.#isFirstStream = false;
    const stream = streams.find((candidate) => candidate.name === name);
    if (stream === undefined) throw new Error(`${name} is not a configured stream`);
    const state = initialState.states.get(name) ?? {};
    const open = { name, hasBookmark: isIncremental(stream), state, records: 0, isRunning: false };
    this.#open = open;
    this.#emitStatus(open, 'STARTED');
    this.#emitOpenState(open);
  }

  #emitRunning(open: OpenStream | undefined): void {
    if (open === undefined || open.isRunning) return;
    open.isRunning = true;
    this.#emitStatus(open, 'RUNNING');
  }

  #endStream(status: 'COMPLETE' | 'INCOMPLETE'): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#emitRunning(open);
    const isWhole = status === 'COMPLETE' && !open.hasBookmark;
    if (isWhole) open.state = { [noCursorMarker]: true };
    if (isWhole || open.records > 0) this.#emitOpenState(open);
    this.#emitStatus(open, status);
    this.#open = undefined;
  }

  #emitOpenState(open: OpenStream): void {
    this.#emitState(open.name, open.state, open.records);
    open.records = 0;
  }

  #emitState(name: string, state: JsonObject, records: number): void {
    this.#lastOutputMs = this.#options.clock.now();
    this.#pushLine(stateLine(name, state, records));
  }

  #emitStatus({ name }: OpenStream, status: AirbyteStreamStatus, untilMs?: number): void {
    this.#pushLine(streamStatusLine(name, status, this.#options.emittedAt(), untilMs));
  }

  #pushLine(line: string): void {
    this.push(Buffer.from(line));
  }

  /** Repeats the open stream's last STATE if no record and no state was written for `heartbeatMs`. */
  async #heartbeat(): Promise<void> {
    const { clock, stdout } = this.#options;
    const { signal } = this.#stopHeartbeat;
    const quietMs = (): number => clock.now() - this.#lastOutputMs;
    try {
      for (;;) {
        await clock.sleep(heartbeatMs - Math.min(quietMs(), heartbeatMs - 1), signal);
        if (quietMs() < heartbeatMs) continue;
        const isIdle = this.readableLength === 0 && stdout.writableLength === 0;
        if (isIdle && this.#open !== undefined) this.#emitOpenState(this.#open);
        // The reader is slow, or no stream is open: check again in a second.
        if (quietMs() >= heartbeatMs) await clock.sleep(1000, signal);
      }
    } catch (error) {
      // The abort at the end of the run ends the heartbeat.
      if (!signal.aborted) throw error;
    }
  }
}

/** The lines of a page. Warns about each record that destinations may truncate. */
function pageLines(page: RecordsMessage, options: AirbyteWriterOptions): Generator<Buffer> {
  const { stream, records, nulled } = page;
  const { keyProperties = [] } = options.streams.find(({ name }) => name === stream) ?? {};
  const prefix = recordPrefix(stream, options.emittedAt(page.timeExtractedMs));
  return recordLines(prefix, records, (index, characters) => {
    if (characters + prefix.length >= largeRecordCharacters) {
      const values = keyProperties.map(
        (key) => `${key} ${foreign(JSON.stringify(records[index]?.[key]))}`,
      );
      const size = `${Math.round(characters / 1e6)} MB`;
      options.logger.warning(
        `${stream}: the record with ${values.join(', ')} is ${size} long; destinations may truncate or drop it`,
      );
    }
    return recordSuffix(nulled?.get(index));
  });
}

/** A bookmark without null values. Singer states clear a key with null; Airbyte replaces the whole state. */
function bookmarkOf({ bookmarks }: JsonObject, name: string): JsonObject {
  const bookmark: Json = isJsonObject(bookmarks) ? (bookmarks[name] ?? null) : null;
  const entries = Object.entries(isJsonObject(bookmark) ? bookmark : {});
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
