/** Whatever values the API sends: what is written is valid, and nothing of it disappears. */
import { afterEach, beforeAll, expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../../src/json.ts';
import { hostileKinds, type HostileKind, type SandboxOptions } from '../../src/sandbox/options.ts';
import { rawJson } from '../../src/sandbox/raw-json.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { compileForDrafts, draftFaults } from '../helpers/json-schema.ts';
import { columnsOf, expectedRecord, recordFaults, streamFaults } from '../helpers/oracle.ts';
import { runTap, type Output } from '../helpers/run-tap.ts';
import { chosen } from '../lossless/whole-set.ts';
import { spawnTap } from '../helpers/spawn-tap.ts';

const sandboxes: Sandbox[] = [];

afterEach(async () => {
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
});

/** All sandboxes of this file hold the same chats, but for the hostile values. */
const account: SandboxOptions = { chats: 60, now: Date.now(), clock: Date.now, timeline: 20 };

async function start(options: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox({ ...account, ...options });
  sandboxes.push(sandbox);
  return sandbox;
}

/** Faults of SCHEMA and RECORD lines by drafts 4, 7 and 2020-12. */
function draftFaultsOf(output: Output, streams: readonly string[] = ['chats']): readonly string[] {
  return streams.flatMap((stream) => {
    const { schema } = output.schemas[stream] ?? { schema: { type: 'no SCHEMA' } };
    const check = compileForDrafts(schema);
    const faults = [...draftFaults(schema), ...output.records(stream).flatMap(check)];
    return faults.map((fault) => `${stream}: ${fault}`);
  });
}

/** All texts in a value, names of fields too. */
function* textsIn(value: Json): Iterable<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, child] of Object.entries(value)) {
    yield name;
    yield* textsIn(child ?? null);
  }
}

/** Texts that some target cannot store, also inside the JSON text of additional_fields. */
function dirtyTexts(output: Output): readonly string[] {
  const kept = output.records('chats').flatMap(({ additional_fields: text }) => keptIn(text));
  const values = [...output.messages.map((message) => message as unknown as Json), ...kept];
  return values
    .flatMap((value) => Array.from(textsIn(value)))
    .filter((text) => text.includes('\0') || !text.isWellFormed());
}

function keptIn(text: Json | undefined): Json[] {
  return typeof text === 'string' ? [JSON.parse(text) as Json] : [];
}

interface Change {
  /** Columns that differ from those of the clean chat. */
  readonly columns: JsonObject;
  /** Content of `additional_fields`. */
  readonly kept?: JsonObject;
}

/** What must become of the chats of a kind, in their order. `at`: the second of the chat's last update, without zone. */
const outcomes: Readonly<
  Record<Exclude<HostileKind, 'big-chat'>, (at: string) => readonly (Change | 'left out')[]>
