import { expect, test } from '@jest/globals';

import { airbyteSpec } from '../../../src/airbyte/spec.ts';
import { readConfigSchema } from '../../../src/config.ts';
import type { Json, JsonObject } from '../../../src/json.ts';
import { authorizePath, tokenPath } from '../../../src/zendesk/grants.ts';

interface Output {
  readonly properties: Readonly<
    Record<string, { readonly path_in_connector_config: readonly string[] }>
  >;
}

interface Spec {
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
    readonly additionalProperties: boolean;
  };
}

const spec = JSON.parse(JSON.stringify(airbyteSpec(readConfigSchema()))) as Spec;
const { properties, required } = spec.connectionSpecification;

interface Place {
  readonly path: string;
  readonly node: JsonObject;
}

/** Every schema in the spec. */
function places(path: string, node: JsonObject): readonly Place[] {
  const { properties: inner = {}, oneOf = [] } = node;
  const children = Object.entries(inner as Record<string, JsonObject>);
  const branches = (oneOf as JsonObject[]).map((branch, index) => [`${index}`, branch] as const);
  return [
    { path, node },
    ...[...children, ...branches].flatMap(([name, child]) => places(`${path}/${name}`, child)),
  ];
}

const all = places('', spec.connectionSpecification as unknown as JsonObject);

function orders(node: JsonObject): readonly Json[] {
  const inner = Object.values((node['properties'] ?? {}) as Record<string, JsonObject>);
  return inner.map(({ order }) => order ?? null);
}

test('the first three are those of Airbyte’s own connector, and only the subdomain is required', () => {
  expect(Object.keys(properties).slice(0, 3)).toEqual(['start_date', 'subdomain', 'credentials']);
  expect(required).toEqual(['subdomain']);
  expect(spec.connectionSpecification.additionalProperties).toBe(true);
});

test('credentials have the two forms and the names that stored configs have', () => {
  const branches = properties['credentials']?.['oneOf'] as JsonObject[];
  expect(
    branches.map(({ properties: inner, required: needed }) => [
      Object.keys(inner as JsonObject),
      needed,
    ]),
  ).toEqual([
    [
      ['credentials', 'client_id', 'client_secret', 'access_token', 'refresh_token'],
      ['credentials'],
    ],
    [
      ['credentials', 'access_token'],
      ['credentials', 'access_token'],
    ],
  ]);
  expect(
    branches.map(
      ({ properties: inner }) => (inner as Record<string, JsonObject>)['credentials']?.['const'],
    ),
  ).toEqual(['oauth2.0', 'access_token']);
});

test('nothing in it is what the platform’s form cannot show', () => {
  const forbidden = [
    'allOf',
    'anyOf',
    'not',
    '$ref',
    'patternProperties',
    'writeOnly',
    'deprecated',
  ];
  expect(
    all.filter(({ node }) => forbidden.some((word) => word in node) || Array.isArray(node['type'])),
  ).toEqual([]);
  expect(
    all.filter(
      ({ node }) => node['type'] === 'object' && !('properties' in node || 'oneOf' in node),
    ),
  ).toEqual([]);
  expect(all.filter(({ node }) => new Set(orders(node)).size < orders(node).length)).toEqual([]);
});

test('everything secret is marked, and nothing else', () => {
  const secret = all.filter(({ node }) => node['airbyte_secret'] === true);
  const names = new Set(secret.map(({ path }) => path.split('/').at(-1)));
  expect(names).toEqual(new Set(['access_token', 'client_id', 'client_secret', 'refresh_token']));
  const named = all.filter(({ path }) =>
    /token|secret|password/.test(path.split('/').at(-1) ?? ''),
  );
  expect(named.filter(({ node }) => node['airbyte_secret'] !== true)).toEqual([]);
});

test('settings that only make sense in a pipe are not asked for', () => {
  for (const name of ['access_token', 'token_file', 'extra_streams', 'log_format', 'authorization'])
    expect(properties).not.toHaveProperty(name);
});

test('the platform signs in on the account’s own host, and puts what comes of it where the form has it', () => {
  const { advanced_auth: auth } = spec;
  const parts = auth.oauth_config_specification;
  const { consent_url, access_token_url } = parts.oauth_connector_input_specification;
  expect(consent_url.split('?')[0]).toBe(`https://{{ subdomain }}.zendesk.com${authorizePath}`);
  expect(access_token_url).toBe(`https://{{ subdomain }}.zendesk.com${tokenPath}`);
  const branches = properties['credentials']?.['oneOf'] as JsonObject[];
  const [group = '', key = ''] = auth.predicate_key;
  const branch = branches[0]?.['properties'] as Record<string, JsonObject>;
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
