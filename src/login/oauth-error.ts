import { foreign } from '../core/foreign-text.ts';

/** Explanations of OAuth error codes (RFC 6749, 4.1.2.1 and 4.2.2.1). */
const errorDescriptions: Readonly<Record<string, string>> = {
  access_denied: 'access was denied in the browser: run the command again, and choose Allow',
  invalid_client: 'Zendesk does not know this API client: check --client-id',
  unauthorized_client:
    'this API client may not use this OAuth flow: sign in with its client secret, or without it',
  redirect_uri_mismatch:
    'the redirect URL is not registered for this API client: add ADDRESS to it',
  invalid_scope: 'this API client may not use the scopes read and chat',
  unsupported_response_type:
    'Zendesk does not support this OAuth flow: sign in with a client secret, or without one',
  server_error: 'Zendesk reports an internal error: try again later',
  temporarily_unavailable: 'Zendesk is unavailable: try again later',
};

/**
 * @param key The requested value: a token, or a code that is exchanged for one.
 * @returns Why the answer does not contain the value; `undefined` if it does.
 */
export function describeOAuthError(
  answer: URLSearchParams,
  key: 'access_token' | 'code',
  redirectUri: string,
): string | undefined {
  const error = answer.get('error');
  if (error === null) {
    if (/^[!-~]+$/.test(answer.get(key) ?? '')) return undefined;
    return `Zendesk's answer contains no ${key}: run the command again, and check the client ID`;
  }
  const description = errorDescriptions[error];
  if (description !== undefined) return description.replace('ADDRESS', redirectUri);
  const isErrorCode = /^[a-z_]{1,40}$/.test(error);
  return `Zendesk rejected the sign-in${isErrorCode ? ` (${foreign(error)})` : ''}: check the client ID and its redirect URL`;
}