> = {
  nul: () => [
    {
      columns: {
        comment: 'ab',
        message: 'tab\tline\r\nbell\u0007',
        tags: [''],
        visitor: { id: 'v', name: 'Nul' },
      },
    },
  ],
  surrogates: () => [
    { columns: { comment: 'half \uFFFD only', message: '\uFFFD half', tags: ['\uFFFD'] } },
  ],
  dates: (at) => {
    const both = (text: string | null): JsonObject => ({ end_timestamp: text, timestamp: text });
    const refused = (time: string | number): Change => ({
      columns: both(null),
      kept: { '/end_timestamp': time, '/timestamp': time },
    });
    return [
      { columns: { update_timestamp: `${at}Z` } },
      { columns: { update_timestamp: `${at}Z` } },
      { columns: both(null) },
      { columns: both(`${at}Z`) },
      { columns: both(`${at}Z`) },
      { columns: both(`${at}Z`) },
      refused('20001-01-01T00:00:00Z'),
      refused('yesterday'),
      { columns: both(`${at}.123456789Z`) },
      refused('2024-02-30T00:00:00Z'),
      { columns: both(`${at}.000000Z`) },
      { columns: both(`${at}Z`) },
      { columns: both(`${at}.120000Z`) },
      { columns: both(`${at}.000007Z`) },
      refused(20_240_101),
    ];
  },
  types: () => [
    { columns: { unread: true, department_id: 2_200_000_001, duration: 450 } },
    {
      columns: {
        visitor: null,
        session: null,
        webpath: null,
        rating: '{"value":"good"}',
        missed: false,
      },
      kept: { '/visitor': 'gone', '/session': [], '/webpath': {} },
    },
    {
      columns: { history: null, tags: null, count: null, response_time: null, agent_ids: ['7'] },
      kept: { '/tags': 'vip', '/count': 'many', '/agent_ids/1': null },
    },
    {
      columns: {
        comment: '["not","a","text"]',
        department_name: '17',
        triggered_response: null,
      },
      kept: { '/triggered_response': 'yes' },
    },
    {
      columns: {
        history: [
          { type: 'chat.msg', msg_id: '1714979289123' },
          { type: 'chat.transfer', department_id: 2_200_000_001, prev_department_id: null },
        ],
      },
      kept: { '/history/1/prev_department_id': 'sales' },
    },
  ],
  fractions: () => [
    {
      columns: {
        duration: null,
        department_id: null,
        count: { total: null, agent: 1, visitor: 0 },
      },
      kept: { '/duration': 450.5, '/department_id': 2_200_000_001.25, '/count/total': 1.5 },
    },
  ],
  'unknown-fields': () => [
    {
      columns: { visitor: { id: 'v', name: 'n' }, webpath: [{ title: 't' }] },
      kept: {
        '/brand_new': { deep: [1, null] },
        '/odd key ✨': true,
        '/visitor/brand_new': 1,
        '/webpath/0/brand_new': null,
      },
    },
  ],
  'webpath-arrays': () => [
    {
      columns: { webpath: [] },
      kept: {
        '/webpath/0': [1, 'https://shop.test/', null],
        '/webpath/1': ['x'],
        '/webpath/2': null,
        '/webpath/3': 7,
        '/webpath/4': 'text',
      },
    },
  ],
  'big-integer': () => [
    {
      columns: { zendesk_ticket_id: null },
      // The digits JSON.parse made of them, marked as rounded.
      kept: {
        '/zendesk_ticket_id': '~9007199254740992',
        '/brand_new_number': '~-9007199254740992',
      },
    },
  ],
  'no-key': () => ['left out', 'left out'],
};

/** The places of hostile chats: spread evenly over all. */
function placesOf(count: number, total: number): readonly number[] {
  return Array.from({ length: count }, (_, turn) => Math.floor(((turn + 1) * total) / (count + 1)));
}

/** The chats of an account whose values are clean. */
let cleanChats: readonly JsonObject[] = [];

beforeAll(async () => {
  const clean = await start({});
  cleanChats = [...clean.account.dump('chats')];
});

/** All chats as they must be written, from those of an account whose values are clean. */
function expectedChats(
  kinds: readonly HostileKind[],
  columns: readonly string[],
): readonly JsonObject[] {
  const records = cleanChats.map((chat) => expectedRecord('chats', chat, columns));
  const changes = kinds.flatMap((kind) =>
    kind === 'big-chat' ? [] : outcomes[kind]('').map((_change, turn) => ({ kind, turn })),
  );
  const places = placesOf(changes.length, records.length);
  for (const [index, { kind, turn }] of changes.entries()) {
    const place = places[index] ?? 0;
    const { update_timestamp: updated = null } = records[place] ?? {};
    const at = JSON.stringify(updated).slice(1, -2);
    const change = outcomes[kind](at)[turn] ?? 'left out';
    const kept = change === 'left out' ? undefined : change.kept;
    Object.assign(
      records[place] ?? {},
      change === 'left out' ? { id: null } : change.columns,
      kept === undefined ? {} : { additional_fields: kept },
    );
  }
  return records.filter(({ id }) => id !== null);
}

/** The records with the JSON text of additional_fields read. */
function withKeptRead(records: readonly JsonObject[]): readonly JsonObject[] {
  return records.map((record) => {
    const { additional_fields: text = null } = record;
    return Object.assign({}, record, {
      additional_fields: typeof text === 'string' ? (JSON.parse(text) as Json) : text,
    });
  });
}

