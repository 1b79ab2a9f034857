/** The examples of the documentation are valid, and its texts are those of the program. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';

import { airbyteCatalog } from '../../src/airbyte/catalog.ts';
import { describeStreams, discoverStreams } from '../../src/sync/discover-streams.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { parseCatalog } from '../../src/singer/parse-catalog.ts';
import { discoverCatalog } from '../../src/singer/catalog.ts';
import { propertyBreadcrumbs } from '../../src/singer/schema.ts';
import { selectStreams } from '../../src/singer/select-streams.ts';
import { State } from '../../src/singer/state.ts';
import { readExportBookmark, microseconds, seconds } from '../../src/zendesk/export/bookmark.ts';
import { readIdBookmark } from '../../src/zendesk/id-pages.ts';
import { streams } from '../../src/zendesk/streams.ts';
import { blocksIn, readDocuments, type Document } from './documents.ts';
import { codeIn, rowsOf, sectionOf } from './markdown.ts';
import { parseYaml } from './yaml.ts';

const root = new URL('../../', import.meta.url);
const documents = await readDocuments();
const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));

/** A page of `docs/`. */
function page(name: string): Document {
  const path = `docs/${name}.md`;
  return documents.find((document) => document.path === path) ?? fail(`the index lacks ${path}`);
}

