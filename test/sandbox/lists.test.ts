import { afterEach, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/json.ts';
import { requestApi, closeAll, startFrozenSandbox, json } from './sandbox-requests.ts';

afterEach(closeAll);

interface Bans {
  readonly ip_address: JsonObject[];
  readonly visitor: JsonObject[];
}

const ids = (items: readonly JsonObject[]): number[] => items.map(({ id }) => Number(id));

test.each(['departments', 'goals', 'roles', 'shortcuts', 'skills', 'triggers'])(
  '%s is a complete array without an envelope, and takes no parameters',
  async (name) => {
    const sandbox = await startFrozenSandbox();
    const items = await json(sandbox, name);
    expect(items.length).toBeGreaterThan(1);
    expect(items[0]).toHaveProperty('name');
    expect((await requestApi(sandbox, `${name}?limit=100`)).status).toBe(400);
  },
);

test('routing settings of the account are in the key data', async () => {
  const sandbox = await startFrozenSandbox();
  const body = await json<{ data: JsonObject }>(sandbox, 'routing_settings/account');
  expect(body.data).toHaveProperty('routing_mode');
});

test('agents are paged by since_id, which is inclusive', async () => {
  const sandbox = await startFrozenSandbox({ agents: 5 });
  const all = ids(await json(sandbox, 'agents?limit=100'));
  expect(all).toHaveLength(5);
  expect(ids(await json(sandbox, `agents?limit=2&since_id=${all[2]}`))).toEqual(all.slice(2, 4));
  expect(await json(sandbox, `agents?limit=2&since_id=${Number(all[4]) + 1}`)).toEqual([]);
});

test('lists return ten items without a limit', async () => {
  const sandbox = await startFrozenSandbox({ agents: 30 });
  expect(await json(sandbox, 'agents')).toHaveLength(10);
});

test('agents reject a limit above 100, bans a limit above 1000', async () => {
  const sandbox = await startFrozenSandbox();
  const paths = ['agents?limit=100', 'agents?limit=101', 'bans?limit=1000', 'bans?limit=1001'];
  const answers = await Promise.all(paths.map((path) => requestApi(sandbox, path)));
  expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 400]);
});

test('agents/me is the first agent, and agents/{id} is the agent with this id', async () => {
  const sandbox = await startFrozenSandbox();
  const me = await json<JsonObject>(sandbox, 'agents/me');
  expect(await json<JsonObject>(sandbox, `agents/${Number(me['id'])}`)).toEqual(me);
  expect((await requestApi(sandbox, 'agents/17')).status).toBe(404);
});

test('bans are an object with two arrays that share one sequence of ids', async () => {
  const sandbox = await startFrozenSandbox({ bans: { ip: 6, visitor: 5 } });
  const bans = await json<Bans>(sandbox, 'bans?limit=100');
  expect(Object.keys(bans)).toEqual(['ip_address', 'visitor']);
  const both = [...ids(bans.ip_address), ...ids(bans.visitor)];
  expect(new Set(both).size).toBe(11);
  expect(Math.max(...ids(bans.ip_address))).toBeGreaterThan(Math.min(...ids(bans.visitor)));
});

test('the limit of bans counts both arrays together', async () => {
  const sandbox = await startFrozenSandbox({ bans: { ip: 20, visitor: 20 } });
  const bans = await json<Bans>(sandbox, 'bans?limit=7');
  expect(bans.ip_address.length + bans.visitor.length).toBe(7);
});

test('an empty page of bans has two empty arrays', async () => {
  const sandbox = await startFrozenSandbox();
  expect(await json(sandbox, 'bans?since_id=999999999')).toEqual({ ip_address: [], visitor: [] });
});

test('lopsided bans have all ip bans below all visitor bans', async () => {
  const sandbox = await startFrozenSandbox({ bans: { ip: 3, visitor: 30, layout: 'lopsided' } });
  const bans = await json<Bans>(sandbox, 'bans?limit=100');
  expect(Math.max(...ids(bans.ip_address))).toBeLessThan(Math.min(...ids(bans.visitor)));
});

test('other paths are not found', async () => {
  const sandbox = await startFrozenSandbox();
  const answers = await Promise.all(
    ['visitors', 'incremental/visitors', '', 'bans/ip'].map((path) => requestApi(sandbox, path)),
  );
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(JSON.parse(answers[0]?.text ?? '')).toEqual({ error: 'Not Found' });
});

test('the lists of an account without agents are empty', async () => {
  const sandbox = await startFrozenSandbox({ agents: 0 });
  expect(await json(sandbox, 'agents')).toEqual([]);
  expect((await requestApi(sandbox, 'agents/me')).status).toBe(404);
});
