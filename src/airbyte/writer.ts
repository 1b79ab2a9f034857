/**
 * From our messages to Airbyte's lines. A stream's STATE never precedes a record it covers: lines leave in
 * the order of the messages, and what the heartbeat repeats is the last STATE with nothing new in it.
 */
import { Transform } from 'node:stream';

import type { Clock } from '../clock.ts';
import { asTapError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { Message, RecordsMessage, StatusMessage } from '../singer/messages.ts';
import { recordLines } from '../singer/writer.ts';
import { errorLine, recordEnd, recordStart } from './messages.ts';
import { createTeller, openStream, type OpenStream, type WrittenStream } from './open-stream.ts';

/** Records and states count as signs of life; Airbyte's own definition of this source allows 60 s without. */
const heartbeatMs = 30_000;

/** The platform warns about lines of so many characters, and destinations cut them (BasicAirbyteMessageValidator). */
const largeCharacters = 20_000_000;

export interface AirbyteWriterOptions {
  readonly clock: Clock;
  /** The streams to read, by name. */
  readonly streams: ReadonlyMap<string, WrittenStream>;
  /** These streams' states are repeated before the first stream starts: the platform drops the others of a legacy state. */
  readonly carried: readonly string[];
  /** Times of lines, ms since 1970, never falling. `at`: when it happened; left out: now. */
  readonly stamp: (at?: number) => number;
  /** Takes the secrets out of an error's message. */
  readonly redact: (text: string) => string;
  readonly warn: (message: string) => void;
  /** Does the reader keep what was written waiting? Then it needs no sign of life. */
  readonly isBlocked: () => boolean;
}

export interface AirbyteWriter {
  /** Messages in, lines out, a page in one write. */
  readonly transform: Transform;
  /** Tells at once that the API makes the running stream wait, until so many ms since 1970. */
  readonly throttled: (untilMs: number) => void;
}

export function createAirbyteWriter(options: AirbyteWriterOptions): AirbyteWriter {
  const { clock } = options;
  const work = createWork(options, (piece) => {
    transform.push(piece);
  });
  const stop = new AbortController();
  let isBeating = false;
  // From the first message on: a run that ends before it must not be kept alive.
  const startBeat = (): void => {
    if (isBeating) return;
    isBeating = true;
    void beat(work, { clock, isIdle, signal: stop.signal });
  };
  const transform = new Transform({
    objectMode: true,
    highWaterMark: 1,
    transform(message: Message, _encoding, done) {
      startBeat();
      try {
        work.write(message);
        done();
      } catch (error) {
        // A RangeError: one record alone is longer than a text may be.
        done(asTapError(error, `A record of ${message.type} cannot be written`));
      }
    },
    flush(done) {
      stop.abort();
      work.end();
      done();
    },
    destroy(error, done) {
      stop.abort();
      done(error);
    },
  });
  const isIdle = (): boolean => transform.readableLength === 0 && !options.isBlocked();
  return { transform, throttled: (untilMs) => work.open()?.throttled(untilMs) };
}

interface Beat {
  readonly clock: Clock;
  readonly isIdle: () => boolean;
  readonly signal: AbortSignal;
}

/** Repeats the open stream's last STATE whenever nothing has been written for a while. */
async function beat({ open, lastBeatMs }: Work, { clock, isIdle, signal }: Beat): Promise<void> {
  const quietMs = (): number => clock.now() - lastBeatMs();
  try {
    for (;;) {
      await clock.sleep(heartbeatMs - Math.min(quietMs(), heartbeatMs - 1), signal);
      if (quietMs() < heartbeatMs) continue;
      if (isIdle()) open()?.repeat();
      // Blocked, or no stream is open: asked again after a while, not in a circle.
      if (quietMs() >= heartbeatMs) await clock.sleep(1000, signal);
    }
  } catch (error) {
    // The abort at the end of the run is what this waits for.
    if (!signal.aborted) throw error;
  }
}

interface Work {
  readonly write: (message: Message) => void;
  /** There is nothing more to come: a stream that is open has been stopped. */
  readonly end: () => void;
  readonly open: () => OpenStream | undefined;
  readonly lastBeatMs: () => number;
}

function createWork(options: AirbyteWriterOptions, write: (piece: Buffer) => void): Work {
  const { clock, streams, stamp, redact } = options;
  const push = (line: string): void => write(Buffer.from(line));
  const tell = createTeller({ clock, stamp, push });
  let carried = options.carried;
  let open: OpenStream | undefined;

  const finish = (status: 'COMPLETE' | 'INCOMPLETE'): void => {
    open?.finish(status);
    open = undefined;
  };
  const start = (name: string): void => {
    for (const one of carried) tell.state(one, streams.get(one)?.received ?? {}, 0);
    carried = [];
    const stream = streams.get(name);
    if (stream === undefined) throw new Error(`${name} is not among the streams to read`);
    open = openStream(name, stream, tell);
  };
  const writeStatus = ({ stream, status, error }: StatusMessage): void => {
    if (status === 'started') start(stream);
    else if (status === 'running') open?.run();
    else if (status === 'complete' || status === 'absent' || status === 'forbidden')
      finish('COMPLETE');
    else if (status === 'failed') {
      finish('INCOMPLETE');
      const { message = '', kind = 'system' } = error ?? {};
      push(errorLine({ message: redact(message), kind, stream }, stamp()));
    }
  };
  return {
    write: (message) => {
      if (message.type === 'STATUS') writeStatus(message);
      else if (message.type === 'RECORDS') {
        for (const piece of pageLines(message, options)) write(piece);
        open?.count(message.records.length);
      } else if (message.type === 'STATE' && message.tapStreamId !== undefined)
        open?.advance(bookmarkIn(message.value, message.tapStreamId));
      // A SCHEMA has no counterpart: the connection's catalog holds it. Each stream has told its own state.
    },
    end: () => finish('INCOMPLETE'),
    open: () => open,
    lastBeatMs: tell.lastBeatMs,
  };
}

/** A page's records; who could not be handed on whole is warned about. */
function pageLines(page: RecordsMessage, options: AirbyteWriterOptions): Generator<Buffer> {
  const { stream, records, nulled } = page;
  const keys = options.streams.get(stream)?.keyProperties ?? [];
  const prefix = recordStart(stream, options.stamp(page.timeExtractedMs));
  return recordLines(prefix, records, (index, characters) => {
    if (characters + prefix.length >= largeCharacters)
      options.warn(tooLarge(stream, keyOf(records[index], keys), characters));
    return recordEnd(nulled?.get(index));
  });
}

/** A Singer state clears a key by null; one of Airbyte's replaces the one before it, and needs no such thing. */
function bookmarkIn({ bookmarks }: JsonObject, name: string): JsonObject {
  const bookmark: Json = isJsonObject(bookmarks) ? (bookmarks[name] ?? null) : null;
  const entries = Object.entries(isJsonObject(bookmark) ? bookmark : {});
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

function keyOf(record: JsonObject | undefined, keyProperties: readonly string[]): string {
  return keyProperties.map((column) => `${column} ${JSON.stringify(record?.[column])}`).join(', ');
}

function tooLarge(name: string, key: string, characters: number): string {
  const megabytes = Math.round(characters / 1e6);
  return `${name}: the record with ${key} is ${megabytes} MB long; destinations may cut it or leave it out`;
}
