import { TapError } from '../core/errors.ts';
import type { Credentials } from '../http/client.ts';

/** Tokens that were got together, as far as there are any. */
export interface PartialTokens {
  readonly accessToken?: string | undefined;
  readonly refreshToken?: string | undefined;
  /** ms since 1970 by our clock, where it is known. */
  readonly obtainedMs?: number | undefined;
  /** When the access token ends, ms since 1970 by our clock, where it is known. */
  readonly expiresMs?: number | undefined;
}

export interface Tokens extends PartialTokens {
  readonly accessToken: string;
}

export interface OAuthClient {
  readonly clientId: string;
  /** A client without one is public. */
  readonly clientSecret?: string | undefined;
}

/** What a store holds; maybe no tokens yet. */
export interface StoredTokens extends PartialTokens {
  /** Of the client the tokens were issued to, where the store has it. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** A run began to renew them at this time, ISO, and has not stored new ones. */
  readonly renewingSince?: string | undefined;
  /** Are the config's tokens others than those that these come from, and so newer? */
  readonly isSuperseded: boolean;
}

export interface TokenStore {
  /** What it holds now, which another run may have put there. @throws TapError (config) when it cannot be read. */
  readonly read: () => Promise<StoredTokens | undefined>;
  /** Runs `work` while no other run does. @throws TapError when the store cannot be locked. */
  readonly withLock: <T>(work: () => Promise<T>) => Promise<T>;
  /** Notes that tokens are being renewed: proof that new ones can be kept. @throws TapError when it cannot be written. */
  readonly beginRenewal: () => Promise<void>;
  /** Takes that note back. */
  readonly cancelRenewal: () => Promise<void>;
  /** Resolves once the tokens are safe. @throws TapError when they cannot be written. */
  readonly save: (tokens: Tokens) => Promise<void>;
}

export function bearerHeaders(accessToken: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${accessToken}` };
}

/** A Chat OAuth token; a Support token is refused by this API. */
export function bearerCredentials(accessToken: string): Credentials {
  const headers = bearerHeaders(accessToken);
  return { headers: async () => headers, onUnauthorized: async () => false };
}

/** A renewal that was due and not made, since the new refresh token would be lost. */
export class RenewalSkipped extends TapError {
  override readonly name = 'RenewalSkipped';

  constructor() {
    const text =
      'the access token has expired or is refused, and it is not renewed here: the refresh token works only ' +
      'once, and there is no place to keep the next one. Set token_file';
    super(text, { kind: 'config', endsRun: true });
  }
}
