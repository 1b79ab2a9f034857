/** Can this account be read? Each stream is asked as little as possible, and nobody should have to wait long. */
import { HttpError, TapError } from './errors.ts';
import type { Sync } from './sync.ts';
import { RenewalWithheld } from './zendesk/credentials.ts';

/** A check takes no longer, whatever it asks. */
export const checkMs = 25_000;

/** Is it this stream alone that the token's user may not read? */
function isForbidden({ cause, endsRun }: TapError): boolean {
  const isRefused = cause instanceof HttpError && (cause.status === 401 || cause.status === 403);
  return isRefused && !endsRun;
}

/**
 * Asks for every stream of a sync, and stops at the first failure that is more than a refusal of one stream.
 *
 * @param warn is given the streams that are refused, in one sentence
 * @returns why the account cannot be read; `undefined`: it can
 */
export async function checkStreams(
  { messages, results }: Sync,
  warn: (message: string) => void,
): Promise<TapError | undefined> {
  const refused: TapError[] = [];
  for await (const message of messages()) {
    if (message.type !== 'STATUS' || message.status !== 'failed') continue;
    const { error } = message;
    if (error === undefined || !isForbidden(error)) return error;
    refused.push(error);
  }
  const statuses = results().map(({ status }) => status);
  if (statuses.some((status) => status === 'interrupted' || status === 'unread')) return tooSlow();
  if (!statuses.includes('complete')) return refused[0] ?? nothingToRead();
  if (refused.length > 0) {
    const names = refused.map(({ stream }) => stream).join(', ');
    warn(
      `this token may not read ${names}: leave them out, or a sync fails. Or use the token of an administrator`,
    );
  }
  return undefined;
}

/** Was nothing asked, since the access token first has to be renewed? */
export function isUntried({ cause }: TapError): boolean {
  return cause instanceof RenewalWithheld;
}

function tooSlow(): TapError {
  const seconds = checkMs / 1000;
  const text = `the API has not answered completely within ${seconds} s. Try again later.`;
  return new TapError(text, { kind: 'transient' });
}

function nothingToRead(): TapError {
  const text = 'no stream is there for this account or its token; check subdomain and access_token';
  return new TapError(text, { kind: 'config' });
}
