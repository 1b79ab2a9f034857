/**
 * The stream that is being written: its statuses in Airbyte's order, its states with exact counts. Whatever
 * ends it, records that no state has counted yet are counted by one more.
 */
import type { Clock } from '../clock.ts';
import type { JsonObject } from '../json.ts';
import { stateLine, statusLine, type AirbyteStatus } from './messages.ts';

/** What is known of a stream before it is read. */
export interface WrittenStream {
  /** The state it was given; `{}`: none. */
  readonly received: JsonObject;
  /** False: it is always read whole. */
  readonly hasBookmark: boolean;
  readonly keyProperties: readonly string[];
}

export interface TellerOptions {
  readonly clock: Clock;
  /** Times of lines, ms since 1970, never falling. */
  readonly stamp: () => number;
  readonly push: (line: string) => void;
}

/** Writes statuses and states, and knows when something last showed that the source is alive. */
export interface Teller {
  readonly status: (name: string, status: AirbyteStatus, untilMs?: number) => void;
  readonly state: (name: string, state: JsonObject, records: number) => void;
  /** Records have been written. */
  readonly beat: () => void;
  /** When the last RECORD or STATE was written, ms since 1970. */
  readonly lastBeatMs: () => number;
}

export function createTeller({ clock, stamp, push }: TellerOptions): Teller {
  let lastBeatMs = clock.now();
  const beat = (): void => {
    lastBeatMs = clock.now();
  };
  return {
    beat,
    lastBeatMs: () => lastBeatMs,
    status: (name, status, untilMs) => push(statusLine(name, status, stamp(), untilMs)),
    state: (name, state, records) => {
      beat();
      push(stateLine(name, state, records));
    },
  };
}

export interface OpenStream {
  /** Something of it has arrived. */
  readonly run: () => void;
  /** So many records have been written. */
  readonly count: (records: number) => void;
  /** Its bookmark has moved. */
  readonly advance: (state: JsonObject) => void;
  /** Says what it said last: somebody listens for signs of life. */
  readonly repeat: () => void;
  /** The API makes it wait until then, ms since 1970. */
  readonly throttled: (untilMs: number) => void;
  readonly finish: (status: 'COMPLETE' | 'INCOMPLETE') => void;
}

/** A stream without a bookmark has been read whole: the word of Airbyte's own CDK for that. */
const wholeMarker: JsonObject = { __ab_no_cursor_state_message: true };

/** Starts a stream, and says at once what state it goes on from. */
export function openStream(name: string, stream: WrittenStream, tell: Teller): OpenStream {
  let state = stream.received;
  /** Since its last STATE. */
  let records = 0;
  let isRunning = false;

  const repeat = (): void => {
    tell.state(name, state, records);
    records = 0;
  };
  const run = (): void => {
    if (!isRunning) tell.status(name, 'RUNNING');
    isRunning = true;
  };
  tell.status(name, 'STARTED');
  repeat();
  return {
    run,
    repeat,
    count: (more) => {
      tell.beat();
      records += more;
    },
    advance: (next) => {
      state = next;
      repeat();
    },
    throttled: (untilMs) => {
      run();
      tell.status(name, 'RUNNING', untilMs);
    },
    finish: (status) => {
      run();
      const isWhole = status === 'COMPLETE' && !stream.hasBookmark;
      if (isWhole) state = wholeMarker;
      if (isWhole || records > 0) repeat();
      tell.status(name, status);
    },
  };
}
