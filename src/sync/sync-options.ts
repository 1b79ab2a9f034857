import type { Clock } from '../core/clock.ts';
import type { TapError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { SelectedStream } from '../singer/select-streams.ts';
import type { State } from '../singer/state.ts';
import type { Validate } from '../records/validator.ts';
import type { ChatApi } from '../zendesk/api.ts';
import type {
  ReadAheadStats,
  ReadSettings,
  StreamDefinition,
} from '../zendesk/stream-definition.ts';

export type { ReadAheadStats };

/** How a stream ended. `unread` means that the run ended before it. */
export interface StreamResult {
  readonly stream: string;
  readonly status: 'complete' | 'absent' | 'forbidden' | 'failed' | 'interrupted' | 'unread';
  readonly records: number;
  readonly leftOut?: number;
  readonly requests: number;
  readonly durationMs: number;
  /** Only for a stream that is read ahead. */
  readonly readAhead?: ReadAheadStats;
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
  /** Whether a second request must confirm a status that means absent or forbidden. Not used for a check, to save time. */
  readonly confirmsRefusals: boolean;
  readonly logger: Logger;
  /** Called when a stream that was started has ended. `isLast` means that no other stream is read after it. */
  readonly onStreamEnd?: (result: StreamResult, isLast: boolean) => void;
  /** Called after each change of the read-ahead statistics. */
  readonly onReadAhead?: ((stats: ReadAheadStats) => void) | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Number of requests in this run so far, including retries. */
  readonly requests: () => number;
}