test('Each npm script they name exists', () => {
  const all = documents.map(({ text }) => text).join('\n');
  const named = [...all.matchAll(/npm (?:run )?(test|(?<=run )[\w:]+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named));
});

test('Each path that CONTRIBUTING.md names exists', async () => {
  const contributing = await readFile(new URL('CONTRIBUTING.md', root), 'utf8');
  const [today = ''] = contributing.split('## Old and new names');
  const names = [
    ...today.matchAll(
      /`((?:src|schemas|test|cli|sync|zendesk|http|singer|records|airbyte)\/[\w./-]+)`/g,
    ),
  ];
  expect(names.length).toBeGreaterThan(20);
  const isThere = (name: string): boolean =>
    ['', 'src/'].some((place) => existsSync(new URL(`${place}${name}`, root)));
  expect(names.flatMap(([, name = '']) => (isThere(name) ? [] : [name]))).toEqual([]);
});

function jsonIn(name: string): Json {
  const [block = fail(`no JSON in docs/${name}.md`)] = blocksIn(page(name), 'json');
  return JSON.parse(block.text);
}

test('The example of a config is accepted without a word', async () => {
  const { config, messages } = await parseConfig(jsonIn('configuration'), { nowMs: Date.now() });
  expect(messages).toEqual([]);
  expect(config).toMatchObject({ subdomain: 'acme', lookback_minutes: 60, on_absent: 'fail' });
});

test('The example of a state holds bookmarks of our own', () => {
  const state = State.parse(jsonIn('records-and-state'), { streams });
  const spec = { foreignTimeKeys: [], foreignBookmarkKeys: [] };
  const chats = { ...spec, replicationKey: 'update_timestamp', unit: seconds };
  const timeline = { ...spec, replicationKey: 'start_time', unit: microseconds };
  expect(readExportBookmark(state.getBookmark('chats'), chats)).toMatchObject({ isOwn: true });
  expect(readExportBookmark(state.getBookmark('agent_timeline'), timeline)).toMatchObject({
    isOwn: true,
  });
  expect(readIdBookmark(state.getBookmark('agents') ?? {})).toBe(380000000034);
});

test('The example of a selection leaves out the two fields, and reads chats whole', () => {
  const descriptions = discoverStreams([]);
  const metadata = jsonIn('selection');
  const chats = discoverCatalog(descriptions).streams.find(({ stream }) => stream === 'chats');
  const catalog = JSON.parse(JSON.stringify({ streams: [{ ...chats, metadata }] }));
  const warnings: string[] = [];
  const [selected] = selectStreams({
    catalog: parseCatalog(catalog),
    streams: descriptions,
    warn: (message) => warnings.push(message),
  });
  const { schema, knownSchema, replicationMethod } = selected ?? fail('chats is not selected');
  const kept = new Set([...propertyBreadcrumbs(schema)].map(String));
  const gone = [...propertyBreadcrumbs(knownSchema)].map(String).filter((path) => !kept.has(path));
  expect(gone).toEqual([
    'properties,visitor,properties,email',
    'properties,history,items,properties,msg',
  ]);
  expect(replicationMethod).toBe('FULL_TABLE');
  expect(warnings).toEqual([]);
});

function fail(message: string): never {
  throw new Error(message);
}

test('The Meltano plugin is in the package, with the settings and fields that the example names', async () => {
  const [example = ''] = blocksIn(page('meltano'), 'yaml').map(({ text }) => text);
  const [shortcuts = ''] = blocksIn(page('moving-from-singer-io'), 'yaml').map(({ text }) => text);
  const { plugins } = parseYaml(example) as { plugins: { extractors: JsonObject[] } };
  const [tap = {}] = plugins.extractors;
  const file = await readFile(new URL('meltano.plugin.yml', root), 'utf8');
  const definition = parseYaml(file) as JsonObject;
  const settings = (definition['settings'] as JsonObject[]).map(({ name }) => name);
  const kinds = new Set((definition['settings'] as JsonObject[]).map(({ kind }) => kind));
  // Meltano cannot write the first, and accepts only JSON for the second.
  expect(['decimal', 'array'].filter((kind) => kinds.has(kind))).toEqual([]);
  expect(manifest.files).toEqual(expect.arrayContaining(['meltano.plugin.yml', 'meltano.hub.yml']));
  expect(Object.keys(manifest.bin)).toContain(definition['executable']);
  expect(tap['name']).toBe(definition['name']);
  expect(settings).toEqual(expect.arrayContaining(Object.keys(tap['config'] as JsonObject)));
  expect(tap['select']).toEqual(['*.*', '!chats.visitor.email']);
  expect(tap['metadata']).toEqual({ agents: { 'replication-method': 'INCREMENTAL' } });
  expect(parseYaml(shortcuts)).toEqual({
    metadata: { shortcuts: { 'table-key-properties': ['name'] } },
  });
});

test('Each target of the table is run in the version it names, but for the one that says so', async () => {
  const folder = new URL('test/tools/consumers/requirements/', root);
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')));
  const pinned = new Set(texts.join('\n').split('\n'));
  const cells = rowsOf(page('targets').text).map(([cell = '']) => cell);
  const named = cells.join('\n').matchAll(/`([\w-]+)` ([\d.]+)/g);
  const pins = Array.from(named, ([, name = '', version = '']) => `${name}==${version}`);
  expect(pins.filter((pin) => !pinned.has(pin))).toEqual(['target-csv==0.3.0']);
  expect(pins).toHaveLength(10);
});

test('The address for a token asks for a Chat token with the scopes read and chat', () => {
  const [address] = blocksIn(page('access-token'), 'text');
  const { origin, pathname, searchParams } = new URL(address?.text ?? '');
  expect(`${origin}${pathname}`).toBe('https://acme.zendesk.com/oauth2/chat/authorizations/new');
  expect(Object.fromEntries(searchParams)).toEqual({
    response_type: 'token',
    client_id: 'CLIENT_ID',
    scope: 'read chat',
    redirect_uri: 'https://localhost',
  });
});

/** All texts of the program in one string, with split texts joined. */
async function programTexts(): Promise<string> {
  const files = await readdir(new URL('src', root), { recursive: true });
  const own = files.filter((path) => path.endsWith('.ts') && !path.startsWith('sandbox'));
  const texts = await Promise.all(
    own.map((path) => readFile(new URL(`src/${path}`, root), 'utf8')),
  );
  return texts
    .join('\n')
    .replaceAll(/(['"`])\s*\+\s*['"`]/g, '')
    .replaceAll(String.raw`\'`, "'");
}

test('Each error text it explains is one the program has', async () => {
  const program = await programTexts();
  const airbyte =
    sectionOf(page('airbyte').text, '## Troubleshooting').split('Its text is')[1] ?? '';
  const rows = [page('troubleshooting').text, airbyte].flatMap(rowsOf);
  const texts = rows.flatMap(([cell = '']) => codeIn(cell));
  expect(texts.length).toBeGreaterThan(40);
  expect(texts.filter((text) => !program.includes(text))).toEqual([]);
});

test('Each environment variable it explains is one the program knows', async () => {
  const program = await programTexts();
  const rows = rowsOf(page('configuration').text);
  const names = rows
    .flatMap(([cell = '']) => codeIn(cell))
    .filter((name) => /^[A-Z_]+$/.test(name));
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !program.includes(name))).toEqual([]);
});

describe('Airbyte', () => {
  test('says of each stream what discover says', () => {
    const { streams: found } = airbyteCatalog(describeStreams()) as {
      streams: AirbyteStream[];
    };
    const rows = found.map((stream) => [
      `\`${stream.name}\``,
      stream.supported_sync_modes.join(', ').replaceAll('_', ' '),
      pathsOf([stream.default_cursor_field ?? []]),
      pathsOf(stream.source_defined_primary_key ?? []),
    ]);
    expect(rowsOf(sectionOf(page('airbyte').text, '## Supported streams'))).toEqual(rows);
  });

  test('has a config for PyAirbyte that is accepted, and streams that exist', async () => {
    const [python = ''] = blocksIn(page('pyairbyte'), 'python').map(({ text }) => text);
    const [, text = ''] = /config=(\{[\s\S]*?\n {4}\}),/.exec(python) ?? [];
    const value: JsonObject = JSON.parse(text.replaceAll(/,(?=\s*\})/g, ''));
    const { config, messages } = await parseConfig(value, { nowMs: Date.now() });
    expect({ ...config, messages }).toMatchObject({ subdomain: 'acme', messages: [] });
    expect(python).toContain('get_source(\n    "source-zendesk-chat",\n');
    const [, wanted = ''] = /streams=(\[.*\])/.exec(python) ?? [];
    expect(streams.map(({ name }) => name)).toEqual(expect.arrayContaining(JSON.parse(wanted)));
  });
});

interface AirbyteStream {
  readonly name: string;
  readonly supported_sync_modes: readonly string[];
  readonly default_cursor_field?: readonly string[];
  readonly source_defined_primary_key?: readonly (readonly string[])[];
}

/** Paths as a cell of a table. */
function pathsOf(paths: readonly (readonly string[])[]): string {
  const names = paths.filter((path) => path.length > 0).map((path) => `\`${path.join('.')}\``);
  return names.length === 0 ? '–' : names.join(', ');
}
