/** The README holds what it promises: its commands run, its examples are understood, its texts are the program's. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { airbyteCatalog } from '../../src/airbyte/catalog.ts';
import { discoverStreams } from '../../src/sync/discover-streams.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';
import { parseCatalog } from '../../src/singer/parse-catalog.ts';
import { discoverCatalog } from '../../src/singer/catalog.ts';
import { propertyBreadcrumbs } from '../../src/singer/schema.ts';
import { selectStreams } from '../../src/singer/select-streams.ts';
import { State } from '../../src/singer/state.ts';
import { readExportBookmark, microseconds, seconds } from '../../src/zendesk/export/bookmark.ts';
import { readIdBookmark } from '../../src/zendesk/id-pages.ts';
import { streams } from '../../src/zendesk/streams.ts';
import { createCommandLine, type CommandLine } from './command-line.ts';
import { blocksOf, codeIn, rowsOf, sectionOf } from './markdown.ts';
import { parseYaml } from './yaml.ts';

const root = new URL('../../', import.meta.url);
const readme = await readFile(new URL('README.md', root), 'utf8');
const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
const blocks = blocksOf(readme);

function blocksIn(language: string) {
  return blocks.filter((block) => block.language === language);
}

/** They need a registry, an engine, a database or a cluster, which a test cannot count on: it notes what they were asked for. */
const onlyNoted = ['npm', 'pipx', 'meltano', 'kind', 'psql'];

describe('The commands', () => {
  let shell: CommandLine;
  let sandbox: Sandbox;

  beforeAll(async () => {
    shell = await createCommandLine(onlyNoted);
    const clients = [{ id: 'CLIENT_ID', secret: 'CLIENT_SECRET' }];
    sandbox = await startSandbox({
      token: 'your-chat-token',
      subdomain: 'acme',
      chats: 30,
      clients,
    });
  });

  afterAll(async () => {
    await sandbox.close();
    await shell.remove();
  });

  // In the README's order: a later one may need what an earlier one has left.
  test.each(blocksIn('sh').map(({ title, text }) => [title, text]))('%s', async (_title, lines) => {
    await shell.run(lines, {
      ZENDESK_CHAT_API_URL: sandbox.url,
      TAP_ZENDESK_CHAT_CLIENT_SECRET: 'CLIENT_SECRET',
      BROWSER: fileURLToPath(new URL('test/support/browser.js', root)),
    });
  });

  test('give the target the streams it is meant to get, and the image its config', async () => {
    const all = streams.map(({ name }) => name).join(' ');
    const image = `source-zendesk-chat:${manifest.version}`;
    const calls = await shell.calls();
    expect(calls.filter((call) => call.startsWith('target-jsonl'))).toEqual(
      [all, all, 'chats', 'agents chats', 'chats'].map((names) => `target-jsonl < ${names}`),
    );
    expect(calls.filter((call) => call.startsWith('docker'))).toEqual([
      `docker build --tag ${image} .`,
      `docker run --rm ${image} spec`,
      `docker run --rm --user ${process.getuid?.()} --volume ${shell.folder}:/config:ro ${image} check --config /config/config.json`,
    ]);
  });

  test('go on from the state of the first run', async () => {
    const text = await readFile(join(shell.folder, 'state.json'), 'utf8');
    const { bookmarks } = JSON.parse(text);
    const starts = sandbox.requests
      .filter(({ path }) => path.endsWith('incremental/chats'))
      .map(({ query }) => Number(query['start_time']));
    expect(starts).toContain(Date.parse('2024-01-01') / 1000);
    expect(starts).toContain(bookmarks.chats.position.end_time);
  });

  test('read chats whole without a state that could take the place of the one there is', async () => {
    const text = await readFile(join(shell.folder, 'chats-states.jsonl'), 'utf8');
    const { bookmarks } = JSON.parse(text.trim().split('\n').at(-1) ?? '');
    expect(Object.keys(bookmarks)).toEqual(['chats']);
  });

  test('read the streams as an Airbyte source, and then only what is new', async () => {
    const chatsIn = async (name: string): Promise<number> => {
      const messages = await readFile(join(shell.folder, name), 'utf8');
      return messages.split('"type":"RECORD","record":{"stream":"chats"').length - 1;
    };
    const messages = await readFile(join(shell.folder, 'messages.jsonl'), 'utf8');
    expect(messages.match(/"status":"COMPLETE"/g)).toHaveLength(streams.length);
    expect(await chatsIn('messages.jsonl')).toBe(30);
    expect(await chatsIn('more.jsonl')).toBeLessThan(30);
  });
});

test('Each npm script it names exists', () => {
  const named = [...readme.matchAll(/npm (?:run )?(test|(?<=run )[\w:]+)/g)].map(
    ([, name]) => name,
  );
  expect(named.length).toBeGreaterThan(10);
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named));
});

