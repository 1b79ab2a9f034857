/** The platform's result for `spec`, `check` and `discover`. */
import { expect, test } from '@jest/globals';

import { checkRunFaults, discoverRunFaults, specRunFaults } from './checks.ts';
import { chat, log, record, type Step } from './fake-script.ts';
import { runOf, secret } from './fake-source.ts';

const spec = {
  documentationUrl: 'https://example.test/docs',
  connectionSpecification: {
    type: 'object',
    required: ['subdomain'],
    properties: {
      subdomain: { type: 'string', order: 0 },
      credentials: {
        type: 'object',
        order: 1,
        oneOf: [
          {
            type: 'object',
            properties: {
              kind: { type: 'string', const: 'token' },
              access_token: { type: 'string', airbyte_secret: true },
            },
          },
          { type: 'object', properties: { kind: { type: 'string', const: 'oauth' } } },
        ],
      },
    },
  },
};

function say(message: object): Step {
  return { say: message };
}

const specForms = [
  {
    defect: 'two SPEC',
    script: [say({ type: 'SPEC', spec }), say({ type: 'SPEC', spec })],
    faults: ['2 SPEC where there must be one'],
  },
  { defect: 'no SPEC', script: [], faults: ['0 SPEC where there must be one'] },
  {
    defect: 'SPEC behind a log',
    script: [log('INFO', 'hello'), say({ type: 'SPEC', spec })],
    faults: ['SPEC is not the first line'],
  },
  {
    defect: 'a form the platform cannot show',
    script: [
      say({
        type: 'SPEC',
        spec: {
          connectionSpecification: {
            type: 'object',
            additionalProperties: false,
            properties: {
              token: { type: 'string', order: 1 },
              start: { type: ['null', 'string'], order: 1 },
              choice: {
                oneOf: [{ type: 'object', properties: { a: { const: 1 } } }, { type: 'object' }],
              },
            },
          },
        },
      }),
    ],
    faults: [
      ': additionalProperties may only be true',
      ': two properties have one order',
      '/token: is not marked as secret',
      '/start: more than one type',
      '/choice: oneOf where there is no object',
      '/choice: its branches have 0 constants in common',
      '/choice/oneOf/1: an object without properties',
    ],
  },
  {
    defect: 'an exit code',
    script: [say({ type: 'SPEC', spec }), { exit: 2 }],
    faults: ['exit 2'],
  },
];

test.each(specForms)('spec: $defect is found', ({ script, faults }) => {
  expect(specRunFaults(runOf(script))).toEqual(faults);
});

const succeeded = say({ type: 'CONNECTION_STATUS', connectionStatus: { status: 'SUCCEEDED' } });

const checkForms: readonly { says: string; script: readonly Step[]; faults: readonly string[] }[] =
  [
    {
      says: 'a FAILED that does not say why is found',
      script: [say({ type: 'CONNECTION_STATUS', connectionStatus: { status: 'FAILED' } })],
      faults: ['FAILED does not say why'],
    },
    {
      says: 'a record is found',
      script: [succeeded, record('chats', chat(1))],
      faults: ['line 2: a RECORD is ignored here'],
    },
  ];

test.each(checkForms)('check: $says', ({ script, faults }) => {
  expect(checkRunFaults(runOf(script), [secret])).toEqual(faults);
});

const agents = {
  name: 'agents',
  json_schema: { type: 'object', properties: { id: { type: 'integer' } } },
  supported_sync_modes: ['full_refresh', 'incremental'],
  source_defined_cursor: true,
  default_cursor_field: ['id'],
  source_defined_primary_key: [['id']],
  is_resumable: true,
};

function catalogOf(...streams: readonly object[]): Step {
  return say({ type: 'CATALOG', catalog: { streams } });
}

const discoverForms = [
  {
    says: 'null instead of nothing is found',
    script: [catalogOf({ ...agents, default_cursor_field: null })],
    faults: [
      'line 1 is no valid message: /catalog/streams/0/default_cursor_field must be array',
      '0 CATALOG where there must be one',
    ],
  },
  {
    says: 'two streams of one name are found',
    script: [catalogOf(agents, agents)],
    faults: ['two streams have one name'],
  },
  {
    says: 'key and cursor without a column are found',
    script: [
      catalogOf({
        ...agents,
        json_schema: { type: 'object', properties: { a: { type: 'null' } } },
      }),
    ],
    faults: ['agents has no column for its key id', 'agents has no column for its cursor id'],
  },
  {
    says: 'a schema without columns is found',
    script: [
      catalogOf({
        name: 'goals',
        json_schema: {},
        supported_sync_modes: ['full_refresh'],
        is_resumable: false,
      }),
    ],
    faults: ['goals has no columns'],
  },
  {
    says: 'keywords that no destination knows are found',
    script: [
      catalogOf({
        ...agents,
        json_schema: {
          type: 'object',
          properties: { id: { type: 'integer' }, tags: { type: 'array', items: { not: {} } } },
          additionalProperties: false,
        },
      }),
    ],
    faults: [
      'agents /additionalProperties may only be true',
      'agents /tags/*/not is not for every destination',
    ],
  },
];

test.each(discoverForms)('discover: $says', ({ script, faults }) => {
  expect(discoverRunFaults(runOf(script), [secret])).toEqual(faults);
});
