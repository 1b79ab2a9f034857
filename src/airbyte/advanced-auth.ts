/**
 * How the platform itself lets a user sign in: the code flow on the account's own host, as its declarative OAuth
 * takes it. Words in double braces are the platform's.
 */
import type { JsonObject } from '../json.ts';

const text = { type: 'string' };

function textIn(...path: readonly string[]): JsonObject {
  return { ...text, path_in_connector_config: [...path] };
}

/** A token of the answer, and the key that holds it. */
function tokenIn(name: string): JsonObject {
  return { ...textIn('credentials', name), path_in_oauth_response: [name] };
}

const host = 'https://{{ subdomain }}.zendesk.com/oauth2/chat';
const consentQuery =
  'response_type=code&{{ client_id_key }}={{ client_id_value }}&' +
  '{{ redirect_uri_key }}={{ redirect_uri_value | urlencode }}&{{ scope_key }}={{ scope_value | urlencode }}&' +
  '{{ state_key }}={{ state_value }}';

export const advancedAuth: JsonObject = {
  auth_flow_type: 'oauth2.0',
  predicate_key: ['credentials', 'credentials'],
  predicate_value: 'oauth2.0',
  oauth_config_specification: {
    oauth_user_input_from_connector_config_specification: {
      type: 'object',
      properties: { subdomain: textIn('subdomain') },
    },
    oauth_connector_input_specification: {
      consent_url: `${host}/authorizations/new?${consentQuery}`,
      scope: 'read chat',
      access_token_url: `${host}/token`,
      access_token_headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      access_token_params: {
        grant_type: 'authorization_code',
        code: '{{ auth_code_value }}',
        client_id: '{{ client_id_value }}',
        client_secret: '{{ client_secret_value }}',
        redirect_uri: '{{ redirect_uri_value }}',
        scope: '{{ scope_value }}',
      },
      extract_output: ['access_token', 'refresh_token'],
    },
    complete_oauth_output_specification: {
      type: 'object',
      additionalProperties: true,
      properties: {
        access_token: tokenIn('access_token'),
        refresh_token: tokenIn('refresh_token'),
      },
    },
    complete_oauth_server_input_specification: {
      type: 'object',
      additionalProperties: true,
      properties: { client_id: text, client_secret: text },
    },
    complete_oauth_server_output_specification: {
      type: 'object',
      additionalProperties: true,
      properties: {
        client_id: textIn('credentials', 'client_id'),
        client_secret: textIn('credentials', 'client_secret'),
      },
    },
  },
};
