import { text } from 'node:stream/consumers';
import { consentPage, errorPage } from './pages.ts';
import type { OAuthClient, OAuthProvider } from './provider.ts';
import { htmlHeaders, type RequestListener } from '../api/reply.ts';

export const authorizePath = '/oauth2/chat/authorizations/new';

const anyPortOfLocalhost: readonly string[] = ['http://localhost'];

function isRegistered({ redirectUrls = anyPortOfLocalhost }: OAuthClient, url: string): boolean {
  const withoutPort = url.replace(/^http:\/\/localhost:\d+\/?$/, 'http://localhost');
  return redirectUrls.includes(url) || redirectUrls.includes(withoutPort);
}

interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly responseType: string;
  readonly fields: URLSearchParams;
}

/** Returns the request, or the reason why the browser cannot be redirected. */
function readRequest(fields: URLSearchParams, provider: OAuthProvider) {
  const [clientId, redirectUri] = [fields.get('client_id') ?? '', fields.get('redirect_uri') ?? ''];
  const client = provider.client(clientId);
  if (client === undefined) return 'Invalid client: there is no API client with this client_id.';
  if (!isRegistered(client, redirectUri))
    return `Invalid redirect URL: ${redirectUri} is not registered for this API client.`;
  return { clientId, redirectUri, responseType: fields.get('response_type') ?? '', fields };
}

/** The parameters of the redirect to the client. */
function redirectParameters(request: AuthorizationRequest, provider: OAuthProvider) {
  const { clientId, redirectUri, responseType, fields } = request;
  if (responseType !== 'code' && responseType !== 'token')
    return { error: 'unsupported_response_type' };
  if (fields.get('decision') !== 'allow')
    return { error: 'access_denied', error_description: 'The user has denied access.' };
  if (responseType === 'code') {
    const challenge = fields.get('code_challenge') ?? undefined;
    return { code: provider.issueCode({ clientId, redirectUri, challenge }) };
  }
  const { access_token } = provider.issue(clientId, false);
  return { access_token, token_type: 'Bearer', scope: fields.get('scope') ?? 'read chat' };
}

function redirectTarget(request: AuthorizationRequest, provider: OAuthProvider): string {
  const parameters = new URLSearchParams(redirectParameters(request, provider));
  const state = request.fields.get('state');
  if (state !== null) parameters.set('state', state);
  const mark = request.responseType === 'token' ? '#' : '?';
  return `${request.redirectUri}${mark}${parameters.toString()}`;
}

/** The consent page: GET shows it, its buttons POST the decision. */
export function createAuthorizeListener(provider: OAuthProvider): RequestListener {
  return async (incoming, outgoing, url) => {
    const isDecision = incoming.method === 'POST';
    // The form may omit the fields that are in the URL of the page.
    const posted = isDecision ? new URLSearchParams(await text(incoming)) : [];
    const fields = new URLSearchParams([...url.searchParams, ...posted]);
    const request = readRequest(fields, provider);
    if (typeof request === 'string') {
      outgoing.writeHead(400, htmlHeaders).end(errorPage(request));
    } else if (isDecision) {
      outgoing.writeHead(302, { location: redirectTarget(request, provider) }).end();
    } else {
      const page = consentPage(request.clientId, authorizePath, fields);
      outgoing.writeHead(200, htmlHeaders).end(page);
    }
  };
}