const tellingKinds = hostileKinds.filter((kind) => kind !== 'big-chat' && kind !== 'no-key');

test.each(tellingKinds)('chats with hostile values (%s) are written as promised', async (kind) => {
  const sandbox = await start({ hostile: [kind] });

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  const expected = expectedChats([kind], columnsOf(result, 'chats'));
  expect(recordFaults('chats', withKeptRead(result.records('chats')), expected)).toEqual([]);
  expect(draftFaultsOf(result)).toEqual([]);
  expect(dirtyTexts(result)).toEqual([]);
  expect(result.code).toBe(0);
});

test('all hostile values together are told once for each path, and only items without a key fail the run', async () => {
  const sandbox = await start({ hostile: true });

  const result = await spawnTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  const { bytes, stderr } = result;
  expect(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).not.toMatch(
    /\0|\\u0000|\\ud[89a-f][0-9a-f]{2}/i,
  );
  // The log never shows a value.
  expect(stderr).not.toMatch(
    /yesterday|half \S* ?only|shop\.test|90071992547|gone|vip|20001-|450\.5/,
  );
  const kinds = hostileKinds.filter((kind) => kind !== 'big-chat');
  const expected = expectedChats(kinds, columnsOf(result, 'chats'));
  expect(recordFaults('chats', withKeptRead(result.records('chats')), expected)).toEqual([]);
  expect(draftFaultsOf(result, Object.keys(result.schemas))).toEqual([]);
  expect(result.warnings.map((line) => line.replace(/(?<=\(\w+\)|page \d+) .*/, ''))).toEqual([
    'chats: /visitor/name (string)',
    'chats: /tags/* (string)',
    'chats: /comment (string)',
    'chats: /message (string)',
    'chats: /timestamp (string)',
    'chats: /end_timestamp (string)',
    'chats: /visitor (string)',
    'chats: /session (array)',
    'chats: /webpath (object)',
    'chats: /tags (string)',
    'chats: /count (string)',
    'chats: /agent_ids/* (null)',
    'chats: /triggered_response (string)',
    'chats: /history/*/prev_department_id (string)',
    'chats: /department_id (number)',
    'chats: /duration (number)',
    'chats: /count/total (number)',
    'chats: /visitor/brand_new (number)',
    'chats: /webpath/*/brand_new (null)',
    'chats: /brand_new (object)',
    'chats: /odd key ✨ (boolean)',
    'chats: /webpath/* (array)',
    'chats: /zendesk_ticket_id (number)',
    // It is unknown, and it is beyond 2^53.
    'chats: /brand_new_number (number)',
    'chats: item 56 of page 1',
    'chats: item 58 of page 1',
  ]);
  expect(result.stderrLines.at(-1)).toMatch(
    /^CRITICAL chats: 2 items without a key were left out, everything else was read; see the warnings above \(the first is item 56 of page 1 from start_time \d+, update_timestamp \S+Z\)$/,
  );
  expect(result.code).toBe(1);
});

test.each(chosen([3_000_000, 30_000_000], (size) => size === 3_000_000))(
  'a chat of %i bytes arrives whole',
  async (size) => {
    const sandbox = await start({ hostile: ['big-chat'], bigChatBytes: size });

    const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

    expect(streamFaults(result, sandbox, 'chats')).toEqual([]);
    expect(Math.max(...result.lines.map((line) => line.length))).toBeGreaterThan(size);
    expect(draftFaultsOf(result)).toEqual([]);
    expect(result).toMatchObject({ code: 0, warnings: [] });
  },
);

const keyless = [
  ['departments', { name: 'No id' }, 'departments: item 4 of page 1 has no id and is left out'],
  ['agents', { display_name: 'No id' }, 'agents: item 1 of page 1 has no id and is left out'],
  ['bans', { visitor_id: 'no.id' }, 'bans: item 24 of page 1 has no id and is left out'],
  ['triggers', { name: 'No id' }, 'triggers: item 3 of page 1 has no id and is left out'],
] as const;

