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
  errorLine,
  recordEnd,
  recordStart,
  stateLine,
  statusLine,
  type AirbyteStatus,
} from './messages.ts';
import type { AirbyteRun } from './run.ts';
import { noCursorMarker, type AirbyteState } from './state.ts';

/** Records and states count as signs of life; Airbyte's own definition of this source allows 60 s without. */
const heartbeatMs = 30_000;

/** The platform warns about lines of so many characters, and destinations cut them (BasicAirbyteMessageValidator). */
const largeCharacters = 20_000_000;

export interface AirbyteWriterOptions extends Pick<AirbyteRun, 'clock' | 'stamp'> {
  readonly streams: readonly SingerStream[];
  readonly given: AirbyteState;
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
  readonly #ended = new AbortController();
  #open: OpenStream | undefined;
  #isBeating = false;
  #isFirst = true;
  /** When the last RECORD or STATE was written, ms since 1970. */
  #beatMs: number;

  constructor(options: AirbyteWriterOptions) {
    super({ objectMode: true, highWaterMark: 1 });
    this.#options = options;
    this.#beatMs = options.clock.now();
  }

  /** Tells at once that the API makes the running stream wait, until so many ms since 1970. */
  throttled(untilMs: number): void {
    if (this.#open === undefined) return;
    this.#run(this.#open);
    this.#status(this.#open, 'RUNNING', untilMs);
  }

  override _transform(message: Message, _encoding: BufferEncoding, done: TransformCallback): void {
    // From the first message on: a run that ends before it must not be kept alive.
    if (!this.#isBeating) void this.#beat();
    this.#isBeating = true;
    try {
      this.#write(message);
      done();
    } catch (error) {
      // A RangeError: one record alone is longer than a text may be.
      done(asTapError(error, `A record of ${message.type} cannot be written`));
    }
  }

  override _flush(done: TransformCallback): void {
    this.#ended.abort();
    this.#finish('INCOMPLETE');
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ended.abort();
    done(error);
  }

  #write(message: Message): void {
    const open = this.#open;
    if (message.type === 'STATUS') this.#writeStatus(message);
    else if (message.type === 'RECORDS') {
      for (const piece of pageLines(message, this.#options)) this.push(piece);
      this.#beatMs = this.#options.clock.now();
      if (open !== undefined) open.records += message.records.length;
    } else if (
      message.type === 'STATE' &&
      message.tapStreamId !== undefined &&
      open !== undefined
    ) {
      open.state = bookmarkIn(message.value, message.tapStreamId);
      this.#repeat(open);
    }
    // A SCHEMA has no counterpart: the connection's catalog holds it. Each stream has told its own state.
  }

  #writeStatus({ stream, status, error }: StatusMessage): void {
    if (status === 'started') this.#start(stream);
    else if (status === 'running') this.#run(this.#open);
    else if (status !== 'failed') this.#finish('COMPLETE');
    else {
      this.#finish('INCOMPLETE');
      const { logger, stamp } = this.#options;
      const { message = '', kind = 'system' } = error ?? {};
      this.#push(errorLine({ message: logger.redact(message), kind, stream }, stamp()));
    }
  }

  /** Starts a stream, and says at once what state it goes on from. */
  #start(name: string): void {
    const { streams, given } = this.#options;
    // The platform drops what one blob says of other streams at the first state of one stream.
    const carried = this.#isFirst && given.isLegacy ? streams : [];
    for (const one of carried) {
      const state = given.states.get(one.name);
      if (state !== undefined) this.#state(one.name, state, 0);
    }
    this.#isFirst = false;
    const stream = streams.find((one) => one.name === name);
    if (stream === undefined) throw new Error(`${name} is not among the streams to read`);
    const state = given.states.get(name) ?? {};
    const open = { name, hasBookmark: isIncremental(stream), state, records: 0, isRunning: false };
    this.#open = open;
    this.#status(open, 'STARTED');
    this.#repeat(open);
  }

  #run(open: OpenStream | undefined): void {
    if (open === undefined || open.isRunning) return;
    open.isRunning = true;
    this.#status(open, 'RUNNING');
  }

  #finish(status: 'COMPLETE' | 'INCOMPLETE'): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#run(open);
    const isWhole = status === 'COMPLETE' && !open.hasBookmark;
    if (isWhole) open.state = { [noCursorMarker]: true };
    if (isWhole || open.records > 0) this.#repeat(open);
    this.#status(open, status);
    this.#open = undefined;
  }

  #repeat(open: OpenStream): void {
    this.#state(open.name, open.state, open.records);
    open.records = 0;
  }

  #state(name: string, state: JsonObject, records: number): void {
    this.#beatMs = this.#options.clock.now();
    this.#push(stateLine(name, state, records));
  }

  #status({ name }: OpenStream, status: AirbyteStatus, untilMs?: number): void {
    this.#push(statusLine(name, status, this.#options.stamp(), untilMs));
  }

  #push(line: string): void {
    this.push(Buffer.from(line));
  }

  /** Repeats the open stream's last STATE whenever nothing has been written for a while. */
  async #beat(): Promise<void> {
    const { clock, stdout } = this.#options;
    const { signal } = this.#ended;
    const quietMs = (): number => clock.now() - this.#beatMs;
    try {
      for (;;) {
        await clock.sleep(heartbeatMs - Math.min(quietMs(), heartbeatMs - 1), signal);
        if (quietMs() < heartbeatMs) continue;
        const isIdle = this.readableLength === 0 && stdout.writableLength === 0;
        if (isIdle && this.#open !== undefined) this.#repeat(this.#open);
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
  const prefix = recordStart(stream, options.stamp(page.timeExtractedMs));
  return recordLines(prefix, records, (index, characters) => {
    if (characters + prefix.length >= largeCharacters) {
      const values = keyProperties.map((key) => `${key} ${JSON.stringify(records[index]?.[key])}`);
      const size = `${Math.round(characters / 1e6)} MB`;
      options.logger.warning(
        `${stream}: the record with ${values.join(', ')} is ${size} long; destinations may cut it or leave it out`,
      );
    }
    return recordEnd(nulled?.get(index));
  });
}

/** A Singer state clears a key by null; one of Airbyte's replaces the one before it, and needs no such thing. */
function bookmarkIn({ bookmarks }: JsonObject, name: string): JsonObject {
  const bookmark: Json = isJsonObject(bookmarks) ? (bookmarks[name] ?? null) : null;
  const entries = Object.entries(isJsonObject(bookmark) ? bookmark : {});
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
