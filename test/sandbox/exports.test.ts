import { afterEach, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/json.ts';
import {
  requestApi,
  closeAll,
  startFrozenSandbox,
  json,
  noonSeconds,
  page,
  textOf,
} from './sandbox-requests.ts';

afterEach(closeAll);

test('an export returns only ids if no fields are requested', async () => {
  const sandbox = await startFrozenSandbox({ chats: 3 });
  const body = await json<{ chats: object[] }>(sandbox, 'incremental/chats');
  expect(body.chats.map((chat) => Object.keys(chat))).toEqual([['id'], ['id'], ['id']]);
});

const visitor = { id: 'v', name: 'Ann', email: 'ann@example.test' };
const parts = [{ id: 'e1', agent_id: '7' }, 'odd', null];

test.each<[fields: string, expected: JsonObject]>([
  ['chats(id,tags)', { id: 'c', tags: ['vip'] }],
  ['chats(tags,rating,id)', { tags: ['vip'], id: 'c' }],
  ['chats(id,visitor)', { id: 'c', visitor }],
  ['chats(id,visitor(*))', { id: 'c', visitor }],
  ['chats(id,visitor(name,phone))', { id: 'c', visitor: { name: 'Ann' } }],
  ['chats(id(x),tags(x))', { id: 'c', tags: ['vip'] }],
  ['chats(engagements(id))', { engagements: [{ id: 'e1' }, 'odd', null] }],
])('fields=%s returns only these keys, also inside objects and lists', async (fields, expected) => {
  const sandbox = await startFrozenSandbox({ chats: 0 });
  const chat = { id: 'c', session: {}, tags: ['vip'], visitor, engagements: parts };
  sandbox.account.put('chats', chat, noonSeconds - 600);
  const path = `incremental/chats?fields=${encodeURIComponent(fields)}`;
  expect((await json<{ chats: object[] }>(sandbox, path)).chats).toEqual([expected]);
  expect((await page(sandbox, 'chats')).items).toEqual([chat]);
});

test('fields has no effect on agent events', async () => {
  const sandbox = await startFrozenSandbox();
  const path = 'incremental/agent_events?limit=1&fields=agent_events(id)';
  const { agent_events: events } = await json<{ agent_events: object[] }>(sandbox, path);
  expect(events[0]).toHaveProperty('previous_value');
});

test('timelines and agent events are complete without fields', async () => {
  const sandbox = await startFrozenSandbox();
  const { agent_timeline: spans } = await json<{ agent_timeline: object[] }>(
    sandbox,
    'incremental/agent_timeline?limit=1',
  );
  expect(Object.keys(spans[0] ?? {}).toSorted()).toEqual([
    'agent_id',
    'duration',
    'engagement_count',
    'start_time',
    'status',
  ]);
  const { items } = await page(sandbox, 'agent_events', 'limit=1');
  expect(items[0]).toHaveProperty('previous_value');
});

test('a page contains count, end_time, end_id and a link to the next page', async () => {
  const sandbox = await startFrozenSandbox({ chats: 10 });
  const body = await page(sandbox, 'chats', 'limit=4');
  expect(body.count).toBe(4);
  expect(body.end_id).toBe(body.ids[3]);
  expect(body.end_time).toBe(Date.parse(textOf(body.items[3]?.['update_timestamp'])) / 1000);
  expect(body.next_page).toBe(
    `${sandbox.url}/api/v2/chat/incremental/chats?fields=chats%28%2A%29&limit=4` +
      `&start_time=${body.end_time}&start_id=${body.end_id}`,
  );
});

test('start_time is inclusive', async () => {
  const sandbox = await startFrozenSandbox({ chats: 10 });
  const at = sandbox.account.timeAt('chats', 5);
  const { ids } = await page(sandbox, 'chats', `start_time=${at}&limit=1`);
  expect(ids).toEqual([sandbox.account.idAt('chats', 5)]);
});

test('the last page has a link to an empty page that echoes its start', async () => {
  const sandbox = await startFrozenSandbox({ chats: 2 });
  const { end_time: end, end_id: id } = await page(sandbox, 'chats');
  const empty = await page(sandbox, 'chats', `start_time=${end}&start_id=${id}`);
  expect(empty).toMatchObject({ count: 0, items: [], end_time: end, end_id: id });
  expect(empty.next_page).toContain(`start_time=${end}&start_id=${id}`);
});

test('the timeline uses microseconds and has no end_id', async () => {
  const sandbox = await startFrozenSandbox();
  const body = await page(sandbox, 'agent_timeline', 'limit=2');
  expect(body.keys).toEqual(['agent_timeline', 'count', 'end_time', 'next_page']);
  const [, last = {}] = body.items;
  const startUs = Date.parse(textOf(last['start_time']).replace(/\d{3}Z$/, 'Z')) * 1000;
  const micros = Number(/(\d{3})Z$/.exec(textOf(last['start_time']))?.[1]);
  expect(body.end_time).toBe(startUs + micros + Math.round(Number(last['duration']) * 1e6));
  expect(body.next_page).toContain(`limit=2&start_time=${body.end_time}`);
  expect(body.next_page).not.toContain('start_id');
});

test('timespans can share a microsecond', async () => {
  const sandbox = await startFrozenSandbox({ timeline: 50, timelineTies: 7 });
  const starts = [...sandbox.account.dump('agent_timeline')].map((span) => span['start_time']);
  expect(starts).toHaveLength(57);
  expect(new Set(starts).size).toBe(51);
});

test('agent events have an end_time with a fraction', async () => {
  const sandbox = await startFrozenSandbox();
  const body = await page(sandbox, 'agent_events', 'limit=1');
  const micros = /\.(\d{6})Z$/.exec(textOf(body.items[0]?.['timestamp']))?.[1];
  expect(String(body.end_time)).toMatch(new RegExp(`\\.${micros?.replace(/0+$/, '')}$`));
  expect(body.keys).not.toContain('end_id');
});

test.each([
  ['an unknown parameter', 'chats?since_id=1'],
  ['a start_id where there are no ids', 'agent_timeline?start_id=1'],
  ['a limit that is no number', 'chats?limit=ten'],
  ['a negative limit', 'chats?limit=-1'],
  ['a limit of zero', 'chats?limit=0'],
  ['a limit above a thousand', 'chats?limit=1001'],
  ['a fraction in start_time', 'chats?start_time=1700000000.5'],
  ['an empty start_time', 'chats?start_time='],
  ['microseconds where seconds are due', 'chats?start_time=1700000000000000'],
  ['seconds where microseconds are due', 'agent_timeline?start_time=1700000000'],
  ['a start in the future', 'chats?start_time=1900000000'],
  ['a parameter given twice', 'chats?limit=1&limit=2'],
  ['fields of another export', 'chats?fields=agents(*)'],
  ['fields without brackets', 'chats?fields=id'],
  ['an unknown field', 'chats?fields=chats(id,colour)'],
  ['an unknown field with fields of its own', 'chats?fields=chats(colour(id))'],
  ['fields that are empty', 'chats?fields='],
  ['a list without fields', 'chats?fields=chats()'],
  ['a nested list without fields', 'chats?fields=chats(visitor())'],
  ['fields without the last bracket', 'chats?fields=chats(visitor(id)'],
  ['fields with a bracket too many', 'chats?fields=chats(id))'],
  ['a field without a name', 'chats?fields=chats(id,)'],
  ['fields of two exports', 'chats?fields=chats(id),conversions(id)'],
  ['an asterisk next to a field', 'chats?fields=chats(*,id)'],
  ['an asterisk with fields', 'chats?fields=chats(*(id))'],
  ['fields with a space', 'chats?fields=chats(id, tags)'],
  ['fields with a quotation mark', 'chats?fields=chats("id":1)'],
])('%s returns 400', async (_what, query) => {
  const sandbox = await startFrozenSandbox();
  const { status, text } = await requestApi(sandbox, `incremental/${query}`);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toHaveProperty('description');
});

test('a start_time must be more than five minutes old', async () => {
  const sandbox = await startFrozenSandbox({ chats: 5 });
  const tooYoung = await requestApi(sandbox, `incremental/chats?start_time=${noonSeconds - 300}`);
  const oldEnough = await requestApi(sandbox, `incremental/chats?start_time=${noonSeconds - 301}`);
  expect([tooYoung.status, oldEnough.status]).toEqual([400, 200]);
});

test.each([
  ['start', 0],
  ['middle', 12],
  ['head', 25],
  [3, 3],
] as const)('a tie at %s puts its chats into one second', async (at, first) => {
  const sandbox = await startFrozenSandbox({ chats: 30, ties: [{ at, count: 5 }] });
  const times = Array.from({ length: 30 }, (_unused, index) =>
    sandbox.account.timeAt('chats', index),
  );
  expect(new Set(times.slice(first, first + 5)).size).toBe(1);
  expect(new Set(times).size).toBe(26);
});

test('a tie that does not fit is rejected', async () => {
  await expect(startFrozenSandbox({ chats: 3, ties: [{ at: 1, count: 5 }] })).rejects.toThrow(
    'does not fit',
  );
});