test.each(keyless)(
  'an item of %s without its key is left out and named, the rest is read',
  async (stream, item, warning) => {
    const sandbox = await start({ chats: 20 });
    const before = sandbox.account.count(stream);
    sandbox.account.put(stream, item, 1);

    const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

    expect(result.records(stream)).toHaveLength(before);
    expect(result.records('chats')).toHaveLength(20);
    expect(result).toMatchObject({ code: 1, warnings: [warning] });
  },
);

test('a timespan without start or agent is left out and named, the rest is read', async () => {
  const sandbox = await start({ chats: 20 });
  const at = sandbox.account.timeAt('agent_timeline', 5);
  sandbox.account.put('agent_timeline', { agent_id: 1, duration: 5, status: 'away' }, at);

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  expect(result.records('agent_timeline')).toHaveLength(20);
  expect(result.warnings).toEqual([
    expect.stringMatching(/^agent_timeline: item \d+ of page 1 has no id and is left out$/),
  ]);
  expect(result.code).toBe(1);
});

/** JSON text of arrays in one another: more levels than a recursion can go down. */
const nested = '['.repeat(200_000) + ']'.repeat(200_000);

test('a value of 200,000 levels is kept as JSON text, its record is written and all others are read', async () => {
  const sandbox = await start({ chats: 20 });
  const { account: held } = sandbox;
  const id = held.idAt('chats', 5);
  const deep = rawJson(nested);
  held.patchChat(id, {
    rating: deep,
    webpath: deep,
    brand_new: deep,
    visitor: { brand_new: deep },
  });
  const at = held.timeAt('agent_timeline', 5);
  const span = { agent_id: 1, start_time: new Date(at / 1000).toISOString(), status: 'away' };
  held.put('agent_timeline', { ...span, brand_new: deep }, at);
  held.put('goals', { id: 7, name: 'Deep', settings: deep });

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  expect(result.code).toBe(0);
  expect(result.records('chats')).toHaveLength(20);
  expect(result.records('agent_timeline')).toHaveLength(held.count('agent_timeline'));
  const chat = result.records('chats').find((record) => record['id'] === id);
  expect(chat).toMatchObject({ webpath: [], visitor: {} });
  expect(chat?.['rating'] === nested).toBe(true);
  const written = [...result.records('chats'), ...result.records('goals')];
  const kept = [...written, ...result.records('agent_timeline')].flatMap((record) =>
    keptIn(record['additional_fields']).flatMap((fields) => Object.entries(fields ?? {})),
  );
  const texts = kept.map(([pointer, value]) => [pointer, String(value).length]);
  expect(Object.fromEntries(texts)).toEqual({
    '/webpath/0': nested.length - 2,
    '/brand_new': nested.length,
    '/visitor/brand_new': nested.length,
    '/settings': nested.length,
  });
  expect(texts).toHaveLength(5);
});

test('a number that no double can hold is out of range', async () => {
  const sandbox = await start({ chats: 20 });
  sandbox.account.patchChat(sandbox.account.idAt('chats', 5), {
    response_time: { avg: rawJson('1e400'), first: rawJson('-1e400') },
  });

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  const where = 'and became null; additional_fields holds it; said once for this path';
  expect(result.warnings).toEqual([
    `chats: /response_time/avg (number) is out of the range of numbers that can be read ${where}`,
    `chats: /response_time/first (number) is out of the range of numbers that can be read ${where}`,
  ]);
  expect(result.code).toBe(0);
});

test('a key beyond 2^53 fails its stream, and no other', async () => {
  const sandbox = await start({ chats: 20 });
  sandbox.account.put('departments', { id: rawJson('9007199254740993'), name: 'Too far' });

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  expect(result.stderrLines.at(-1)).toMatch(/^CRITICAL departments: .*"id".* beyond 2\^53/);
  expect(result.code).toBe(1);
  expect(result.records('departments')).toEqual([]);
  expect(result.records('chats')).toHaveLength(20);
});
