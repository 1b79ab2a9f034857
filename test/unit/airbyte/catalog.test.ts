import { test } from '@jest/globals';

import { parseConfiguredCatalog } from '../../../src/airbyte/catalog.ts';
import type { StreamDescription } from '../../../src/singer/catalog.ts';
import { expect } from '../../support/readable.ts';

const chats: StreamDescription = {
  name: 'chats',
  aliases: [],
  keyProperties: ['id'],
  replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
  replicationKey: 'updated',
  isDefault: true,
  schema: {
    type: 'object',
    properties: { id: { type: ['null', 'string'] }, updated: { type: ['null', 'string'] } },
  },
};

const goals: StreamDescription = {
  ...chats,
  name: 'goals',
  replicationMethods: ['FULL_TABLE'],
  isDefault: false,
};

function stream(name: string, mode: string, columns: readonly string[] = []): object {
  const properties = Object.fromEntries(columns.map((column) => [column, {}]));
  return { stream: { name, json_schema: { properties } }, sync_mode: mode };
}

function parse(...streams: readonly unknown[]): ReturnType<typeof parseConfiguredCatalog> {
  return parseConfiguredCatalog(JSON.parse(JSON.stringify({ streams })), [chats, goals]);
}

test('both modes respect the state, and deselected columns are not read', () => {
  expect(parse(stream('chats', 'full_refresh', ['id']), stream('goals', 'incremental'))).toEqual({
    names: ['chats', 'goals'],
    unknown: [],
    catalog: {
      streams: [
        {
          tap_stream_id: 'chats',
          stream: 'chats',
          schema: { properties: { id: {} } },
          metadata: [
            {
              breadcrumb: [],
              metadata: { selected: true, 'replication-method': 'INCREMENTAL' },
            },
          ],
        },
        {
          tap_stream_id: 'goals',
          stream: 'goals',
          schema: { properties: {} },
          metadata: [{ breadcrumb: [], metadata: { selected: true } }],
        },
      ],
    },
  });
});

test('an unknown stream is named, and the others are still read', () => {
  const { names, unknown } = parse(
    stream('tickets', 'incremental'),
    stream('goals', 'full_refresh'),
  );
  expect({ names, unknown }).toEqual({ names: ['goals'], unknown: ['tickets'] });
});

test.each([
  ['no stream', [{ sync_mode: 'incremental' }], /stream 1 of the list has no "stream"/],
  ['a text', ['chats'], /stream 1 of the list is string/],
  ['an unknown mode', [stream('chats', 'sideways')], /stream "chats" has a "sync_mode"/],
  ['no mode', [{ stream: { name: 'tickets' } }], /stream "tickets" has a "sync_mode"/],
  [
    'a stream twice',
    [stream('chats', 'incremental'), stream('chats', 'full_refresh')],
    /stream "chats" is listed twice/,
  ],
])('a catalog with %s is refused by name', (_name, streams, says) => {
  expect(() => parse(...streams)).toThrow(says);
});

test.each([[null], [[]], [{}], [{ streams: {} }]])('%j is no catalog', (value) => {
  expect(() => parseConfiguredCatalog(value as never, [chats])).toThrow(/"streams" array/);
});
