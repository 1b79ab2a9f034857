/**
 * From our messages to Airbyte's lines. A stream's STATE never precedes a record it covers: lines leave in
 * the order of the messages, and what the heartbeat repeats is the last STATE with nothing new in it.
 */
import { Transform, type TransformCallback, type Writable } from 'node:stream';

import { asTapError } from '../core/errors.ts';
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

/** Records and states count as signs of life; Airbyte's own definition of this source allows 60 s without. */
const heartbeatMs = 30_000;

/** The platform warns about lines of so many characters, and destinations cut them (BasicAirbyteMessageValidator). */
const largeRecordCharacters = 20_000_000;

export interface AirbyteWriterOptions extends Pick<AirbyteContext, 'clock' | 'emittedAt'> {
  readonly streams: readonly SingerStream[];
  readonly initialState: AirbyteState;
  readonly logger: Pick<Logger, 'redact' | 'warning'>;
  /** A reader that keeps what was written waiting needs no sign of life. */
  readonly stdout: Pick<Writable, 'writableLength'>;
}

interface OpenStream {
  readonly name: string;
  readonly hasBookmark: boolean;
  state: JsonObject;
  /** Written since its last STATE. */
  records: number;
  isRunning: boolean;
}

/**
 * Messages in, lines out, a page in one write. Statuses come in Airbyte's order, and states with exact counts:
 * whatever ends a stream, records that no state has counted yet are counted by one more.
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

  /** Writes at once that the API makes the running stream wait, until so many ms since 1970. */
  emitRateLimited(untilMs: number): void {
    if (this.#open === undefined) return;
    this.#emitRunning(this.#open);
    this.#emitStatus(this.#open, 'RUNNING', untilMs);
  }

  override _transform(message: Message, _encoding: BufferEncoding, done: TransformCallback): void {
    // From the first message on: a run that ends before it must not be kept alive.
    if (!this.#hasHeartbeat) void this.#heartbeat();
    this.#hasHeartbeat = true;
    try {
      this.#write(message);
      done();
    } catch (error) {
      // A RangeError: one record alone is longer than a text may be.
      done(asTapError(error, `A record of ${message.type} cannot be written`));
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
    // A SCHEMA has no counterpart: the connection's catalog holds it. Each stream has sent its own state.
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

  /** Starts a stream, and says at once what state it goes on from. */
  #startStream(name: string): void {
    const { streams, initialState } = this.#options;
    // The platform drops what one blob says of other streams at the first state of one stream.
    const carried = this.#isFirstStream && initialState.isLegacy ? streams : [];
    for (const legacyStream of carried) {
      const state = initialState.states.get(legacyStream.name);
      if (state !== undefined) this.#emitState(legacyStream.name, state, 0);
    }
    this.#isFirstStream = false;
    const stream = streams.find((candidate) => candidate.name === name);
    if (stream === undefined) throw new Error(`${name} is not among the streams to read`);
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

  /** Repeats the open stream's last STATE whenever nothing has been written for a while. */
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
        // Blocked, or no stream is open: asked again after a while, not in a circle.
        if (quietMs() >= heartbeatMs) await clock.sleep(1000, signal);
      }
    } catch (error) {
      // The abort at the end of the run is what this waits for.
      if (!signal.aborted) throw error;
    }
  }
}

/** A page's records, with a warning for each that destinations may not take whole. */
function pageLines(page: RecordsMessage, options: AirbyteWriterOptions): Generator<Buffer> {
  const { stream, records, nulled } = page;
  const { keyProperties = [] } = options.streams.find(({ name }) => name === stream) ?? {};
  const prefix = recordPrefix(stream, options.emittedAt(page.timeExtractedMs));
  return recordLines(prefix, records, (index, characters) => {
    if (characters + prefix.length >= largeRecordCharacters) {
      const values = keyProperties.map((key) => `${key} ${JSON.stringify(records[index]?.[key])}`);
      const size = `${Math.round(characters / 1e6)} MB`;
      options.logger.warning(
        `${stream}: the record with ${values.join(', ')} is ${size} long; destinations may cut it or leave it out`,
      );
    }
    return recordSuffix(nulled?.get(index));
  });
}

/** A Singer state clears a key by null; one of Airbyte's replaces the one before it, and needs no such thing. */
function bookmarkOf({ bookmarks }: JsonObject, name: string): JsonObject {
  const bookmark: Json = isJsonObject(bookmarks) ? (bookmarks[name] ?? null) : null;
  const entries = Object.entries(isJsonObject(bookmark) ? bookmark : {});
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
