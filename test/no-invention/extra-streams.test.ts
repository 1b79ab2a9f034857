/** The streams that are off by default: who turns them on, and what is special about their records. */
import { expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { streams as table } from '../../src/zendesk/streams.ts';
import { incrementalCatalog } from '../support/catalogs.ts';
import { itemsOf, streamFaults } from '../support/oracle.ts';
import { sourceCatalog } from '../support/run-source.ts';
import { runTap, type Output, type TapResult } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { withWorld, worldStartMs } from '../support/world.ts';

const all = table.map(({ name }) => name);
const defaults = table.filter(({ isDefault }) => isDefault).map(({ name }) => name);
const extras = all.filter((name) => !defaults.includes(name));

/** In the order in which streams are read. */
function ordered(names: readonly string[]): readonly string[] {
  return all.filter((name) => names.includes(name));
}

test('twelve streams are on by default, six are off', () => {
  expect(defaults).toHaveLength(12);
  expect(extras.toSorted()).toEqual([
    'agent_events',
    'chat_engagements',
    'chat_messages',
    'conversions',
    'department_events',
    'routing_settings_agents',
  ]);
});

test.each<[extra: Json | undefined, on: readonly string[]]>([
  [undefined, []],
  [[], []],
  ['chat_messages', ['chat_messages']],
  [
    ['conversions', 'chat_engagements'],
    ['conversions', 'chat_engagements'],
  ],
  ['all', extras],
  [['all'], extras],
])(
  'extra_streams %j turns on %j: in discovery, and in a run without a catalog',
  async (extra, on) => {
    await withSandbox({}, async (sandbox) => {
      const config = { ...sandbox.config, ...(extra !== undefined && { extra_streams: extra }) };
      const expected = ordered([...defaults, ...on]);
      const { stdout } = await runTap({ config, args: ['--discover'] });
      const { streams } = JSON.parse(stdout) as { streams: readonly JsonObject[] };
      expect(streams.map(({ tap_stream_id: id }) => id)).toEqual(expected);
      const result = await runTap({ sandboxUrl: sandbox.url, config });
      expect(result.code).toBe(0);
      expect(Object.keys(result.schemas)).toEqual(expected);
      // What discovery prints can be given back as it is.
      const again = await runTap({ sandboxUrl: sandbox.url, config, catalog: stdout });
      expect(Object.keys(again.schemas)).toEqual(expected);
    });
  },
);

test('a catalog may select a stream that extra_streams does not name', async () => {
  await withSandbox({}, async ({ url, config }) => {
    const result = await runTap({
      sandboxUrl: url,
      config,
      catalog: incrementalCatalog(['chat_messages']),
    });
    expect(result).toMatchObject({ code: 0, warnings: [] });
    expect(Object.keys(result.schemas)).toEqual(['chat_messages']);
  });
});

test('the Airbyte source offers all streams', async () => {
  const { streams } = await sourceCatalog();
  expect(streams.map(({ name }) => name)).toEqual(all);
  expect(all).toHaveLength(18);
});

function readAll(sandbox: Sandbox): Promise<TapResult> {
  return runTap({
    sandboxUrl: sandbox.url,
    config: { ...sandbox.config, extra_streams: 'all' },
  });
}

function keysOf(output: Output, stream: string): readonly string[] {
  const names = output.schemas[stream]?.key_properties ?? [];
  return output.records(stream).map((record) => JSON.stringify(names.map((name) => record[name])));
}

/** As many events in one second, or one microsecond, as fit in a page without ids; parts that equal each other. */
function addTies({ account }: Sandbox): void {
  const second = '2026-01-05T10:00:00';
  for (let place = 10; place < 50; place += 1) {
    const id = `tie-${place}`;
    account.put('conversions', { id, timestamp: `${second}Z` });
    account.put('department_events', { id, timestamp: `${second}Z` });
    account.put('agent_events', { id, timestamp: `${second}.000001Z` });
  }
  for (const place of [0, 1, 2]) {
    account.patchChat(account.idAt('chats', place), {
      engagements: [{ id: '1' }, { id: '2' }],
      history: [{ type: 'chat.msg' }, { type: 'chat.msg' }],
    });
  }
}

test('the key of each record is unique in its stream, also among ties and equal parts', async () => {
  const account = { chats: 150, agents: 8, timeline: 60, timelineTies: 30 };
  const ties = [{ at: 'middle', count: 120 }] as const;
  const options = { ...account, ties, switches: { maxPage: 50 } };
  await withWorld(options, async ({ sandbox, run }) => {
    addTies(sandbox);
    const result = await run({ config: { extra_streams: 'all' } });
    expect(result).toMatchObject({ code: 0, warnings: [] });
    for (const stream of all) {
      const keys = keysOf(result, stream);
      expect([stream, new Set(keys).size]).toEqual([stream, itemsOf(sandbox, stream).length]);
      expect([stream, keys.length]).toEqual([stream, itemsOf(sandbox, stream).length]);
      expect(streamFaults(result, sandbox, stream)).toEqual([]);
    }
  });
});

test('if a chat is edited, all its parts come again under the same keys, with its new update_timestamp', async () => {
  await withWorld({ chats: 20 }, async ({ sandbox, run }) => {
    const { account } = sandbox;
    const catalog = incrementalCatalog(['chat_engagements', 'chat_messages']);
    const id = account.idAt('chats', 7);
    account.patchChat(id, { history: [{ msg: 'a' }, { msg: 'b' }, { msg: 'c' }], engagements: [] });
    const first = await run({ catalog });
    account.patchChat(
      id,
      { history: [{ msg: 'A' }, { msg: 'b' }], engagements: [{ id: 'new' }] },
      Math.floor(worldStartMs / 1000) - 400,
    );
    const second = await run({ catalog, state: first.lastState });
    const updated = new Date(worldStartMs - 400_000).toISOString().replace('.000', '');
    const rows = (stream: string): readonly JsonObject[] =>
      second.records(stream).filter(({ chat_id: chat }) => chat === id);
    expect(rows('chat_messages')).toMatchObject([
      { position: 0, msg: 'A', update_timestamp: updated },
      { position: 1, msg: 'b', update_timestamp: updated },
    ]);
    expect(rows('chat_engagements')).toMatchObject([{ id: 'new', update_timestamp: updated }]);
    // The row with position 2 stays in the target: the API does not report that it was removed.
    expect(keysOf(first, 'chat_messages')).toContain(JSON.stringify([id, 2]));
  });
});

test('end_date applies to the update_timestamp of the chat, and each stream has a bookmark of its own', async () => {
  await withWorld({ chats: 30, days: 10 }, async ({ sandbox, run }) => {
    const middle = sandbox.account.timeAt('chats', 14);
    const end_date = new Date(middle * 1000).toISOString();
    const catalog = incrementalCatalog(['chats', 'chat_messages']);
    const first = await run({ catalog, config: { end_date } });
    const chats = new Set(first.records('chats').map(({ id }) => id));
    const messages = first.records('chat_messages');
    expect(chats.size).toBe(15);
    expect(messages.every(({ chat_id: chat }) => chats.has(chat))).toBe(true);
    const bookmarks = Object.keys(first.lastState['bookmarks'] ?? {});
    expect(bookmarks.toSorted()).toEqual(['chat_messages', 'chats']);
    const later = await run({ catalog, state: first.lastState });
    const count = new Set([...keysOf(first, 'chat_messages'), ...keysOf(later, 'chat_messages')]);
    expect(count.size).toBe(itemsOf(sandbox, 'chat_messages').length);
  });
});

test('parts of an unexpected shape are kept, with a warning; a part without a key fails the stream', async () => {
  await withWorld({ chats: 5 }, async ({ sandbox, run }) => {
    const { account } = sandbox;
    account.patchChat(account.idAt('chats', 0), { history: ['odd', null, { msg: 5 }] });
    account.patchChat(account.idAt('chats', 1), { history: null, engagements: undefined });
    account.patchChat(account.idAt('chats', 2), { engagements: [{ id: null, agent_id: 7 }] });
    const result = await run({
      catalog: incrementalCatalog(['chat_engagements', 'chat_messages']),
    });
    const rows = result
      .records('chat_messages')
      .filter(({ chat_id: chat }) => chat === account.idAt('chats', 0));
    expect(rows.map(({ position, msg, additional_fields: kept }) => [position, msg, kept])).toEqual(
      [
        [0, null, '{"/history":"odd"}'],
        [1, null, '{"/history":null}'],
        [2, '5', null],
      ],
    );
    expect(result.code).toBe(1);
    expect(result.warnings.join('\n')).toMatch(/chat_messages: unknown field \/history \(string\)/);
    expect(result.warnings.join('\n')).toMatch(/chat_engagements: .* has no id/);
  });
});

test('values whose shape is not documented are text, or JSON text', async () => {
  const timestamp = '2026-01-05T10:00:00Z';
  await withWorld({ agents: 0 }, async ({ sandbox, run }) => {
    const { account } = sandbox;
    const event = { id: 'e', timestamp, previous_value: { status: 'away' }, value: ['a', 1] };
    account.put('department_events', event);
    account.put('agent_events', { id: 'a', timestamp, previous_value: 0, value: null });
    account.put('routing_settings/agents', { agent_id: 7, chat_limit: 3, skills: { all: true } });
    const result = await run({ config: { extra_streams: 'all' } });
    expect(result).toMatchObject({ code: 0, warnings: [] });
    expect(result.records('department_events')).toMatchObject([
      { previous_value: '{"status":"away"}', value: '["a",1]', additional_fields: null },
    ]);
    expect(result.records('agent_events')).toMatchObject([{ previous_value: '0', value: null }]);
    expect(result.records('routing_settings_agents')).toMatchObject([
      { id: 7, agent_id: 7, chat_limit: '3', skills: '{"all":true}', additional_fields: null },
    ]);
  });
});

test('agent_events requests no fields; the parts of chats request only their array', async () => {
  await withSandbox({ agentEvents: 3 }, async (sandbox) => {
    await readAll(sandbox);
    const fieldsOf = (end: string): readonly unknown[] => {
      const requests = sandbox.requests.filter(({ path }) => path.endsWith(end));
      return [...new Set(requests.map(({ query }) => query['fields']))];
    };
    expect(fieldsOf('agent_events')).toEqual([undefined]);
    expect(fieldsOf('conversions')).toEqual(['conversions(*)']);
    expect(fieldsOf('/chats')).toEqual([
      'chats(*)',
      'chats(id,update_timestamp,engagements)',
      'chats(id,update_timestamp,history)',
    ]);
  });
});

test('if the API refuses lists of fields, the parts of chats are read with all fields', async () => {
  await withSandbox({ switches: { fieldLists: 'refused' } }, async (sandbox) => {
    const result = await readAll(sandbox);
    expect(result.code).toBe(0);
    for (const stream of ['chat_engagements', 'chat_messages'])
      expect(streamFaults(result, sandbox, stream)).toEqual([]);
  });
});

test('a stream that the account does not have is skipped', async () => {
  const absent = { agent_events: 403, conversions: 404, 'routing_settings/agents': 404 };
  await withSandbox({ chats: 20, switches: { absent } }, async (sandbox) => {
    const result = await readAll(sandbox);
    expect(result.code).toBe(0);
    for (const stream of ['agent_events', 'conversions', 'routing_settings_agents'])
      expect(result.records(stream)).toEqual([]);
    expect(result.stderr).toMatch(/18 streams: 15 complete, 3 absent/);
  });
});

test('--check reads the endpoints of extra streams', async () => {
  await withSandbox({}, async ({ url, config }) => {
    const result = await runTap({
      sandboxUrl: url,
      config: { ...config, extra_streams: 'all' },
      args: ['--check'],
    });
    expect(result.code).toBe(0);
    for (const stream of extras) expect(result.stdout).toMatch(new RegExp(`^${stream} +ok`, 'm'));
  });
});
