import { createHash, randomBytes } from 'node:crypto';
import type { Switches } from './switches.ts';

/** An OAuth client of the account. */
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
const standardLifeSeconds = 36_000;
const codeLifeMs = 600_000;

/** What a token endpoint gives out. */
export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token?: string;
}

/** What the user was asked for, and allowed. */
export interface Allowed {
  readonly clientId: string;
  readonly redirectUri: string;
  /** PKCE, S256; undefined: the client sent none. */
  readonly challenge: string | undefined;
}

interface Code extends Allowed {
  readonly untilMs: number;
}

interface RefreshToken {
  readonly clientId: string;
  isSpent: boolean;
}

export interface ProviderOptions {
  readonly clients: readonly OAuthClient[];
  /** The token that is accepted from the start. */
  readonly token: string;
  /** Seconds an access token lives, that one included. undefined: ten hours, and that one for ever. */
  readonly tokenLife: number | undefined;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

/** The clients, codes and tokens of an account. */
export interface Provider {
  /** Seconds. */
  readonly lifeSeconds: number;
  /** A client that is known and not revoked. */
  client(id: string): OAuthClient | undefined;
  /** Is this `authorization` header that of a living access token? */
  accepts(authorization: string | undefined): boolean;
  /** A fresh access token, and a refresh token beside it where there is a user. */
  issue(clientId: string, withRefresh: boolean): TokenPair;
  /** A code for what the user has allowed. */
  issueCode(allowed: Allowed): string;
  /** Uses up a code; false: unknown, expired, used before, another client's, or without the right verifier. */
  redeemCode(code: string, proof: Omit<Allowed, 'challenge'> & { verifier: string }): boolean;
  /** Uses up a refresh token; undefined: unknown, another client's, or used before. */
  redeemRefresh(token: string, clientId: string): TokenPair | undefined;
  /** All access tokens there are expire now. */
  expire(): void;
  /** All refresh tokens there are end now. */
  revoke(): void;
}

function randomText(): string {
  return randomBytes(24).toString('base64url');
}

/** Compared by their hashes, so that the time it takes tells nothing. */
export function isSame(left: string, right: string): boolean {
  return hash(left) === hash(right);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Access tokens, and when each one ends. */
function createAccessTokens({ token, tokenLife, now }: ProviderOptions, lifeSeconds: number) {
  const ends = new Map([[token, tokenLife === undefined ? Infinity : now() + lifeSeconds * 1000]]);
  return {
    accepts: (authorization = ''): boolean => {
      const given = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
      return (ends.get(given) ?? 0) > now();
    },
    issue: (): string => {
      const issued = `access-${randomText()}`;
      ends.set(issued, now() + lifeSeconds * 1000);
      return issued;
    },
    expire: (): void => ends.clear(),
  };
}

function createCodes(now: () => number): Pick<Provider, 'issueCode' | 'redeemCode'> {
  const codes = new Map<string, Code>();
  return {
    issueCode(allowed) {
      const code = `code-${randomText()}`;
      codes.set(code, { ...allowed, untilMs: now() + codeLifeMs });
      return code;
    },
    redeemCode(code, { clientId, redirectUri, verifier }) {
      const found = codes.get(code);
      if (found === undefined || found.clientId !== clientId) return false;
      codes.delete(code);
      const isProven = found.challenge === undefined || found.challenge === hash(verifier);
      return isProven && found.redirectUri === redirectUri && found.untilMs > now();
    },
  };
}

export function createProvider(options: ProviderOptions): Provider {
  const { clients, now, switches, tokenLife } = options;
  const lifeSeconds = tokenLife ?? standardLifeSeconds;
  const { accepts, issue: issueAccess, expire } = createAccessTokens(options, lifeSeconds);
  const refreshTokens = new Map<string, RefreshToken>();

  const issue: Provider['issue'] = (clientId, withRefresh) => {
    const access_token = issueAccess();
    if (!withRefresh) return { access_token };
    const refresh_token = `refresh-${randomText()}`;
    refreshTokens.set(refresh_token, { clientId, isSpent: false });
    return { access_token, refresh_token };
  };

  return {
    ...createCodes(now),
    lifeSeconds,
    client: (id) => clients.find((one) => one.id === id && one.isRevoked !== true),
    accepts,
    issue,
    redeemRefresh(token, clientId) {
      const found = refreshTokens.get(token);
      if (found === undefined || found.clientId !== clientId || found.isSpent) return undefined;
      if (switches().oldAccessTokens === 'revoked') expire();
      if (switches().refreshTokens === 'kept') return issue(clientId, false);
      found.isSpent = true;
      return issue(clientId, true);
    },
    expire,
    revoke: () => refreshTokens.clear(),
  };
}
