import { test } from '@jest/globals';

import { parseAirbyteState } from '../../../src/airbyte/state.ts';
import { expect } from '../../support/readable.ts';

const names = ['agents', 'bans', 'agent_timeline', 'chats', 'departments'];

const chats = { update_timestamp: '2023-10-20T09:44:12Z' };

function streamState(name: string, state: unknown, more: object = {}): object {
  return {
    type: 'STREAM',
    stream: { stream_descriptor: { name, ...more }, stream_state: state },
  };
}

function parse(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const { states, isLegacy } = parseAirbyteState(text, names);
  return { ...Object.fromEntries(states), isLegacy };
}

test.each([
  ['nothing', ''],
  ['a blank line', '\n'],
  ['null', 'null'],
  ['an empty list', '[]'],
  ['an empty object', '{}'],
  ['an empty legacy state', { type: 'LEGACY', data: {} }],
])('%s is no state', (_name, value) => {
  expect(parse(value)).toEqual({ isLegacy: false });
});

test.each([
  ['a list of stream states', [streamState('chats', chats)]],
  ['with a namespace of null', [streamState('chats', chats, { namespace: null })]],
  ['one stream state alone', streamState('chats', chats)],
  [
    'as PyAirbyte writes it, including nulls',
    [{ ...streamState('chats', chats), global_: null, data: null, destinationStats: null }],
  ],
  [
    'a stream state without a type',
    [{ stream: { stream_descriptor: { name: 'chats' }, stream_state: chats } }],
  ],
  [
    'a global state',
    [
      {
        type: 'GLOBAL',
        global: {
          shared_state: null,
          stream_states: [{ stream_descriptor: { name: 'chats' }, stream_state: chats }],
        },
      },
    ],
  ],
  [
    'a global state under the name PyAirbyte gives it',
    [
      {
        type: 'GLOBAL',
        stream: null,
        global_: {
          shared_state: {},
          stream_states: [{ stream_descriptor: { name: 'chats' }, stream_state: chats }],
        },
      },
    ],
  ],
  ['whole messages', [{ type: 'STATE', state: streamState('chats', chats) }]],
  ['one whole message', { type: 'STATE', state: streamState('chats', chats) }],
])('%s is understood', (_name, value) => {
  expect(parse(value)).toEqual({ chats, isLegacy: false });
});

test('the last state of each stream in the lines of a sync applies', () => {
  const lines = [chats, { update_timestamp: '2024-01-01T00:00:00Z' }].map((state) =>
    JSON.stringify({ type: 'STATE', state: streamState('chats', state) }),
  );
  expect(parse(`${lines.join('\n')}\n`)).toEqual({
    chats: { update_timestamp: '2024-01-01T00:00:00Z' },
    isLegacy: false,
  });
});

test.each([
  ['as the platform hands it over', { chats, agents: { id: 7 } }],
  ['under data', { type: 'LEGACY', data: { chats, agents: { id: 7 } } }],
  ['under data in a list, without a type', [{ data: { chats, agents: { id: 7 } } }]],
])('one state for all streams is known for what it is: %s', (_name, value) => {
  expect(parse(value)).toEqual({ chats, agents: { id: 7 }, isLegacy: true });
});

test('values without information are omitted: nulls, the CDK’s markers, a legacy format next to the new one', () => {
  const states = [
    streamState('departments', { __ab_no_cursor_state_message: true }),
    streamState('bans', { __ab_full_refresh_sync_complete: true, id: null }),
    streamState('agents', null),
    streamState('chats', { ...chats, legacy: { update_timestamp: 'old' } }),
  ];
  expect(parse(states)).toEqual({ departments: {}, bans: {}, agents: {}, chats, isLegacy: false });
});

test('streams of another source are separated, not rejected', () => {
  expect(parse([streamState('tickets', { id: 1 })])).toEqual({
    tickets: { id: 1 },
    isLegacy: false,
  });
});

test.each([
  ['no JSON', '{"chats": ', /^--state: it is not JSON: it is incomplete/],
  ['lines, one of them not JSON', '{"type":"STATE"}\n{]}', /^--state: line 1|line 2 is not JSON/],
  ['a text', '"chats"', /it contains string instead of a state/],
  ['a number in a list', [3], /it contains number instead of a state/],
  ['a list of a list', [[]], /it contains array instead of a state/],
  ['a stream without a name', [{ type: 'STREAM', stream: {} }], /no "stream_descriptor"/],
  ['a type without its state', [{ type: 'STREAM' }], /of type "STREAM" without a state/],
  ['a record', [{ type: 'RECORD', record: {} }], /of type "RECORD" without a state/],
  ['a state that is a text', [streamState('chats', 'x')], /state of stream "chats" is string/],
  ['a blob with a number', { chats: 5 }, /state of stream "chats" is number, not an object/],
  ['data that is a list', { type: 'LEGACY', data: [] }, /"data" is array/],
  ['a blob of another source', { tickets: {} }, /contains no stream of this source/],
  ['a Singer state', { bookmarks: { chats } }, /the state of a Singer tap/],
  [
    'a shared state',
    { type: 'GLOBAL', global: { shared_state: { lsn: 1 }, stream_states: [] } },
    /"shared_state", which this source never writes/,
  ],
  ['a global state without streams', { type: 'GLOBAL', global: {} }, /no "stream_states" array/],
])('%s is an error, not a silent restart', (_name, value, says) => {
  expect(() => parse(value)).toThrow(says);
  expect(() => parse(value)).toThrow(expect.objectContaining({ kind: 'config' }));
});
