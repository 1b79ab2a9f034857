/** What a catalog selects is written, what it leaves out is nowhere. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { breadcrumbOf, catalogOf, discovered, mark, type DraftEntry } from '../support/catalogs.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { runOnce } from '../support/world.ts';

/** Streams whose records have other keys than their SCHEMA, or the same ones in another order. */
function differingStreams({ messages, schemas }: TapResult): readonly string[] {
  const columns = Object.fromEntries(
    Object.entries(schemas).map(([name, { schema }]) => [name, Object.keys(schema.properties)]),
  );
  const differing = messages.filter(
    (line) =>
      line.type === 'RECORD' &&
      JSON.stringify(Object.keys(line.record)) !== JSON.stringify(columns[line.stream]),
  );
  return [...new Set(differing.map((line) => ('stream' in line ? line.stream : '')))];
}

function inSchema(schema: JsonObject, path: string): boolean {
  const end = breadcrumbOf(path).reduce<unknown>(
    (node, step) => (node as Record<string, unknown> | undefined)?.[step],
    schema,
  );
  return end !== undefined;
}

test('Discovery with one field fewer in each stream is followed in every stream', async () => {
  const catalog = discovered();
  for (const entry of catalog.streams) mark(entry, 'additional_fields', { selected: false });
  const { result } = await runOnce({}, { catalog: catalog as unknown as JsonObject });
  expect(Object.keys(result.schemas)).toHaveLength(12);
  expect(differingStreams(result)).toEqual([]);
  expect(result.stdout.includes('additional_fields')).toBe(false);
});

/** What Meltano makes of a select rule: everything is set one way or the other, in both spellings. */
function asMeltano(entry: DraftEntry, excluded: readonly string[]): void {
  entry['selected'] = true;
  entry['replication_key'] = 'update_timestamp';
  for (const { breadcrumb, metadata } of entry.metadata) {
    // It does not look below array items: they stay as discovery has them.
    if (!breadcrumb.includes('items')) metadata['selected'] = true;
  }
  for (const path of excluded) mark(entry, path, { selected: false });
}

test('Meltano: ["chats.*", "!chats.visitor.email", "!chats.history"]', async () => {
  const catalog = catalogOf('chats', (entry) => {
    asMeltano(entry, ['visitor.email', 'history']);
  });
  const { result } = await runOnce({ chats: 20 }, { catalog });
  expect(result).toMatchObject({ code: 0, warnings: [] });
  const schema = result.schemas['chats']?.schema ?? {};
  expect(inSchema(schema, 'visitor.name')).toBe(true);
  expect(inSchema(schema, 'visitor.email')).toBe(false);
  expect(inSchema(schema, 'history')).toBe(false);
  expect(inSchema(schema, 'webpath[].from')).toBe(true);
  expect(differingStreams(result)).toEqual([]);
});

test('Meltano: replication-method FULL_TABLE reads the chats whole and leaves their bookmark alone', async () => {
  const bookmark = {
    update_timestamp: '2030-01-01T00:00:00Z',
    position: { end_time: 1_893_456_000, end_id: null },
  };
  const catalog = catalogOf('chats', (entry) => {
    asMeltano(entry, []);
    entry['replication_method'] = 'FULL_TABLE';
    mark(entry, '', { 'replication-method': 'FULL_TABLE' });
  });
  const { result } = await runOnce({}, { catalog, state: { bookmarks: { chats: bookmark } } });
  expect(result).toMatchObject({ code: 0, warnings: [] });
  expect(result.records('chats')).toHaveLength(12);
  expect(result.lastState).toEqual({ bookmarks: { chats: bookmark }, currently_syncing: null });
  expect(result.schemas['chats']).not.toHaveProperty('bookmark_properties');
});

test('Meltano: bans by id are read incrementally, and the second run reads only newer ones', async () => {
  const catalog = catalogOf('bans', (entry) => {
    mark(entry, '', { 'replication-method': 'INCREMENTAL', 'replication-key': 'id' });
  });
  await withSandbox({}, async (sandbox) => {
    const input = { sandboxUrl: sandbox.url, config: { ...sandbox.config }, catalog };
    const first = await runTap(input);
    const second = await runTap({ ...input, state: first.lastState });
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.records('bans')).toHaveLength(4);
    expect(first.schemas['bans']?.bookmark_properties).toEqual(['id']);
    expect(second.records('bans')).toEqual([]);
  });
});

