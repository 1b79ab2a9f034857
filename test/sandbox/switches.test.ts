import { afterEach, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/json.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import {
  requestApi,
  closeAll,
  startFrozenSandbox,
  json,
  noonMs,
  page,
  textOf,
} from './sandbox-requests.ts';

afterEach(closeAll);

/** Twenty chats. Those at positions 8 to 12 have the same second. */
function tied(switches: NonNullable<SandboxOptions['switches']>): Promise<Sandbox> {
  return startFrozenSandbox({ chats: 20, ties: [{ at: 8, count: 5 }], switches });
}

function place(sandbox: Sandbox, index: number): string {
  const at = sandbox.account.timeAt('chats', index);
  return `start_time=${at}&start_id=${sandbox.account.idAt('chats', index)}`;
}

const idsFrom = (sandbox: Sandbox, first: number, count: number): string[] =>
  Array.from({ length: count }, (_unused, step) => sandbox.account.idAt('chats', first + step));

test.each(['chats', 'agent_timeline', 'agent_events'] as const)(
  'fields can be rejected for %s, except for all fields',
  async (name) => {
    const sandbox = await startFrozenSandbox({ switches: { fieldLists: 'refused' } });
    const ask = (fields: string) =>
      requestApi(sandbox, `incremental/${name}?fields=${name}(${fields})`);
    const statuses = [await ask('*'), await ask('id'), await ask('id(*)')];
    expect(statuses.map(({ status }) => status)).toEqual([200, 400, 400]);
    expect((await requestApi(sandbox, `incremental/${name}`)).status).toBe(200);
  },
);

test('start_id can be inclusive', async () => {
  const sandbox = await tied({ startId: 'inclusive' });
  const { ids } = await page(sandbox, 'chats', `${place(sandbox, 10)}&limit=2`);
  expect(ids).toEqual(idsFrom(sandbox, 10, 2));
});

test('start_id can be ignored', async () => {
  const sandbox = await tied({ startId: 'ignored' });
  const { ids } = await page(sandbox, 'chats', `${place(sandbox, 10)}&limit=2`);
  expect(ids).toEqual(idsFrom(sandbox, 8, 2));
});

test('start_id can be looked up, which continues after the current position of the chat', async () => {
  const sandbox = await tied({ startId: 'lookup' });
  const query = `${place(sandbox, 10)}&limit=2`;
  expect((await page(sandbox, 'chats', query)).ids).toEqual(idsFrom(sandbox, 11, 2));
  const moved = sandbox.account.timeAt('chats', 15) + 1;
  sandbox.account.edit({ ids: [sandbox.account.idAt('chats', 10)], at: moved });
  expect((await page(sandbox, 'chats', query)).ids).toEqual(idsFrom(sandbox, 16, 2));
});

test('an unknown start_id that is looked up returns an empty page', async () => {
  const sandbox = await tied({ startId: 'lookup' });
  const at = sandbox.account.timeAt('chats', 8);
  expect((await page(sandbox, 'chats', `start_time=${at}&start_id=2401.1.x`)).count).toBe(0);
});

test('by default a start_id is compared, so that a moved chat still marks its old position', async () => {
  const sandbox = await tied({});
  const query = `${place(sandbox, 10)}&limit=2`;
  sandbox.account.edit({ ids: [sandbox.account.idAt('chats', 10)] });
  expect((await page(sandbox, 'chats', query)).ids).toEqual(idsFrom(sandbox, 11, 2));
});

test('agent events continue after a start_id although their times have fractions of a second', async () => {
  const sandbox = await startFrozenSandbox({ switches: { endIds: ['chats', 'agent_events'] } });
  const { ids, end_id: id, end_time: end } = await page(sandbox, 'agent_events', 'limit=2');
  expect(id).toBe(ids[1]);
  const query = `limit=1&start_time=${Math.floor(Number(end))}&start_id=${id}`;
  const next = await page(sandbox, 'agent_events', query);
  expect(next.ids).toEqual([sandbox.account.idAt('agent_events', 2)]);
});

test.each([
  ['null', null],
  ['zero', 0],
] as const)('end_time behind the last item can be %s', async (emptyEnd, expected) => {
  const sandbox = await tied({ emptyEnd });
  const { end_time: end } = await page(sandbox, 'chats', place(sandbox, 19));
  expect(end).toBe(expected);
});

test('each second page can be empty, with a null end_time', async () => {
  const sandbox = await tied({ emptyPages: { every: 2 } });
  const pages = [await page(sandbox, 'chats'), await page(sandbox, 'chats')];
  expect(pages.map(({ count }) => count)).toEqual([20, 0]);
  expect(pages[1]?.end_time).toBeNull();
});

test('the page with a given chat can be empty a given number of times', async () => {
  const sandbox = await tied({ emptyPages: { atItem: 12, times: 2, endTime: 'echo' } });
  const counts = [];
  for (const limit of [5, 15, 15, 15]) {
    counts.push((await page(sandbox, 'chats', `limit=${limit}`)).count);
  }
  expect(counts).toEqual([5, 0, 0, 15]);
});

test('pages before the end can be short', async () => {
  const sandbox = await tied({ shortPages: { every: 2, size: 3 } });
  const first = await page(sandbox, 'chats', 'limit=10');
  const second = await page(sandbox, 'chats', 'limit=10');
  expect([first.count, second.count]).toEqual([10, 3]);
  expect(second.next_page).toContain('limit=10&');
});

test('an envelope can lack parts or have end_time in the wrong unit', async () => {
  const sandbox = await tied({ envelope: { omit: ['end_time', 'end_id', 'next_page'] } });
  expect((await page(sandbox, 'chats')).keys).toEqual(['chats', 'count']);
  sandbox.setSwitches({ envelope: { wrongUnit: true, every: 2 } });
  const right = await page(sandbox, 'agent_timeline', 'limit=1');
  const wrong = await page(sandbox, 'agent_timeline', 'limit=1');
  expect(wrong.end_time).toBe(Math.floor(Number(right.end_time) / 1e6));
  await page(sandbox, 'conversions', 'limit=1');
  const micros = await page(sandbox, 'conversions', 'limit=1');
  expect(micros.end_time).toBe(sandbox.account.timeAt('conversions', 0) * 1e6);
});

test('values of an envelope can be null', async () => {
  const sandbox = await tied({ envelope: { nulls: ['end_time', 'next_page'] } });
  expect(await page(sandbox, 'chats')).toMatchObject({
    end_time: null,
    next_page: null,
    count: 20,
  });
});

test('a null end_time is not affected by the wrong unit', async () => {
  const sandbox = await startFrozenSandbox({
    chats: 0,
    switches: { envelope: { wrongUnit: true }, emptyEnd: 'null' },
  });
  expect((await page(sandbox, 'chats')).end_time).toBeNull();
});

test('a page can repeat the previous one', async () => {
  const sandbox = await tied({ repeatPage: { every: 2 } });
  const first = await page(sandbox, 'chats', 'limit=5');
  expect(await page(sandbox, 'chats', `${place(sandbox, 4)}&limit=5`)).toEqual(first);
});

test('records can be hidden from requests that start at or before a time', async () => {
  const sandbox = await tied({});
  const after = sandbox.account.timeAt('chats', 9);
  sandbox.setSwitches({ hidden: { resource: 'chats', after } });
  expect((await page(sandbox, 'chats')).count).toBe(13);
  expect((await page(sandbox, 'chats', `start_time=${after}`)).count).toBe(5);
  expect((await page(sandbox, 'chats', `start_time=${after + 1}`)).count).toBe(7);
  sandbox.setSwitches({ hidden: { resource: 'chats', after, empty: true } });
  expect((await page(sandbox, 'chats', `start_time=${after}`)).count).toBe(0);
});

test('timespans can be sorted and found by their start', async () => {
  const sandbox = await startFrozenSandbox({ switches: { timelineSort: 'start' } });
  const { items, end_time: end } = await page(sandbox, 'agent_timeline');
  const starts = items.map((span) => textOf(span['start_time']));
  expect(starts).toEqual(starts.toSorted());
  expect(textOf(end)).toBe(
    `${Date.parse(`${textOf(starts.at(-1)).slice(0, 19)}Z`) / 1000}${starts.at(-1)?.slice(20, 26)}`,
  );
});

test('the clock of the server can differ, which shifts its limit of five minutes', async () => {
  const sandbox = await startFrozenSandbox({ switches: { clockOffsetSeconds: -3600 } });
  const { headers } = await requestApi(sandbox, 'goals');
  expect(headers.date).toBe(new Date(noonMs - 3_600_000).toUTCString());
  const { status } = await requestApi(
    sandbox,
    `incremental/chats?start_time=${noonMs / 1000 - 3700}`,
  );
  expect(status).toBe(400);
});

test('the limit of bans can count each array', async () => {
  const sandbox = await startFrozenSandbox({ switches: { bansLimit: 'perArray' } });
  const bans = await json<Record<string, JsonObject[]>>(sandbox, 'bans?limit=4');
  expect([bans['ip_address']?.length, bans['visitor']?.length]).toEqual([4, 4]);
});

test('pages of bans and agents can be smaller than the limit', async () => {
  const sandbox = await startFrozenSandbox({ switches: { bansMaxPage: 3, agentsMaxPage: 2 } });
  const bans = await json<Record<string, JsonObject[]>>(sandbox, 'bans?limit=100');
  expect([bans['ip_address'], bans['visitor']].flat()).toHaveLength(3);
  expect(await json(sandbox, 'agents?limit=100')).toHaveLength(2);
});

test('pages of exports can be smaller than the limit', async () => {
  const sandbox = await tied({ maxPage: 7 });
  const { count, next_page: next } = await page(sandbox, 'chats', 'limit=15');
  expect(count).toBe(7);
  expect(next).toContain('limit=15&');
});

test('the minimum age of a start can be changed', async () => {
  const sandbox = await startFrozenSandbox({ switches: { minimumAgeSeconds: 10 } });
  const statusAt = async (ageSeconds: number): Promise<number> =>
    (await requestApi(sandbox, `incremental/chats?start_time=${noonMs / 1000 - ageSeconds}`))
      .status;
  expect([await statusAt(10), await statusAt(11)]).toEqual([400, 200]);
});

test('agents can allow a higher limit', async () => {
  const sandbox = await startFrozenSandbox({ agents: 150, switches: { agentsLimitCeiling: 1000 } });
  expect(await json(sandbox, 'agents?limit=500')).toHaveLength(150);
});

test.each([
  ['exclusive', 2, [2, 3]],
  ['ignored', 2, [0, 1]],
  ['unpaged', 2, [0, 1, 2, 3, 4]],
] as const)('since_id can be %s', async (sinceId, limit, expected) => {
  const sandbox = await startFrozenSandbox({ agents: 5, switches: { sinceId } });
  const all = [...sandbox.account.dump('agents')].map(({ id }) => id);
  const got = await json(sandbox, `agents?limit=${limit}&since_id=${textOf(all[1])}`);
  expect(got.map(({ id }) => all.indexOf(id ?? null))).toEqual(expected);
});

test('resources can be absent, each with its own status', async () => {
  const sandbox = await startFrozenSandbox({
    switches: { absent: { account: 403, goals: 404, agents: 410 } },
  });
  const statuses = await Promise.all(
    ['account', 'goals', 'agents?limit=1', 'agents/me', 'roles'].map(
      async (path) => (await requestApi(sandbox, path)).status,
    ),
  );
  expect(statuses).toEqual([403, 404, 410, 200, 200]);
});

test('all resources can be absent', async () => {
  const sandbox = await startFrozenSandbox({ switches: { absent: { '*': 404 } } });
  const answers = [
    await requestApi(sandbox, 'agents/me'),
    await requestApi(sandbox, 'incremental/chats'),
  ];
  expect(answers.map(({ text }) => text)).toEqual([
    '{"error":"Not Found"}',
    '{"error":"Not Found"}',
  ]);
});

test('a missing or wrong token is rejected with error and description', async () => {
  const sandbox = await startFrozenSandbox();
  const wrong = await requestApi(sandbox, 'agents', { authorization: 'Bearer other' });
  const basic = await requestApi(sandbox, 'agents', { authorization: `Basic ${sandbox.token}` });
  expect([wrong.status, basic.status]).toEqual([401, 401]);
  expect(Object.keys(JSON.parse(wrong.text) as object)).toEqual(['error', 'description']);
});

test('the token can be rejected for all resources or for one', async () => {
  const sandbox = await startFrozenSandbox({ switches: { tokenRefused: ['goals'] } });
  expect((await requestApi(sandbox, 'goals')).status).toBe(401);
  expect((await requestApi(sandbox, 'roles')).status).toBe(200);
  sandbox.setSwitches({ tokenRefused: true });
  expect((await requestApi(sandbox, 'roles')).status).toBe(401);
});
