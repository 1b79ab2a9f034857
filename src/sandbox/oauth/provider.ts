import { createHash, randomBytes } from 'node:crypto';
import type { Switches } from '../program/switches.ts';

export interface OAuthClient {
  readonly id: string;
  /** A client without one can use the implicit flow, and the code flow with PKCE alone. */
  readonly secret?: string;
  /** Only a confidential client may ask for a token without a user. Default: `confidential` with a secret. */
  readonly type?: 'confidential' | 'public';
  /** Where the browser may be sent back to. Default: http://localhost with any port. */
  readonly redirectUrls?: readonly string[];
  /** It existed once. */
  readonly isRevoked?: boolean;
}

export const defaultClients: readonly OAuthClient[] = [
  { id: 'sandbox-client', secret: 'sandbox-secret' },
  { id: 'sandbox-public' },
  { id: 'revoked-client', secret: 'sandbox-secret', isRevoked: true },
];

/** How long an access token lives unless an option says otherwise: the ten hours of the API page's example. */
const defaultLifeSeconds = 36_000;
const codeLifeMs = 600_000;

export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token?: string;
}

/** What the user was asked for, and allowed. */
export interface AuthorizationGrant {
  readonly clientId: string;
  readonly redirectUri: string;
  /** PKCE, S256; undefined: the client sent none. */
  readonly challenge: string | undefined;
}

export interface OAuthProviderOptions {
  readonly clients: readonly OAuthClient[];
  /** The token that is accepted from the start. */
  readonly token: string;
  /** Seconds an access token lives, that one included. undefined: ten hours, and that one for ever. */
  readonly tokenLife: number | undefined;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

/** Compared by their hashes, so that the time it takes tells nothing. */
export function secretsAreEqual(left: string, right: string): boolean {
  return hash(left) === hash(right);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function randomText(kind: 'access' | 'code' | 'refresh'): string {
  return `${kind}-${randomBytes(24).toString('base64url')}`;
}

/** The clients, codes and tokens of an account. */
export class OAuthProvider {
  /** Of an access token. */
  readonly lifeSeconds: number;
  readonly #options: OAuthProviderOptions;
  /** When each access token ends, ms since 1970. */
  readonly #ends = new Map<string, number>();
  readonly #codes = new Map<string, AuthorizationGrant & { readonly untilMs: number }>();
  /** The client of each refresh token that may be used. */
  readonly #refreshTokens = new Map<string, string>();

  constructor(options: OAuthProviderOptions) {
    const { token, tokenLife, now } = options;
    this.#options = options;
    this.lifeSeconds = tokenLife ?? defaultLifeSeconds;
    this.#ends.set(token, tokenLife === undefined ? Infinity : now() + tokenLife * 1000);
  }

  /** A client that is known and not revoked. */
  client(id: string): OAuthClient | undefined {
    return this.#options.clients.find((one) => one.id === id && one.isRevoked !== true);
  }

  /** Is this `authorization` header that of a living access token? */
  accepts(authorization = ''): boolean {
    const given = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
    return (this.#ends.get(given) ?? 0) > this.#options.now();
  }

  /** A fresh access token, and a refresh token beside it where there is a user. */
  issue(clientId: string, withRefresh: boolean): TokenPair {
    const access_token = randomText('access');
    this.#ends.set(access_token, this.#options.now() + this.lifeSeconds * 1000);
    if (!withRefresh) return { access_token };
    const refresh_token = randomText('refresh');
    this.#refreshTokens.set(refresh_token, clientId);
    return { access_token, refresh_token };
  }

  /** A code for what the user has allowed. */
  issueCode(grant: AuthorizationGrant): string {
    const code = randomText('code');
    this.#codes.set(code, { ...grant, untilMs: this.#options.now() + codeLifeMs });
    return code;
  }

  /** Uses up a code; false: unknown, expired, used before, another client's, or without the right verifier. */
  redeemCode(
    code: string,
    proof: Omit<AuthorizationGrant, 'challenge'> & { verifier: string },
  ): boolean {
    const { clientId, redirectUri, verifier } = proof;
    const found = this.#codes.get(code);
    if (found === undefined || found.clientId !== clientId) return false;
    this.#codes.delete(code);
    const isProven = found.challenge === undefined || found.challenge === hash(verifier);
    return isProven && found.redirectUri === redirectUri && found.untilMs > this.#options.now();
  }

  /** Uses up a refresh token; undefined: unknown, another client's, or used before. */
  redeemRefresh(token: string, clientId: string): TokenPair | undefined {
    if (this.#refreshTokens.get(token) !== clientId) return undefined;
    const { oldAccessTokens, refreshTokens } = this.#options.switches();
    if (oldAccessTokens === 'revoked') this.expire();
    if (refreshTokens === 'kept') return this.issue(clientId, false);
    this.#refreshTokens.delete(token);
    return this.issue(clientId, true);
  }

  /** All access tokens there are expire now. */
  expire(): void {
    this.#ends.clear();
  }

  /** All refresh tokens there are end now. */
  revoke(): void {
    this.#refreshTokens.clear();
  }
}