test('Each file and heading it links to exists', () => {
  const targets = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
  const anchorOf = (heading: string): string =>
    `#${heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-')}`;
  const titles = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  const anchors = new Set(titles.map(anchorOf));
  const isFine = (target: string): boolean =>
    target.startsWith('https://') ||
    anchors.has(target) ||
    (!target.startsWith('#') && existsSync(new URL(target, root)));
  expect(targets.filter((target) => !isFine(target))).toEqual([]);
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

function jsonWith(key: string): JsonObject {
  const values = blocksIn('json').map(({ text }): JsonObject => JSON.parse(text));
  const found = values.find((value) => Object.hasOwn(value, key));
  if (found === undefined) throw new Error(`no JSON example with ${key}`);
  return found;
}

test('The example of a config is accepted without a word', async () => {
  const { config, messages } = await parseConfig(jsonWith('subdomain'), { nowMs: Date.now() });
  expect(messages).toEqual([]);
  expect(config).toMatchObject({ subdomain: 'acme', lookback_minutes: 60, on_absent: 'fail' });
});

test('The example of a state holds bookmarks of our own', () => {
  const state = State.parse(jsonWith('bookmarks'), { streams });
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
  const metadata: Json = blocksIn('json')
    .map(({ text }): Json => JSON.parse(text))
    .filter((value) => Array.isArray(value))
    .flat();
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
  const [example = '', shortcuts = ''] = blocksIn('yaml').map((block) => block.text);
  const { plugins } = parseYaml(example) as { plugins: { extractors: JsonObject[] } };
  const [tap = {}] = plugins.extractors;
  const file = await readFile(new URL('meltano.plugin.yml', root), 'utf8');
  const definition = parseYaml(file) as JsonObject;
  const settings = (definition['settings'] as JsonObject[]).map(({ name }) => name);
  const kinds = new Set((definition['settings'] as JsonObject[]).map(({ kind }) => kind));
  // Meltano cannot write the first, and takes nothing but JSON for the second.
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
  const cells = rowsOf(sectionOf(readme, '## Targets')).map(([cell = '']) => cell);
  const named = cells.join('\n').matchAll(/`([\w-]+)` ([\d.]+)/g);
  const pins = Array.from(named, ([, name = '', version = '']) => `${name}==${version}`);
  expect(pins.filter((pin) => !pinned.has(pin))).toEqual(['target-csv==0.3.0']);
  expect(pins).toHaveLength(10);
});

test('The address for a token asks for a Chat token with the scopes read and chat', () => {
  const address = blocksIn('text').find(({ text }) => text.includes('authorizations'));
  const { origin, pathname, searchParams } = new URL(address?.text ?? '');
  expect(`${origin}${pathname}`).toBe('https://acme.zendesk.com/oauth2/chat/authorizations/new');
  expect(Object.fromEntries(searchParams)).toEqual({
    response_type: 'token',
    client_id: 'CLIENT_ID',
    scope: 'read chat',
    redirect_uri: 'https://localhost',
  });
});

/** All texts of the program in one, those that stand in several pieces joined. */
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
  const airbyte = sectionOf(readme, '### Troubleshooting').split('Its text is')[1] ?? '';
  const rows = [sectionOf(readme, '## Troubleshooting'), airbyte].flatMap(rowsOf);
  const texts = rows.flatMap(([cell = '']) => codeIn(cell));
  expect(texts.length).toBeGreaterThan(40);
  expect(texts.filter((text) => !program.includes(text))).toEqual([]);
});

test('Each environment variable it explains is one the program knows', async () => {
  const program = await programTexts();
  const rows = rowsOf(sectionOf(readme, '## Configuration'));
  const names = rows
    .flatMap(([cell = '']) => codeIn(cell))
    .filter((name) => /^[A-Z_]+$/.test(name));
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !program.includes(name))).toEqual([]);
});

describe('The Airbyte chapter', () => {
  const chapter = sectionOf(readme, '## In Airbyte');

  test('says of each stream what discover says', () => {
    const { streams: found } = airbyteCatalog(discoverStreams('all')) as {
      streams: AirbyteStream[];
    };
    const rows = found.map((stream) => [
      `\`${stream.name}\``,
      stream.supported_sync_modes.join(', ').replaceAll('_', ' '),
      pathsOf([stream.default_cursor_field ?? []]),
      pathsOf(stream.source_defined_primary_key ?? []),
    ]);
    expect(rowsOf(sectionOf(chapter, '### Supported streams'))).toEqual(rows);
  });

  test('has a config for PyAirbyte that is accepted, and streams that exist', async () => {
    const [python = ''] = blocksIn('python').map(({ text }) => text);
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
