/** What an answer that is no token means (RFC 6749, 4.1.2.1 and 4.2.2.1). */
const errorDescriptions: Readonly<Record<string, string>> = {
  access_denied: 'access was denied in the browser: run the command again, and choose Allow',
  invalid_client: 'Zendesk does not know this API client: check --client-id',
  unauthorized_client:
    'this API client may not use this flow: sign in with its client secret, or without one',
  redirect_uri_mismatch:
    'the redirect URL is not registered for this API client: add ADDRESS to it',
  invalid_scope: 'this API client may not use the scopes read and chat',
  unsupported_response_type:
    'Zendesk does not offer this flow: sign in with a client secret, or without one',
  server_error: 'Zendesk reports an internal error: try again later',
  temporarily_unavailable: 'Zendesk is not available: try again later',
};

/**
 * @param key of what was asked for: a token, or a code for one
 * @returns why it is not in the answer; `undefined`: it is
 */
export function describeOAuthError(
  answer: URLSearchParams,
  key: 'access_token' | 'code',
  redirectUri: string,
): string | undefined {
  const error = answer.get('error');
  if (error === null) {
    if (/^[!-~]+$/.test(answer.get(key) ?? '')) return undefined;
    return `the answer of Zendesk holds no ${key}: run the command again, and check the client id`;
  }
  const description = errorDescriptions[error];
  if (description !== undefined) return description.replace('ADDRESS', redirectUri);
  const isErrorCode = /^[a-z_]{1,40}$/.test(error);
  return `Zendesk refuses the sign-in${isErrorCode ? ` (${error})` : ''}: check the client id and its redirect URL`;
}
