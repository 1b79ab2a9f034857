import { TapError } from '../core/errors.ts';
import type { Credentials } from '../http/client.ts';

/** Tokens of one response. Each may be missing. */
export interface PartialTokens {
  readonly accessToken?: string | undefined;
  readonly refreshToken?: string | undefined;
  /** When the tokens were obtained, in ms since 1970 by the local clock, if known. */
  readonly obtainedMs?: number | undefined;
  /** When the access token expires, in ms since 1970 by the local clock, if known. */
  readonly expiresMs?: number | undefined;
}

export interface Tokens extends PartialTokens {
  readonly accessToken: string;
}

export interface OAuthClient {
  readonly clientId: string;
  /** A public client has none. */
  readonly clientSecret?: string | undefined;
}

/** The content of a token store, which may have no tokens yet. */
export interface StoredTokens extends PartialTokens {
  /** The client that the tokens were issued to, if the store contains it. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** ISO time at which a run began to renew the tokens, if it has not stored new ones. */
  readonly renewingSince?: string | undefined;
  /** True if the config's tokens have changed since these were obtained with them, and therefore are newer. */
  readonly isSuperseded: boolean;
}

export interface TokenStore {
  /** Reads the current content, which another run may have written. @throws TapError (config) if it cannot be read. */
  readonly read: () => Promise<StoredTokens | undefined>;
  /** Runs `work` while the store is locked. @throws TapError if the store cannot be locked. */
  readonly withLock: <T>(work: () => Promise<T>) => Promise<T>;
  /** Records that a renewal has begun, which proves that the store is writable. @throws TapError if it is not. */
  readonly beginRenewal: () => Promise<void>;
  /** Removes the record of a renewal. */
  readonly cancelRenewal: () => Promise<void>;
  /** Resolves after the tokens are stored. @throws TapError if they cannot be written. */
  readonly save: (tokens: Tokens) => Promise<void>;
}

export function bearerHeaders(accessToken: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${accessToken}` };
}

/** Credentials with an OAuth token of Zendesk Chat. The API rejects tokens of Zendesk Support. */
export function bearerCredentials(accessToken: string): Credentials {
  const headers = bearerHeaders(accessToken);
  return { headers: async () => headers, onUnauthorized: async () => false };
}

/** A renewal that was skipped because the new refresh token could not be stored. */
export class RenewalSkipped extends TapError {
  override readonly name = 'RenewalSkipped';

  constructor() {
    const text =
      'the access token has expired or is refused. This command does not renew it, because a refresh token works ' +
      'only once and no file can store the next one. Set token_file';
    super(text, { kind: 'config', endsRun: true });
  }
}
