import type { Clock } from '../core/clock.ts';
import type { TapError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { SelectedStream } from '../singer/select-streams.ts';
import type { State } from '../singer/state.ts';
import type { Validate } from '../records/validator.ts';
import type { ChatApi } from '../zendesk/api.ts';
import type { ReadSettings, StreamDefinition } from '../zendesk/stream-definition.ts';

/** How a stream ended. `unread`: the run ended before it. */
export interface StreamResult {
  readonly stream: string;
  readonly status: 'complete' | 'absent' | 'forbidden' | 'failed' | 'interrupted' | 'unread';
  readonly records: number;
  readonly leftOut?: number;
  readonly requests: number;
  readonly durationMs: number;
  readonly error?: TapError;
}

export interface StreamToRead {
  readonly selected: SelectedStream;
  readonly definition: StreamDefinition;
}

export interface SyncOptions {
  readonly streams: readonly StreamToRead[];
  readonly api: ChatApi;
  readonly loadValidator: (stream: SelectedStream) => Promise<Validate>;
  readonly state: State;
  readonly settings: ReadSettings;
  /** Must an endpoint say twice that it is absent or forbidden? A refusal may pass, but a check cannot wait for that. */
  readonly confirmsRefusals: boolean;
  readonly logger: Logger;
  /** Is given each stream that was begun as soon as it has ended. `isLast`: no other stream is read after it. */
  readonly onStreamEnd?: (result: StreamResult, isLast: boolean) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Requests made so far in this run, retries included. */
  readonly requests: () => number;
}
