import type { TapError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { SelectedStream } from './select-streams.ts';

/** The schema of the records that follow, reduced to the selected columns. Sent once per stream and run. */
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
  /** Paths of values that were replaced by null, such as `history.3.timestamp`, by index in `records`. */
  readonly nulled?: ReadonlyMap<number, readonly string[]>;
}

/** `{"bookmarks": {...}, "currently_syncing": ...}` and all other keys of the input state. */
export type StateValue = JsonObject;

/** The complete state. It covers only records that were sent before it. */
export interface StateMessage {
  readonly type: 'STATE';
  readonly value: StateValue;
  /** `tap_stream_id` of the stream whose bookmark moved; absent if none did. */
  readonly tapStreamId?: string;
}

export type StreamStatus = 'started' | 'running' | 'complete' | 'absent' | 'forbidden' | 'failed';

/** A change of a stream's status. Airbyte has messages for it, Singer does not. */
export interface StatusMessage {
  readonly type: 'STATUS';
  readonly stream: string;
  readonly status: StreamStatus;
  /** The cause of `failed`, `absent` and `forbidden`. */
  readonly error?: TapError;
}

export type Message = SchemaMessage | RecordsMessage | StateMessage | StatusMessage;
