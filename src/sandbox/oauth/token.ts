import { secretsAreEqual, type OAuthProvider, type TokenPair } from './provider.ts';
import { jsonHeaders, type Reply } from '../api/reply.ts';
import type { Switches } from '../program/switches.ts';

export const tokenPath = '/oauth2/chat/token';

export interface TokenRequest {
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
}

const noStore = { ...jsonHeaders, 'cache-control': 'no-store' };

function reply(status: number, body: object): Reply {
  return { status, headers: noStore, body: JSON.stringify(body), items: 0, ids: [] };
}

/** An error response of RFC 6749, 5.2. */
function oauthError(error: string, description: string, status = 400): Reply {
  return reply(status, { error, error_description: description });
}

/** The `expires_in` of the response, by switch. */
const expiresIn: Readonly<Record<Switches['expiresIn'], (seconds: number) => object>> = {
  present: (seconds) => ({ expires_in: seconds }),
  absent: () => ({}),
  zero: () => ({ expires_in: 0 }),
  text: () => ({ expires_in: 'soon' }),
  huge: () => ({ expires_in: 1e300 }),
};

/** The client id and secret from the form or from HTTP basic authentication. */
function clientOf({ form, authorization = '' }: TokenRequest) {
  const basic = /^Basic (.+)$/.exec(authorization)?.[1];
  if (basic === undefined) return [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return [decodeURIComponent(id), decodeURIComponent(secret)];
}

export function createTokenEndpoint(
  provider: OAuthProvider,
  switches: () => Switches,
): (request: TokenRequest) => Reply {
  const tokenReply = (pair: TokenPair): Reply =>
    reply(200, {
      ...pair,
      token_type: 'Bearer',
      scope: 'read chat',
      ...expiresIn[switches().expiresIn](provider.lifeSeconds),
    });

  return (request) => {
    const { form } = request;
    const [id = '', secret = ''] = clientOf(request);
    const client = provider.client(id);
    if (client === undefined) return oauthError('invalid_client', 'The client is unknown.', 401);
    if (!secretsAreEqual(client.secret ?? '', secret))
      return oauthError('invalid_client', 'The client secret is wrong.', 401);
    const field = (name: string): string => form.get(name) ?? '';
    switch (field('grant_type')) {
      case 'authorization_code': {
        const redirectUri = field('redirect_uri');
        const proof = { clientId: id, redirectUri, verifier: field('code_verifier') };
        if (provider.redeemCode(field('code'), proof)) return tokenReply(provider.issue(id, true));
        return oauthError('invalid_grant', 'The code is unknown, used or not for this request.');
      }
      case 'refresh_token': {
        const pair = provider.redeemRefresh(field('refresh_token'), id);
        if (pair !== undefined) return tokenReply(pair);
        return oauthError('invalid_grant', 'The refresh token is unknown, revoked or used before.');
      }
      case 'client_credentials': {
        const isConfidential = client.secret !== undefined && client.type !== 'public';
        if (isConfidential) return tokenReply(provider.issue(id, false));
        return oauthError('invalid_client', 'The client is not confidential.', 401);
      }
      default:
        return oauthError('unsupported_grant_type', 'There is no such grant type.');
    }
  };
}
