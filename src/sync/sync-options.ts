import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { SelectedStream } from '../singer/select-streams.ts';
import type { State } from '../singer/state.ts';
import type { Validate } from '../records/validator.ts';
import type { ChatApi } from '../zendesk/api.ts';
import type { ReadSettings, StreamDefinition } from '../zendesk/stream-definition.ts';

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
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Requests made so far in this run, retries included. */
  readonly requests: () => number;
}