test('An alias of the older taps names the stream, its target table and its bookmark', async () => {
  const catalog = catalogOf('accounts', (entry) => {
    entry.tap_stream_id = 'account';
    entry.stream = 'zendesk_account';
  });
  const { result } = await runOnce({}, { catalog });
  expect(result.code).toBe(0);
  expect(Object.keys(result.schemas)).toEqual(['zendesk_account']);
  expect(result.records('zendesk_account')).toHaveLength(1);
});

const marker = 'MARKER-7c21';

/** Every field that can contain personal text, with valid and with invalid values. */
function plant({ account }: Sandbox): void {
  const texts = { comment: marker, rating: marker, message: marker };
  const hostile = {
    comment: { text: marker },
    rating: [marker],
    duration: marker,
    department_name: { [marker]: true },
    session: marker,
    webpath: marker,
    tags: { [marker]: marker },
    referrer_search_terms: `${marker}\u0000\uD83D`,
    end_timestamp: marker,
    unknown_field: marker,
  };
  const visitor = { id: 'v', name: 'n', email: marker, notes: { [marker]: marker } };
  const history = [
    { index: 0, type: 'chat.msg', name: 'n', msg: marker },
    { index: 1, type: 'chat.msg', name: 'n', msg: { [marker]: marker }, options: [marker] },
  ];
  account.patchChat(account.idAt('chats', 1), texts);
  account.patchChat(account.idAt('chats', 2), { visitor, history });
  account.patchChat(account.idAt('chats', 3), hostile);
}

const deselected = (
  'comment rating message duration department_name session webpath tags referrer_search_terms ' +
  'end_timestamp visitor.email visitor.notes history[].msg history[].options additional_fields'
).split(' ');

const rejection = 'chats: the API rejects the list of fields (400); requesting all fields instead';

async function runPlanted(excluded: readonly string[]): Promise<TapResult> {
  const catalog = catalogOf('chats', (entry) => {
    for (const path of excluded) mark(entry, path, { selected: false });
  });
  // An API that rejects lists of fields also sends unselected fields.
  return withSandbox({ switches: { fieldLists: 'refused' } }, async (sandbox) => {
    plant(sandbox);
    return runTap({
      sandboxUrl: sandbox.url,
      config: { ...sandbox.config },
      catalog,
      env: { LOGLEVEL: 'debug' },
    });
  });
}

test('Unselected streams and columns appear nowhere: not in records, counts or logs', async () => {
  const result = await runPlanted(deselected);
  expect(result.code).toBe(0);
  expect(result.warnings).toEqual([
    rejection,
    'chats: unknown field /unknown_field (string) was dropped, because additional_fields is not selected; reported once per path',
  ]);
  expect(result.records('chats')).toHaveLength(12);
  expect(differingStreams(result)).toEqual([]);
  expect(result.stdout.includes(marker)).toBe(false);
  expect(result.stderr.includes(marker)).toBe(false);
});

test('Unselected columns are not kept in additional_fields either', async () => {
  const result = await runPlanted(deselected.filter((path) => path !== 'additional_fields'));
  expect(result.code).toBe(0);
  const kept = result.records('chats').map((record) => record['additional_fields']);
  expect(kept.filter((text) => text !== null)).toEqual([
    JSON.stringify({ '/unknown_field': marker }),
  ]);
  expect(result.stdout.split(marker).length - 1).toBe(1);
  expect(result.warnings).toEqual([
    rejection,
    'chats: unknown field /unknown_field (string) was kept in additional_fields; reported once per path',
  ]);
});

test('The same account with everything selected shows that there was something to hide', async () => {
  const result = await runPlanted([]);
  expect(result.code).toBe(0);
  expect(result.stdout.split(marker).length - 1).toBeGreaterThan(15);
  // A log names places and types; it never shows a value.
  expect(result.stderr.includes(marker)).toBe(false);
});
