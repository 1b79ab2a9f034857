import { asTapError, HttpError, TapError } from '../core/errors.ts';
import { badItemAdvice, type ReadOutcome } from './record-transform.ts';
import type { StreamToRead, SyncOptions } from './sync-options.ts';
import { isApiAvailable, isHostUnreachable, isTokenRejected } from '../zendesk/api.ts';

/** How a stream ended. `failed`, `absent` and `forbidden` have an error with the reason. */
export interface ResolvedStatus {
  readonly status: 'complete' | 'absent' | 'forbidden' | 'failed' | 'interrupted';
  readonly error?: TapError;
}

interface StreamEnd extends StreamToRead, SyncOptions {
  readonly outcome: ReadOutcome;
  /** The stream failed without any response. */
  readonly isFirstRequest: boolean;
  /** The status of the first request, if it meant absent or forbidden and this request repeats it. */
  readonly previousHttpStatus: number | undefined;
}

/** Statuses that a host returns if the account does not exist. */
const missingStatuses: ReadonlySet<number> = new Set([404, 410]);

/** `unconfirmed`: the status may be temporary, so the request must be repeated. A second `httpStatus` confirms it. */
type Decision = ResolvedStatus | { readonly status: 'unconfirmed'; readonly httpStatus: number };

/**
 * Determines the status of a stream that has ended. Only failures of the whole account end the run (`endsRun`): a token
 * that all endpoints reject, an account that does not respond at all, and a wait that exceeds the retry budget.
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
    // The request for the status was aborted, or requires a wait that exceeds the retry budget.
    if (signal.aborted) return { status: 'interrupted' };
    return failedStatus(name, asTapError(error, 'the account cannot be checked'));
  }
}

/** Whether the API has not responded in this run and cannot be reached now. Then the other streams would fail, too. */
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

/** Whether neither this run nor a minimal request got a response. An empty run must not count as a success. */
async function isAccountUnknown({ api }: StreamEnd): Promise<boolean> {
  return api.responseCount() === 0 && !(await isApiAvailable(api));
}

function unknownAccountStatus(name: string, failure: TapError): ResolvedStatus {
  const text =
    `neither this endpoint nor agents responds (${failure.message}); ` +
    'check subdomain and access_token in the config';
  return failedStatus(name, new TapError(text, { kind: 'config', cause: failure }), true);
}

/** The result for an endpoint that, by its definition, some accounts do not have. */
function absentStatus(end: StreamEnd, failure: TapError, status: number): Decision {
  const { selected, definition, state, logger } = end;
  const name = selected.tapStreamId;
  if (needsConfirmation(end)) return { status: 'unconfirmed', httpStatus: status };
  if (!isConfirmed(end, status)) return failedStatus(name, failure);
  if (end.settings.on_absent === 'fail')
    return failedStatus(name, failure, failure.endsRun, 'config');
  const hasBookmark = state.getBookmark(name, [definition.name, ...definition.aliases]);
  const was =
    hasBookmark === undefined ? '' : ', although the state shows that it was available earlier';
  const text = `${name}: the stream is not available for this account or token${was} (${failure.message})`;
  logger.warning(text, { stream: name });
  return { status: 'absent', error: failure };
}

/** With on_forbidden: warn, forbidden streams are skipped. A run in which all streams are skipped fails at its end. */
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
