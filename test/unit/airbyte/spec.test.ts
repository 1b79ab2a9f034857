import { expect, test } from '@jest/globals';

import { airbyteSpec } from '../../../src/airbyte/spec.ts';
import { readConfigSchema } from '../../../src/config/config.ts';
import { readPackageFile } from '../../../src/core/package-files.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { authorizePath, tokenPath } from '../../../src/zendesk/grants.ts';

interface Output {
  readonly properties: Readonly<
    Record<string, { readonly path_in_connector_config: readonly string[] }>
  >;
}

interface Spec {
  readonly documentationUrl: string;
  readonly advanced_auth: {
    readonly predicate_key: readonly string[];
    readonly predicate_value: string;
    readonly oauth_config_specification: {
      readonly oauth_connector_input_specification: Readonly<
        Record<'consent_url' | 'access_token_url', string>
      >;
      readonly complete_oauth_output_specification: Output;
      readonly complete_oauth_server_output_specification: Output;
    };
  };
  readonly connectionSpecification: {
    readonly required: readonly string[];
    readonly properties: Readonly<Record<string, JsonObject>>;
  };
}

const spec = JSON.parse(JSON.stringify(airbyteSpec(readConfigSchema()))) as Spec;
const { properties, required } = spec.connectionSpecification;
const branches = properties['credentials']?.['oneOf'] as unknown as readonly Readonly<
  Record<'properties', Record<string, JsonObject>>
>[];

test('the form begins with subdomain, start date and authorization, and only the subdomain is required', () => {
  const orders = Object.entries(properties).map(([name, { order }]) => [name, order]);
  expect(orders.slice(0, 3)).toEqual([
    ['subdomain', 0],
    ['start_date', 1],
    ['credentials', 2],
  ]);
  expect(required).toEqual(['subdomain']);
});

test('settings without an effect in Airbyte are not in the form', () => {
  const names = ['extra_streams', 'log_format', 'log_metrics', 'login', 'authorization'];
  const deprecated = ['chat_search_interval_days', 'chats_full_sync_days'];
  for (const name of ['access_token', 'token_file', ...names, ...deprecated])
    expect(properties).not.toHaveProperty(name);
});

test('the form links to documentation, the same as the connector’s metadata', () => {
  const metadata = readPackageFile('metadata.yaml');
  expect(metadata).toContain(`documentationUrl: ${spec.documentationUrl}\n`);
  expect(new URL(spec.documentationUrl).protocol).toBe('https:');
});

test('credentials have the two forms, the access token first, and the names that stored configs have', () => {
  const forms = branches.map(({ properties: inner }) => [
    inner['credentials']?.['const'],
    ...Object.keys(inner),
  ]);
  expect(forms).toEqual([
    ['access_token', 'credentials', 'access_token'],
    ['oauth2.0', 'credentials', 'client_id', 'client_secret', 'access_token', 'refresh_token'],
  ]);
});

test('the platform signs in on the account’s own host and stores the result in the properties of the form', () => {
  const { advanced_auth: auth } = spec;
  const parts = auth.oauth_config_specification;
  const { consent_url, access_token_url } = parts.oauth_connector_input_specification;
  expect(consent_url.split('?')[0]).toBe(`https://{{ subdomain }}.zendesk.com${authorizePath}`);
  expect(access_token_url).toBe(`https://{{ subdomain }}.zendesk.com${tokenPath}`);
  const [group = '', key = ''] = auth.predicate_key;
  const branch = branches[1]?.properties ?? {};
  expect([group, branch[key]?.['const']]).toEqual(['credentials', auth.predicate_value]);
  const outputs = [
    parts.complete_oauth_output_specification,
    parts.complete_oauth_server_output_specification,
  ].flatMap((output) => Object.values(output.properties));
  const found = outputs.map(({ path_in_connector_config: [first, name = ''] }) => [
    first,
    name in branch,
  ]);
  expect(found).toEqual([group, group, group, group].map((first) => [first, true]));
});
