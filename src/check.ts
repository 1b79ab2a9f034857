/** Can this account be read at all? One question to the API, for which nobody should have to wait long. */
import { asTapError, HttpError, TapError } from './errors.ts';
import type { ChatApi } from './zendesk/api.ts';
import { RenewalWithheld } from './zendesk/credentials.ts';

/** One attempt and one more, whatever the config says about patience. */
export const checkPatience = Object.freeze({
  attempts: 2,
  requestTimeoutMs: 10_000,
  maxRetryMs: 4_000,
  totalMs: 25_000,
});

/** The settings of a check; a shorter time limit of the user's is kept. */
export function patienceFor({ requestTimeoutMs }: { readonly requestTimeoutMs: number }): {
  readonly requestTimeoutMs: number;
  readonly maxRetryMs: number;
} {
  const { maxRetryMs } = checkPatience;
  return {
    requestTimeoutMs: Math.min(requestTimeoutMs, checkPatience.requestTimeoutMs),
    maxRetryMs,
  };
}

export interface CheckOptions {
  readonly now: () => number;
  /** Aborted when the time is up. */
  readonly signal: AbortSignal;
}

/** Old enough for the API (five minutes) even by a clock that is some hours fast. */
const ageMs = 86_400_000;

/**
 * Asks for one chat of the last day: that takes the right host, a valid token, its scopes and a role that
 * may read chats, which is what a sync needs.
 * @returns why the account cannot be read; `undefined`: it can.
 */
export async function checkAccount(
  api: ChatApi,
  { now, signal }: CheckOptions,
): Promise<TapError | undefined> {
  const query = { limit: 1, fields: 'chats(id)', start_time: Math.floor((now() - ageMs) / 1000) };
  try {
    await api.get('incremental/chats', query, { maxAttempts: checkPatience.attempts });
    return undefined;
  } catch (error) {
    // The failure is the answer.
    if (signal.aborted && !(error instanceof HttpError)) return tooSlow(error);
    if (error instanceof HttpError && error.status === 404) return noAccount(error);
    return asTapError(error, 'the account cannot be asked');
  }
}

/** Was nothing asked, since the access token first has to be renewed? */
export function isUntried(failure: TapError): boolean {
  return failure instanceof RenewalWithheld;
}

function tooSlow(cause: unknown): TapError {
  const seconds = checkPatience.totalMs / 1000;
  const text = `the API has not answered completely within ${seconds} s. Try again later.`;
  return new TapError(text, { kind: 'transient', cause });
}

function noAccount(cause: HttpError): TapError {
  const text = `there is no Zendesk Chat account at this subdomain: check it (${cause.path} answers 404 Not Found).`;
  return new TapError(text, { kind: 'config', cause });
}
