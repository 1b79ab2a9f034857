/** What the tap can read is told without network, without credentials and always in the same bytes. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import { breadcrumbOf, type DraftCatalog } from '../helpers/catalogs.ts';
import { withClosedPort } from '../helpers/local-server.ts';
import { runTap, type TapInput, type TapResult } from '../helpers/run-tap.ts';
import { withSandbox } from '../helpers/with-sandbox.ts';

function discover(input: TapInput = {}): Promise<TapResult> {
  return withClosedPort((sandboxUrl) => runTap({ sandboxUrl, args: ['--discover'], ...input }));
}

function catalogIn({ stdout }: TapResult): DraftCatalog {
  return JSON.parse(stdout) as DraftCatalog;
}

test.each<{ name: string; input: TapInput }>([
  { name: 'without a config', input: {} },
  { name: 'with an empty config', input: { config: {} } },
  { name: 'with a config that could not be used', input: { config: { start_date: 'yesterday' } } },
  { name: 'with a state beside it, as Meltano passes it', input: { state: { bookmarks: {} } } },
  { name: 'with a state that holds nothing of use', input: { state: 'not even JSON' } },
])('Discovery works $name, and says the same each time', async ({ input }) => {
  const result = await discover(input);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  const plain = await discover({ args: ['-d'] });
  expect(result.bytes.equals(plain.bytes)).toBe(true);
});

test.each([
  { select: '["account.*", "chats.*"]', name: 'account' },
  { select: '["*.*", "!account.billing"]', name: 'account' },
  { select: '["account.*", "accounts.*"]', name: 'accounts' },
  { select: '["*.*"]', name: 'accounts' },
  { select: '{"account.*": 1}', name: 'accounts' },
  { select: '[[], "account.*"', name: 'accounts' },
])("Discovery names a stream as Meltano's select does: $select", async ({ select, name }) => {
  const result = await discover({ env: { MELTANO_EXTRACT__SELECT: select } });
  const [first, ...others] = catalogIn(result).streams;
  expect(first).toMatchObject({ tap_stream_id: name, stream: name });
  expect(others).toEqual(catalogIn(await discover()).streams.slice(1));
});

test('Discovery has no line that a line buffer could not take', async () => {
  const { lines } = await discover();
  expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(4000);
  expect(lines.length).toBeGreaterThan(1000);
});

test('Discovery tells all twelve streams, in both spellings and choosing none', async () => {
  const result = await discover();
  const { streams } = catalogIn(result);
  expect(streams.map((entry) => entry.tap_stream_id).join(' ')).toBe(
    'accounts routing_settings departments goals roles shortcuts skills triggers agents bans ' +
      'agent_timeline chats',
  );
  expect(result.stdout).not.toMatch(/"selected":/);
  const chats = streams.at(-1);
  expect(chats).toMatchObject({
    stream: 'chats',
    key_properties: ['id'],
    replication_method: 'INCREMENTAL',
    replication_key: 'update_timestamp',
  });
  expect(chats?.metadata[0]).toEqual({
    breadcrumb: [],
    metadata: {
      inclusion: 'available',
      'selected-by-default': true,
      'table-key-properties': ['id'],
      'valid-replication-keys': ['update_timestamp'],
    },
  });
});

/** Dotted paths of all properties, written down anew: `history[].msg`. */
function pathsIn(schema: JsonObject | undefined, before = ''): readonly string[] {
  const { properties, items } = (schema ?? {}) as Record<string, Record<string, JsonObject>>;
  const inItems = items === undefined ? [] : pathsIn(items, `${before.slice(0, -1)}[].`);
  const own = Object.entries(properties ?? {}).flatMap(([name, child]) =>
    [`${before}${name}`].concat(pathsIn(child, `${before}${name}.`)),
  );
  return [...own, ...inItems];
}

test('Every property at every depth can be selected, also inside arrays', async () => {
  const { streams } = catalogIn(await discover());
  for (const { schema, metadata } of streams) {
    const told = metadata.slice(1).map(({ breadcrumb }) => JSON.stringify(breadcrumb));
    const paths = pathsIn(schema as JsonObject).map((path) => JSON.stringify(breadcrumbOf(path)));
    expect(told).toEqual(paths);
  }
  const chats = streams.at(-1)?.metadata.map(({ breadcrumb }) => breadcrumb.join('/'));
  expect(chats).toContain('properties/history/items/properties/msg');
});

test('What discovery prints can be given back as the catalog, and reads everything', async () => {
  const { stdout } = await discover();
  await withSandbox({}, async (sandbox) => {
    const input = { sandboxUrl: sandbox.url, config: { ...sandbox.config } };
    const withCatalog = await runTap({ ...input, catalog: stdout });
    const without = await runTap(input);
    const told = ({ messages }: TapResult): readonly unknown[] =>
      messages.map((line) => ({ ...line, time_extracted: undefined }));
    expect([withCatalog.code, withCatalog.warnings]).toEqual([0, []]);
    expect(told(withCatalog)).toEqual(told(without));
  });
});

test.each(['chats', 'all'])('Discovery accepts extra_streams: %s', async (extra) => {
  const { code, stdout } = await discover({ config: { extra_streams: extra } });
  expect([code, stdout.includes('"tap_stream_id": "chats"')]).toEqual([0, true]);
});

test.each([
  { name: 'is not JSON', config: '{"extra_streams": ', says: /^CRITICAL --config: .* is not JSON/ },
  {
    name: 'has no list of extra streams',
    config: { extra_streams: 7 },
    says: /^CRITICAL extra_streams must be a list of stream names, or all/,
  },
])('Discovery with a config that $name fails and prints no catalog', async ({ config, says }) => {
  const { code, stdout, stderrLines } = await discover({ config });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderrLines).toEqual([expect.stringMatching(says)]);
});

test('Discovery asks nobody: nothing arrives where the API is said to be', async () => {
  await withSandbox({}, async (sandbox) => {
    const { code } = await discover({ sandboxUrl: sandbox.url, config: { ...sandbox.config } });
    expect([code, sandbox.requests]).toEqual([0, []]);
  });
});
