import { afterEach, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/json.ts';
import { rawJson } from '../../src/sandbox/data/raw-json.ts';
import { resourceNames } from '../../src/sandbox/data/resources.ts';
import {
  requestApi,
  closeAll,
  startFrozenSandbox,
  noonSeconds,
  page,
  textOf,
} from './sandbox-requests.ts';

afterEach(closeAll);

test('the same seed produces the same bytes, and another seed other bytes', async () => {
  const one = await startFrozenSandbox({ seed: 7 });
  const two = await startFrozenSandbox({ seed: 7 });
  const other = await startFrozenSandbox({ seed: 8 });
  const texts = [one, two, other].map((sandbox) =>
    resourceNames.map((name) => [...sandbox.account.dumpLines(name)].join('\n')),
  );
  expect(texts[1]).toEqual(texts[0]);
  expect(texts[2]).not.toEqual(texts[0]);
});

test('a page in the middle of 100,000 chats is correct', async () => {
  const sandbox = await startFrozenSandbox({ chats: 100_000 });
  const at = sandbox.account.timeAt('chats', 50_000);
  const { ids } = await page(sandbox, 'chats', `start_time=${at}&limit=3`);
  expect(ids).toContain(sandbox.account.idAt('chats', 50_000));
});

test('chats are sorted by time and id, and ids have gaps', async () => {
  const sandbox = await startFrozenSandbox({ chats: 200, ties: [{ at: 'middle', count: 20 }] });
  const chats = [...sandbox.account.dump('chats')];
  const places = chats.map((chat) => `${textOf(chat['update_timestamp'])} ${textOf(chat['id'])}`);
  expect(places).toEqual(places.toSorted());
  const hashes = chats.map((chat) => textOf(chat['id']).slice('2405.1234567.'.length));
  expect(hashes).not.toEqual(hashes.toSorted());
});

test('an edit moves a chat to the end and keeps its id', async () => {
  const sandbox = await startFrozenSandbox({ chats: 10 });
  const [id = ''] = sandbox.account.edit({ ids: [sandbox.account.idAt('chats', 2)] });
  const { items } = await page(sandbox, 'chats');
  expect(items).toHaveLength(10);
  expect(items.at(-1)).toMatchObject({
    id,
    tags: ['edited', 'edit-1'],
    update_timestamp: '2024-06-01T12:00:00Z',
  });
});

test('edits without ids change the given number of different chats', async () => {
  const sandbox = await startFrozenSandbox({ chats: 10 });
  expect(new Set(sandbox.account.edit({ count: 10 })).size).toBe(10);
  expect(sandbox.account.edit({ ids: ['nobody'] })).toEqual([]);
});

test('a late chat has an earlier time, and a new chat has the current time', async () => {
  const sandbox = await startFrozenSandbox({ chats: 10 });
  const [late = ''] = sandbox.account.late({ at: sandbox.account.timeAt('chats', 5) + 1 });
  const [added = ''] = sandbox.account.add();
  const { ids } = await page(sandbox, 'chats');
  expect(ids.indexOf(late)).toBe(6);
  expect(ids.indexOf(added)).toBe(11);
});

test('a deleted chat is exported again with deleted true, or it disappears', async () => {
  const sandbox = await startFrozenSandbox({ chats: 4 });
  const [tombstone] = sandbox.account.delete();
  expect((await page(sandbox, 'chats')).items.at(-1)).toMatchObject({
    id: tombstone,
    deleted: true,
  });
  sandbox.setSwitches({ deletedChats: 'gone' });
  const [gone] = sandbox.account.delete({ ids: [sandbox.account.idAt('chats', 1)] });
  const { ids } = await page(sandbox, 'chats');
  expect(ids).toHaveLength(3);
  expect(ids).not.toContain(gone);
});

test('a patch changes a chat without moving it, and can remove keys', async () => {
  const sandbox = await startFrozenSandbox({ chats: 5 });
  const id = sandbox.account.idAt('chats', 2);
  sandbox.account.patchChat(id, { comment: 'patched', session: undefined });
  const chat = (await page(sandbox, 'chats')).items[2];
  expect(chat).toMatchObject({ id, comment: 'patched' });
  expect(chat).not.toHaveProperty('session');
  expect(sandbox.account.patchChat('nobody', {})).toBe(false);
});

test('raw JSON text is sent unchanged, as a whole item or as a part of one', async () => {
  const sandbox = await startFrozenSandbox({ chats: 2 });
  const id = sandbox.account.idAt('chats', 1);
  sandbox.account.patchChat(id, { zendesk_ticket_id: rawJson('9007199254740993') });
  const whole = await requestApi(sandbox, 'incremental/chats?fields=chats(*)');
  const part = await requestApi(sandbox, 'incremental/chats?fields=chats(zendesk_ticket_id)');
  expect(whole.text).toContain('"zendesk_ticket_id":9007199254740993');
  expect(part.text).toContain('{"zendesk_ticket_id":9007199254740993}');
  expect([...sandbox.account.dumpLines('chats')][1]).toContain(':9007199254740993');
});

test.each([
  ['chats', { id: 'new', update_timestamp: '2024-05-20T00:00:00Z' }],
  ['conversions', { id: 'new', timestamp: '2024-05-20T00:00:00Z' }],
  ['agent_events', { id: 'new', timestamp: '2024-05-20T00:00:00.000001Z' }],
  ['agent_timeline', { agent_id: 1, start_time: '2024-05-20T00:00:00.5Z', duration: 1.5 }],
  ['agents', { id: 1 }],
  ['bans', { id: 1, ip_address: '203.0.113.9' }],
  ['bans', { id: 1, visitor_id: 'v' }],
  ['departments', { id: 1, name: 'new' }],
  ['account', { account_key: 'new' }],
] as const)('an item can be put into %s', async (resource, item) => {
  const sandbox = await startFrozenSandbox();
  sandbox.account.put(resource, item);
  expect([...sandbox.account.dump(resource)]).toContainEqual(item);
});

test('an item without its own time needs one, and needs no id', async () => {
  const sandbox = await startFrozenSandbox({ chats: 3 });
  expect(() => sandbox.account.put('chats', { id: 'x' })).toThrow('needs one given');
  sandbox.account.put('chats', { comment: 'keyless' }, noonSeconds);
  expect((await page(sandbox, 'chats')).items.at(-1)).toEqual({ comment: 'keyless' });
});

test('responses contain the hostile values', async () => {
  const sandbox = await startFrozenSandbox({ chats: 100, hostile: true });
  const { text } = await requestApi(sandbox, 'incremental/chats?fields=chats(*)');
  const bodies = [
    '"comment":"a\\u0000b"',
    '\\ud83d only',
    '"end_timestamp":""',
    '+00:00Z"',
    '+05:00"',
    '"20001-01-01T00:00:00Z"',
    '"yesterday"',
    '.123456789Z"',
    '"unread":1,',
    '"visitor":"gone"',
    '"duration":450.5',
    '"brand_new":',
    '"webpath":[[1,',
    '"zendesk_ticket_id":9007199254740993',
  ];
  expect(bodies.filter((part) => !text.includes(part))).toEqual([]);
  const chats = (JSON.parse(text) as { chats: JsonObject[] }).chats;
  expect(chats.filter((chat) => typeof chat['id'] !== 'string')).toHaveLength(2);
  expect(chats).toHaveLength(100);
});

test('hostile values that do not fit are rejected', async () => {
  await expect(startFrozenSandbox({ chats: 3, hostile: true })).rejects.toThrow('need at least');
  await expect(startFrozenSandbox({ chats: 0, hostile: false })).resolves.toHaveProperty('url');
});

test('an empty account returns empty pages', async () => {
  const none = { chats: 0, timeline: 0, conversions: 0, departmentEvents: 0, agentEvents: 0 };
  const sandbox = await startFrozenSandbox(none);
  const pages = await Promise.all(
    ['chats', 'agent_timeline', 'conversions'].map((name) => page(sandbox, name)),
  );
  expect(pages.map(({ count, end_time: end }) => [count, end])).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
});
