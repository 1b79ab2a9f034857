import { asTapError, HttpError, TapError } from '../core/errors.ts';
import type { Outcome } from './record-transform.ts';
import type { StreamToRead, SyncOptions } from './sync-options.ts';
import { answersAgents, refusesToken } from '../zendesk/api.ts';

/** What became of a stream. With `failed`, `absent` and `forbidden` there is an error that says why. */
export interface Verdict {
  readonly status: 'complete' | 'absent' | 'forbidden' | 'failed' | 'interrupted';
  readonly error?: TapError;
}

interface Case extends StreamToRead, SyncOptions {
  readonly outcome: Outcome;
  /** Nothing was answered to this stream before it failed. */
  readonly isFirstRequest: boolean;
  /** The HTTP status with which it has said before that it is absent or forbidden. */
  readonly refusedBefore: number | undefined;
}

/** An answer that may pass: the stream is to be asked once more. */
export interface Doubt {
  readonly status: 'doubtful';
  /** The HTTP status that counts if it comes again. */
  readonly refusedOn: number;
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
  if (failure === undefined) return complete(told);
  const status = failure instanceof HttpError ? (failure.status ?? 0) : 0;
  try {
    if (status === 401 && (await refusesToken(api))) return failed(name, failure, true);
    if (!told.isFirstRequest) return failed(name, failure);
    if (definition.absentOn.includes(status)) return await absent(told, failure, status);
    const isPassing = failure instanceof HttpError && failure.isRateLimit;
    const isForbidden = status === 403 && !isPassing && told.settings.on_forbidden === 'warn';
    return isForbidden ? forbidden(told, failure) : failed(name, failure);
  } catch (error) {
    // The question behind the verdict met an abort, or a wait beyond all patience.
    if (signal.aborted) return { status: 'interrupted' };
    return failed(name, asTapError(error, 'the account cannot be asked'));
  }
}

function complete({ outcome, selected, settings }: Case): Verdict {
  const { leftOut, firstLeftOut } = outcome;
  if (leftOut === 0 || settings.on_bad_item === 'warn') return { status: 'complete' };
  const items = leftOut === 1 ? '1 item without a key was' : `${leftOut} items without a key were`;
  const which = leftOut === 1 ? 'it is' : 'the first is';
  const text = `${items} left out, everything else was read; see the warnings above (${which} ${firstLeftOut})`;
  return failed(selected.tapStreamId, new TapError(text, { kind: 'system' }));
}

function failed(name: string, failure: TapError, endsRun = failure.endsRun): Verdict {
  const options = { kind: failure.kind, endsRun, stream: name, cause: failure };
  return { status: 'failed', error: new TapError(`${name}: ${failure.message}`, options) };
}

/** The table says that an account may lack the endpoint. Green and empty would be the worst outcome. */
async function absent(told: Case, failure: TapError, status: number): Promise<Verdict | Doubt> {
  const { api, selected, definition, state, logger } = told;
  const name = selected.tapStreamId;
  if (api.answers() === 0 && !(await answersAgents(api))) {
    const text =
      `neither this endpoint nor agents answers (${failure.message}); ` +
      'check subdomain and access_token in the config';
    return failed(name, new TapError(text, { kind: 'config' }), true);
  }
  if (isDoubtful(told)) return { status: 'doubtful', refusedOn: status };
  if (told.settings.on_absent === 'fail' || !isConfirmed(told, status))
    return failed(name, failure);
  const hasBookmark = state.getBookmark(name, [definition.name, ...definition.aliases]);
  const was = hasBookmark === undefined ? '' : ', though the state shows that it used to be there';
  const text = `${name}: this is not there for this account or its token${was} (${failure.message})`;
  logger.warning(text, { stream: name });
  return { status: 'absent', error: failure };
}

/** The user wants what this token may read. A run that reads nothing at all fails in the end. */
function forbidden(told: Case, failure: TapError): Verdict | Doubt {
  const name = told.selected.tapStreamId;
  if (isDoubtful(told)) return { status: 'doubtful', refusedOn: 403 };
  const refused = failed(name, failure);
  if (!isConfirmed(told, 403) || refused.error === undefined) return refused;
  told.logger.warning(`${name} is left out: ${failure.message}`, { stream: name });
  return { status: 'forbidden', error: refused.error };
}

function isDoubtful({ confirmsAbsence, refusedBefore }: Case): boolean {
  return confirmsAbsence && refusedBefore === undefined;
}

function isConfirmed({ confirmsAbsence, refusedBefore }: Case, status: number): boolean {
  return !confirmsAbsence || refusedBefore === status;
}
