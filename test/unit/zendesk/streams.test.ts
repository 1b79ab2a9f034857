import { test } from '@jest/globals';

import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { StreamDefinition } from '../../../src/zendesk/stream-definition.ts';
import { streams } from '../../../src/zendesk/streams.ts';
import { expect } from '../../support/readable.ts';
import { readAll, scriptedApi } from '../../support/scripted-api.ts';

/** An empty page is believed when it comes twice. */
const nothing = [{ agent_timeline: [] }, { agent_timeline: [] }];

function stream(name: string): StreamDefinition {
  const found = streams.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no stream ${name}`);
  return found;
}

async function items(name: string, ...answers: Json[]): Promise<readonly JsonObject[]> {
  const { pages } = await readAll(stream(name).pages, {
    api: scriptedApi(answers),
    settings: { hasStartDate: true, startDateMs: Date.UTC(2026, 0, 5) },
  });
  return pages.flatMap((page) => page.items);
}

test('small streams are first and chats last, so that the first record is written soon', () => {
  expect(streams.map(({ name }) => name)).toEqual([
    'accounts',
    'routing_settings',
    'departments',
    'goals',
    'roles',
    'shortcuts',
    'skills',
    'triggers',
    'agents',
    'bans',
    'routing_settings_agents',
    'agent_events',
    'department_events',
    'conversions',
    'agent_timeline',
    'chats',
    'chat_engagements',
    'chat_messages',
  ]);
});

test('the account is one record', async () => {
  expect(await items('accounts', { account_key: 'k' })).toEqual([{ account_key: 'k' }]);
});

test('the routing settings are one record whose id is the subdomain', async () => {
  expect(await items('routing_settings', { data: { routing_mode: 'assigned' } })).toEqual([
    { routing_mode: 'assigned', id: 'acme' },
  ]);
});

test.each<[shape: string, wrap: (list: readonly Json[]) => Json]>([
  ['a bare array', (list) => [...list]],
  ['an array as data', (list) => ({ data: [...list] })],
])('the routing settings of agents are read from %s', async (_, wrap) => {
  const [first, second] = [
    { agent_id: 7, chat_limit: 3 },
    { id: 9, agent_id: 8 },
  ];
  expect(await items('routing_settings_agents', wrap([first, second]), wrap([]))).toEqual([
    { id: 7, agent_id: 7, chat_limit: 3 },
    { id: 9, agent_id: 8 },
  ]);
});

test('the routing settings of a single agent are read from an object as data, which each page contains', async () => {
  const answer = { data: { agent_id: 7, skills: null } };
  const read = await items('routing_settings_agents', answer, structuredClone(answer));
  expect(read).toEqual([{ id: 7, agent_id: 7, skills: null }]);
});

test('a shortcut without an id has its name as id', async () => {
  expect(await items('shortcuts', [{ name: 'bye' }, { id: 'x', name: 'y' }])).toEqual([
    { name: 'bye', id: 'bye' },
    { id: 'x', name: 'y' },
  ]);
});

test('a ban has its date under both names, and its kind', async () => {
  const page = {
    ip_address: [{ id: 1, created_at: '2024-01-01T00:00:00Z' }],
    visitor: [{ id: 2, type: 'visitor', created_at: null }, { id: 3 }],
  };
  expect(await items('bans', page, { ip_address: [], visitor: [] })).toEqual([
    {
      id: 1,
      type: 'ip_address',
      created_at: '2024-01-01T00:00:00Z',
      create_date: '2024-01-01T00:00:00Z',
    },
    { id: 2, type: 'visitor', created_at: null, create_date: null },
    { id: 3, type: 'visitor' },
  ]);
});

test.each([
  ['six digits', '2026-01-05T00:00:01.000321Z', '2026-01-05T00:00:01.000321Z'],
  ['no fraction', '2026-01-05T00:00:01Z', '2026-01-05T00:00:01Z'],
  ['a zero fraction', '2026-01-05T00:00:01.000000Z', '2026-01-05T00:00:01.000000Z'],
  ['microseconds as a number', 1767571201000321, '2026-01-05T00:00:01.000321Z'],
])('a span with %s keeps every digit of its start in its id', async (_, start, instant) => {
  const span = { agent_id: 7, start_time: start };
  const page = { agent_timeline: [span], end_time: 1767571201000321 };
  const [item] = await items('agent_timeline', page, page, ...nothing);
  expect(item).toEqual({ agent_id: 7, start_time: instant, id: `7|${instant}` });
});

test.each([
  [{ agent_id: 7, start_time: 'yesterday' }],
  [{ agent_id: 7, start_time: 5 }],
  [{ agent_id: null, start_time: '2026-01-05T00:00:01Z' }],
  [{ start_time: '2026-01-05T00:00:01Z' }],
])('the span %j has no id', async (span) => {
  const page = { agent_timeline: [span], end_time: 1767571201000321 };
  const [item] = await items('agent_timeline', page, structuredClone(page), ...nothing);
  expect(item).toEqual(span);
});

test('a changed chat is emitted again, an unchanged one once', async () => {
  const chat = { id: 'a', update_timestamp: '2026-01-05T00:00:01Z' };
  const edited = { id: 'a', update_timestamp: '2026-01-05T00:00:02Z' };
  const [first, second] = [1767571201, 1767571202];
  const answers = [
    { chats: [chat], end_time: first, end_id: 'a' },
    { chats: [{ ...chat, rating: 'good' }, edited], end_time: second, end_id: 'a' },
    { chats: [edited], end_time: second, end_id: 'a' },
    { chats: [] },
    { chats: [] },
  ];
  expect(await items('chats', ...answers)).toEqual([chat, edited]);
});

const changed = '2026-01-05T00:00:02Z';

test.each<[what: string, history: Json | undefined, expected: readonly JsonObject[]]>([
  [
    'entries of all kinds',
    [{ msg: 'a', index: 9 }, { type: 'x' }],
    [{ msg: 'a', index: 9 }, { type: 'x' }],
  ],
  ['equal entries', [{ msg: 'a' }, { msg: 'a' }], [{ msg: 'a' }, { msg: 'a' }]],
  ['no entries', [], []],
  ['null', null, []],
  ['no history', undefined, []],
  [
    'entries that are not objects',
    ['odd', null, [1]],
    [{ history: 'odd' }, { history: null }, { history: [1] }],
  ],
  ['an object', { msg: 'a' }, [{ msg: 'a' }]],
])('a chat with %s becomes messages with positions', async (_, history, expected) => {
  const chat = { id: 'a', update_timestamp: changed, ...(history !== undefined && { history }) };
  const page = { chats: [chat], end_time: 1767571202, end_id: 'a' };
  const read = await items(
    'chat_messages',
    page,
    structuredClone(page),
    { chats: [] },
    { chats: [] },
  );
  const own = { chat_id: 'a', update_timestamp: changed };
  expect(read).toEqual(expected.map((entry, position) => ({ ...entry, ...own, position })));
});

test('if a chat changes, all its engagements are emitted again with the new update_timestamp', async () => {
  const engagements = [{ id: '1', agent_id: '7' }, { id: '2' }];
  const chat = { id: 'a', update_timestamp: '2026-01-05T00:00:01Z', engagements };
  const edited = { ...chat, update_timestamp: changed };
  const [first, second] = [1767571201, 1767571202];
  const answers = [
    { chats: [chat], end_time: first, end_id: 'a' },
    { chats: [edited], end_time: second, end_id: 'a' },
    { chats: [edited], end_time: second, end_id: 'a' },
    { chats: [] },
    { chats: [] },
  ].map((answer) => structuredClone(answer));
  const read = await items('chat_engagements', ...answers);
  const rows = ({ update_timestamp: updated }: typeof chat): JsonObject[] =>
    engagements.map((part) => Object.assign({ chat_id: 'a', update_timestamp: updated }, part));
  expect(read).toEqual([...rows(chat), ...rows(edited)]);
});

test.each<[string, Json, string]>([
  ['departments', { error: 'x' }, 'an object with "error", but an array of objects'],
  ['agents', 'gone', 'a string, but an array of objects'],
  ['departments', [{ id: 1 }, 7], 'an array that contains a number, but an array of objects'],
  ['accounts', [], 'an array, but an object with account_key'],
  ['accounts', {}, 'an empty object, but an object with account_key'],
  [
    'routing_settings',
    { id: 1 },
    'an object with "id", but an object that contains another one as data',
  ],
  ['routing_settings', { data: null }, 'an object that contains null as data, but'],
  [
    'bans',
    { visitors: [] },
    'an object with "visitors", but an object with the arrays of objects "ip_address" and "visitor"',
  ],
  ['routing_settings_agents', { data: null }, 'null, but an array of objects was expected'],
  ['routing_settings_agents', { error: 'x' }, 'an object with "error", but an array of objects'],
  ['bans', { visitor: true }, 'an object whose "visitor" is a boolean, but'],
  ['bans', { visitor: [null] }, 'an object whose "visitor" is an array that contains null, but'],
  ['chats', null, 'null, but an object with the array of objects "chats"'],
  ['chats', { chats: null }, 'an object whose "chats" is null, but'],
  [
    'agent_timeline',
    { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 },
    'an object with "a", "b", "c", "d", "e", …, but an object with the array of objects "agent_timeline"',
  ],
])(
  '%s with the response %j is an error that names the expected format',
  async (name, body, words) => {
    await expect(items(name, body)).rejects.toThrow(`the API's response is ${words}`);
  },
);
