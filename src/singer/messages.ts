import type { TapError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { SelectedStream } from './select-streams.ts';

/** A stream's schema as its records will follow it: pruned by the selection. Once per stream and run. */
export interface SchemaMessage extends Pick<
  SelectedStream,
  'stream' | 'schema' | 'keyProperties' | 'bookmarkProperties'
> {
  readonly type: 'SCHEMA';
}

export interface RecordsMessage {
  readonly type: 'RECORDS';
  readonly stream: string;
  readonly records: readonly JsonObject[];
  /** When the page was fetched, ms since 1970. */
  readonly timeExtractedMs: number;
  /** Values of its columns that became null, as `history.3.timestamp`, by a record's place in `records`. */
  readonly nulled?: ReadonlyMap<number, readonly string[]>;
}

/** `{"bookmarks": {...}, "currently_syncing": ...}` and whatever else the given state held. */
export type StateValue = JsonObject;

/** The whole state. It speaks only of records that stand before it. */
export interface StateMessage {
  readonly type: 'STATE';
  readonly value: StateValue;
  /** `tap_stream_id` of the stream whose bookmark moved; absent when none did. */
  readonly tapStreamId?: string;
}

export type StreamStatus = 'started' | 'running' | 'complete' | 'absent' | 'forbidden' | 'failed';

/** What becomes of a stream. Singer has no word for it; Airbyte has. */
export interface StatusMessage {
  readonly type: 'STATUS';
  readonly stream: string;
  readonly status: StreamStatus;
  /** With `failed`, `absent` and `forbidden`: why. */
  readonly error?: TapError;
}

export type Message = SchemaMessage | RecordsMessage | StateMessage | StatusMessage;
