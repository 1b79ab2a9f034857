import { asTapError, HttpError, TapError } from '../core/errors.ts';
import { badItemAdvice, type ReadOutcome } from './record-transform.ts';
import type { StreamToRead, SyncOptions } from './sync-options.ts';
import { isApiAvailable, isHostUnreachable, isTokenRejected } from '../zendesk/api.ts';

/** What became of a stream. With `failed`, `absent` and `forbidden` there is an error that says why. */
export interface ResolvedStatus {
  readonly status: 'complete' | 'absent' | 'forbidden' | 'failed' | 'interrupted';
  readonly error?: TapError;
}

interface StreamEnd extends StreamToRead, SyncOptions {
  readonly outcome: ReadOutcome;
  /** Nothing was answered to this stream before it failed. */
  readonly isFirstRequest: boolean;
  /** The HTTP status with which it has said before that it is absent or forbidden. */
  readonly previousHttpStatus: number | undefined;
}

/** Statuses with which a host answers that does not have the account. */
const missingStatuses: ReadonlySet<number> = new Set([404, 410]);

/** `unconfirmed`: an answer that may pass, so the stream is asked once more; `httpStatus` counts if it comes again. */
type Decision = ResolvedStatus | { readonly status: 'unconfirmed'; readonly httpStatus: number };

/**
 * Decides what a stream's end means: for itself, and for the whole account. Only what concerns the
 * account ends the run (`endsRun`): a token that is refused everywhere, an account that answers nowhere,
 * and a wait beyond the retry budget.
 */
export async function resolveStreamStatus(end: StreamEnd): Promise<Decision> {
  const { outcome, selected, definition, api, signal } = end;
  const name = selected.tapStreamId;
  if (signal.aborted) return { status: 'interrupted' };
  const { failure } = outcome;
  if (failure === undefined) return completeStatus(end);
  const status = failure instanceof HttpError ? (failure.status ?? 0) : 0;
  try {
    if (status === 401 && (await isTokenRejected(api))) return failedStatus(name, failure, true);
    if (!end.isFirstRequest) return failedStatus(name, failure);
    if (await isWithoutNetwork(end, failure)) return failedStatus(name, failure, true);
    const mayBeAbsent = definition.absentStatuses.includes(status);
    if ((mayBeAbsent || missingStatuses.has(status)) && (await isAccountUnknown(end)))
      return unknownAccountStatus(name, failure);
    if (mayBeAbsent) return absentStatus(end, failure, status);
    const isTemporary = failure instanceof HttpError && failure.isRateLimit;
    const isForbidden = status === 403 && !isTemporary && end.settings.on_forbidden === 'warn';
    return isForbidden ? forbiddenStatus(end, failure) : failedStatus(name, failure);
  } catch (error) {
    // The request behind the status met an abort, or a wait beyond the retry budget.
    if (signal.aborted) return { status: 'interrupted' };
    return failedStatus(name, asTapError(error, 'the account cannot be asked'));
  }
}

/** The API has not responded to anything and cannot be reached now, so the other streams would fail in the same way. */
async function isWithoutNetwork({ api }: StreamEnd, failure: TapError): Promise<boolean> {
  const isSuspect =
    failure instanceof HttpError && failure.failure === 'network' && !failure.endsRun;
  return isSuspect && api.responseCount() === 0 && (await isHostUnreachable(api));
}

function completeStatus({ outcome, selected, settings }: StreamEnd): ResolvedStatus {
  const { leftOut, firstLeftOut } = outcome;
  if (leftOut === 0 || settings.on_bad_item === 'warn') return { status: 'complete' };
  const items = leftOut === 1 ? '1 item without a key was' : `${leftOut} items without a key were`;
  const which = leftOut === 1 ? 'it is' : 'the first is';
  const text = `${items} left out, everything else was read; see the warnings above (${which} ${firstLeftOut}). ${badItemAdvice}`;
  return failedStatus(selected.tapStreamId, new TapError(text, { kind: 'system' }));
}

function failedStatus(
  name: string,
  failure: TapError,
  endsRun = failure.endsRun,
  kind = failure.kind,
): ResolvedStatus {
  const options = { kind, endsRun, stream: name, cause: failure };
  return { status: 'failed', error: new TapError(`${name}: ${failure.message}`, options) };
}

/** Nothing has answered in this run, and the simplest request does not either. Green and empty would be the worst outcome. */
async function isAccountUnknown({ api }: StreamEnd): Promise<boolean> {
  return api.responseCount() === 0 && !(await isApiAvailable(api));
}

function unknownAccountStatus(name: string, failure: TapError): ResolvedStatus {
  const text =
    `neither this endpoint nor agents answers (${failure.message}); ` +
    'check subdomain and access_token in the config';
  return failedStatus(name, new TapError(text, { kind: 'config' }), true);
}

/** The table says that an account may lack the endpoint. */
function absentStatus(end: StreamEnd, failure: TapError, status: number): Decision {
  const { selected, definition, state, logger } = end;
  const name = selected.tapStreamId;
  if (needsConfirmation(end)) return { status: 'unconfirmed', httpStatus: status };
  if (!isConfirmed(end, status)) return failedStatus(name, failure);
  if (end.settings.on_absent === 'fail')
    return failedStatus(name, failure, failure.endsRun, 'config');
  const hasBookmark = state.getBookmark(name, [definition.name, ...definition.aliases]);
  const was = hasBookmark === undefined ? '' : ', though the state shows that it used to be there';
  const text = `${name}: this is not there for this account or its token${was} (${failure.message})`;
  logger.warning(text, { stream: name });
  return { status: 'absent', error: failure };
}

/** The user wants what this token may read. A run that reads nothing at all fails in the end. */
function forbiddenStatus(end: StreamEnd, failure: TapError): Decision {
  const name = end.selected.tapStreamId;
  if (needsConfirmation(end)) return { status: 'unconfirmed', httpStatus: 403 };
  const refused = failedStatus(name, failure);
  if (!isConfirmed(end, 403) || refused.error === undefined) return refused;
  end.logger.warning(`${name} is left out: ${failure.message}`, { stream: name });
  return { status: 'forbidden', error: refused.error };
}

function needsConfirmation({ confirmsRefusals, previousHttpStatus }: StreamEnd): boolean {
  return confirmsRefusals && previousHttpStatus === undefined;
}

function isConfirmed({ confirmsRefusals, previousHttpStatus }: StreamEnd, status: number): boolean {
  return !confirmsRefusals || previousHttpStatus === status;
}
