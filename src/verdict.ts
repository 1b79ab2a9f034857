import { asTapError, HttpError, TapError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Outcome } from './record-transform.ts';
import type { SelectedStream } from './singer/selection.ts';
import type { State } from './singer/state.ts';
import { answersAgents, refusesToken, type ChatApi } from './zendesk/api.ts';
import type { StreamDefinition } from './zendesk/definition.ts';

/** What became of a stream. With `failed` and `absent` there is an error that says why. */
export interface Verdict {
  readonly status: 'complete' | 'absent' | 'failed' | 'interrupted';
  readonly error?: TapError;
}

export interface Case {
  readonly selected: SelectedStream;
  readonly definition: StreamDefinition;
  readonly outcome: Outcome;
  /** Nothing was answered to this stream before it failed. */
  readonly isFirstRequest: boolean;
  /** Must an endpoint say twice that it is absent? */
  readonly confirmsAbsence: boolean;
  /** The status with which it has said so before. */
  readonly absentBefore: number | undefined;
  readonly api: ChatApi;
  readonly state: State;
  readonly failsOnAbsent: boolean;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** An answer that may pass: the stream is to be asked once more. */
export interface Doubt {
  readonly status: 'doubtful';
  /** The status that means "absent" if it comes again. */
  readonly absentOn: number;
}

/**
 * Decides what a stream's end means: for itself, and for the whole account. Only what concerns the
 * account ends the run (`endsRun`): a token that is refused everywhere, an account that answers nowhere,
 * and a wait beyond all patience.
 */
export async function judge(told: Case): Promise<Verdict | Doubt> {
  const { outcome, selected, definition, api, signal } = told;
  const name = selected.tapStreamId;
  if (signal.aborted) return { status: 'interrupted' };
  const { failure } = outcome;
  if (failure === undefined) return complete(name, outcome);
  const status = failure instanceof HttpError ? (failure.status ?? 0) : 0;
  try {
    if (status === 401 && (await refusesToken(api))) return failed(name, failure, true);
    const isAbsent = told.isFirstRequest && definition.absentOn.includes(status);
    return isAbsent ? await absent(told, failure, status) : failed(name, failure);
  } catch (error) {
    // The question behind the verdict met an abort, or a wait beyond all patience.
    if (signal.aborted) return { status: 'interrupted' };
    return failed(name, asTapError(error, 'the account cannot be asked'));
  }
}

function complete(name: string, { leftOut }: Outcome): Verdict {
  if (leftOut === 0) return { status: 'complete' };
  const items = leftOut === 1 ? '1 item without a key was' : `${leftOut} items without a key were`;
  const text = `${items} left out, everything else was read; see the warnings above`;
  return failed(name, new TapError(text, { kind: 'system' }));
}

function failed(name: string, failure: TapError, endsRun = failure.endsRun): Verdict {
  const options = { kind: failure.kind, endsRun, stream: name, cause: failure };
  return { status: 'failed', error: new TapError(`${name}: ${failure.message}`, options) };
}

/** The table says that an account may lack the endpoint. Green and empty would be the worst outcome. */
async function absent(told: Case, failure: TapError, status: number): Promise<Verdict | Doubt> {
  const { api, selected, definition, state, logger, confirmsAbsence, absentBefore } = told;
  const name = selected.tapStreamId;
  if (api.answers() === 0 && !(await answersAgents(api))) {
    const text =
      `neither this endpoint nor agents answers (${failure.message}); ` +
      'check subdomain and access_token in the config';
    return failed(name, new TapError(text, { kind: 'config' }), true);
  }
  if (confirmsAbsence && absentBefore === undefined)
    return { status: 'doubtful', absentOn: status };
  const isSame = !confirmsAbsence || absentBefore === status;
  if (told.failsOnAbsent || !isSame) return failed(name, failure);
  const hasBookmark = state.bookmark(name, [definition.name, ...definition.aliases]);
  const was = hasBookmark === undefined ? '' : ', though the state shows that it used to be there';
  const text = `${name}: this is not there for this account or its token${was} (${failure.message})`;
  logger.warning(text, { stream: name });
  return { status: 'absent', error: failure };
}
