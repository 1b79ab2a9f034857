import { createHash, randomBytes } from 'node:crypto';
import type { Switches } from '../program/switches.ts';

export interface OAuthClient {
  readonly id: string;
  /** A client without a secret can use the implicit flow and the code flow with PKCE. */
  readonly secret?: string;
  /** Only a confidential client can use client credentials. Default: `confidential` if there is a secret. */
  readonly type?: 'confidential' | 'public';
  /** Allowed redirect URLs. Default: http://localhost with any port. */
  readonly redirectUrls?: readonly string[];
  /** The client was deleted. */
  readonly isRevoked?: boolean;
}

export const defaultClients: readonly OAuthClient[] = [
  { id: 'sandbox-client', secret: 'sandbox-secret' },
  { id: 'sandbox-public' },
  // The examples of the documentation use it.
  { id: 'CLIENT_ID', secret: 'CLIENT_SECRET' },
  { id: 'revoked-client', secret: 'sandbox-secret', isRevoked: true },
];

/** Default lifetime of an access token: ten hours, as in the example of the API documentation. */
const defaultLifeSeconds = 36_000;
const codeLifeMs = 600_000;

export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token?: string;
}

/** An authorization that the user has granted. */
export interface AuthorizationGrant {
  readonly clientId: string;
  readonly redirectUri: string;
  /** The PKCE challenge (S256); undefined if the client sent none. */
  readonly challenge: string | undefined;
}

export interface OAuthProviderOptions {
  readonly clients: readonly OAuthClient[];
  /** The initial access token. */
  readonly token: string;
  /** Lifetime of access tokens in seconds. undefined: ten hours, and no limit for the initial token. */
  readonly tokenLife: number | undefined;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

/** Compares hashes, so that the time it takes reveals nothing about the secret. */
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
  /** Lifetime of an access token in seconds. */
  readonly lifeSeconds: number;
  readonly #options: OAuthProviderOptions;
  /** The expiry of each access token, in ms since 1970. */
  readonly #ends = new Map<string, number>();
  readonly #codes = new Map<string, AuthorizationGrant & { readonly untilMs: number }>();
  /** The client of each valid refresh token. */
  readonly #refreshTokens = new Map<string, string>();

  constructor(options: OAuthProviderOptions) {
    const { token, tokenLife, now } = options;
    this.#options = options;
    this.lifeSeconds = tokenLife ?? defaultLifeSeconds;
    this.#ends.set(token, tokenLife === undefined ? Infinity : now() + tokenLife * 1000);
  }

  /** Finds a client that is not revoked. */
  client(id: string): OAuthClient | undefined {
    return this.#options.clients.find((one) => one.id === id && one.isRevoked !== true);
  }

  /** Whether the `authorization` header contains a valid access token. */
  accepts(authorization = ''): boolean {
    const given = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
    return (this.#ends.get(given) ?? 0) > this.#options.now();
  }

  /** Issues an access token and, for a sign-in by a user, a refresh token. */
  issue(clientId: string, withRefresh: boolean): TokenPair {
    const access_token = randomText('access');
    this.#ends.set(access_token, this.#options.now() + this.lifeSeconds * 1000);
    if (!withRefresh) return { access_token };
    const refresh_token = randomText('refresh');
    this.#refreshTokens.set(refresh_token, clientId);
    return { access_token, refresh_token };
  }

  /** Issues an authorization code. */
  issueCode(grant: AuthorizationGrant): string {
    const code = randomText('code');
    this.#codes.set(code, { ...grant, untilMs: this.#options.now() + codeLifeMs });
    return code;
  }

  /** Redeems a code. Returns false if it is unknown, expired, used or of another client, or the verifier is wrong. */
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

  /** Redeems a refresh token. Returns undefined if it is unknown, used or of another client. */
  redeemRefresh(token: string, clientId: string): TokenPair | undefined {
    if (this.#refreshTokens.get(token) !== clientId) return undefined;
    const { oldAccessTokens, refreshTokens } = this.#options.switches();
    if (oldAccessTokens === 'revoked') this.expire();
    if (refreshTokens === 'kept') return this.issue(clientId, false);
    this.#refreshTokens.delete(token);
    return this.issue(clientId, true);
  }

  /** Expires all access tokens. */
  expire(): void {
    this.#ends.clear();
  }

  /** Revokes all refresh tokens. */
  revoke(): void {
    this.#refreshTokens.clear();
  }
}
