/** OAuth 2.0 grants of Zendesk Chat, with oauth4webapi and the tap's HTTP client. */
import type * as OAuth from 'oauth4webapi';

import { HttpError, TapError } from '../core/errors.ts';
import type { HttpClient } from '../http/client.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { OAuthClient, Tokens } from './credentials.ts';

/** Paths on the account's host. */
export const authorizePath = '/oauth2/chat/authorizations/new';
export const tokenPath = '/oauth2/chat/token';

export interface GrantOptions extends OAuthClient {
  readonly post: HttpClient['post'];
  /** ms since 1970. */
  readonly now: () => number;
}

export class GrantRejected extends TapError {
  override readonly name = 'GrantRejected';
  /** An error code of RFC 6749, 5.2, such as `invalid_grant`; `''` if the response has none. */
  readonly code: string;

  constructor(code: string, why: string, cause?: unknown) {
    super(`the token endpoint refuses the request (${why})`, { kind: 'config', cause });
    this.code = code;
  }
}

/** A placeholder: the tap's HTTP client determines the host. */
const authorizationServer = {
  issuer: 'https://zendesk.invalid',
  token_endpoint: `https://zendesk.invalid${tokenPath}`,
};

type SendGrant = (oauth: typeof OAuth, context: GrantContext) => Promise<Response>;

/** Each grant resolves with new tokens. @throws GrantRejected, or TapError if there is no valid response. */
export class Grants {
  readonly #options: GrantOptions;

  constructor(options: GrantOptions) {
    this.#options = options;
  }

  refresh(refreshToken: string): Promise<Tokens> {
    return this.#grant((oauth, { client, auth, http }) =>
      oauth.refreshTokenGrantRequest(authorizationServer, client, auth, refreshToken, http),
    );
  }

  clientCredentials(): Promise<Tokens> {
    return this.#grant((oauth, { client, auth, http }) =>
      oauth.clientCredentialsGrantRequest(authorizationServer, client, auth, { scope }, http),
    );
  }

  /** Exchanges a code. The caller has checked its state. URI and verifier are those of the authorization request. */
  authorizationCode(code: string, redirectUri: string, verifier: string): Promise<Tokens> {
    return this.#grant((oauth, { client, auth, http }) => {
      const query = new URLSearchParams({ code });
      const answer = oauth.validateAuthResponse(authorizationServer, client, query);
      const args = [authorizationServer, client, auth, answer, redirectUri, verifier] as const;
      const more = { additionalParameters: { scope }, ...http };
      return oauth.authorizationCodeGrantRequest(...args, more);
    });
  }

  async #grant(sendGrant: SendGrant): Promise<Tokens> {
    const oauth = await import('oauth4webapi');
    const { clientId: client_id, clientSecret, now, post } = this.#options;
    const client = { client_id };
    // The secret is in the form, as in every known client of this API.
    const auth = clientSecret === undefined ? oauth.None() : oauth.ClientSecretPost(clientSecret);
    const http: OAuth.TokenEndpointRequestOptions = {
      [oauth.customFetch]: async (_url: string, { body }) =>
        Response.json(normalizeTokenResponse(await sendTokenRequest(post, body))),
    };
    const startMs = now();
    const response = await sendGrant(oauth, { client, auth, http });
    try {
      // All grants have the same response format.
      const answer = await oauth.processRefreshTokenResponse(authorizationServer, client, response);
      return tokensFromResponse(answer, startMs);
    } catch (cause) {
      throw new TapError('the token endpoint sends no valid tokens', { kind: 'system', cause });
    }
  }
}

/** Read access is enough. */
export const scope = 'read chat';

interface GrantContext {
  readonly client: OAuth.Client;
  readonly auth: OAuth.ClientAuth;
  readonly http: OAuth.TokenEndpointRequestOptions;
}

/** The reason of a token request for the log, by grant type. */
const grantReasons: Readonly<Record<string, string>> = {
  refresh_token: 'token refresh',
  client_credentials: 'token for the client',
  authorization_code: 'sign-in',
};

async function sendTokenRequest(post: HttpClient['post'], body: unknown): Promise<Json> {
  if (!(body instanceof URLSearchParams)) throw new Error('a token request is a form');
  try {
    const reason = grantReasons[body.get('grant_type') ?? ''] ?? 'token';
    const answer = await post({ path: tokenPath, form: body, acceptsError: isRejection, reason });
    if (!isRejection(answer)) return answer;
    const code = errorCodeIn(answer);
    const error = code === '' ? 'an error' : `the error ${code}`;
    throw new GrantRejected(code, `answers 200 with ${error}`);
  } catch (error) {
    if (!(error instanceof HttpError) || error.kind === 'transient') throw error;
    const isRejected = error.status !== undefined && [400, 401, 403].includes(error.status);
    if (!isRejected) throw error;
    throw new GrantRejected(errorCodeIn(error.body), error.why, error);
  }
}

/** Temporary errors of RFC 6749, 4.1.2.1, and RFC 8628, after which a retry may succeed. */
const transientErrors = new Set(['server_error', 'temporarily_unavailable', 'slow_down']);

/** Whether the response is an OAuth error, which some servers send with status 200. */
function isRejection(answer: Json): boolean {
  const error = isJsonObject(answer) ? answer['error'] : undefined;
  return typeof error === 'string' && /^[a-z_]+$/.test(error) && !transientErrors.has(error);
}

const errorCodes: ReadonlySet<unknown> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);

function errorCodeIn(body: unknown): string {
  const code = isJsonObject(body) ? body['error'] : undefined;
  return typeof code === 'string' && errorCodes.has(code) ? code : '';
}

/**
 * Keeps the relevant keys of a token response. Ignores an `expires_in` that is not a number or less than a second.
 * `token_type` defaults to Bearer.
 */
function normalizeTokenResponse(answer: Json): JsonObject {
  if (!isJsonObject(answer)) return {};
  const { access_token, refresh_token, expires_in } = answer;
  const isKnown = typeof expires_in === 'number' && expires_in >= 1;
  return {
    token_type: answer['token_type'] ?? 'bearer',
    ...(access_token !== undefined && { access_token }),
    ...(typeof refresh_token === 'string' && refresh_token !== '' && { refresh_token }),
    ...(isKnown && { expires_in }),
  };
}

/** Characters that are valid in a header. */
const tokenPattern = /^[!-~]+$/;

/** A lifetime of more than 100 years counts as unlimited. */
const maxLifetimeMs = 100 * 365 * 86_400_000;

type TokenResponse = Pick<
  OAuth.TokenEndpointResponse,
  'access_token' | 'refresh_token' | 'expires_in'
>;

export function tokensFromResponse(answer: TokenResponse, obtainedMs: number): Tokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = answer;
  if (!tokenPattern.test(accessToken)) throw new Error('a token that no header can carry');
  const lifetimeMs = seconds === undefined ? Infinity : seconds * 1000;
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    obtainedMs,
    ...(lifetimeMs <= maxLifetimeMs && { expiresMs: obtainedMs + lifetimeMs }),
  };
}
