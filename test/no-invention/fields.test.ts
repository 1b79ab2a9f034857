/** Requests to the exports contain only the selected fields, or all fields if the API rejects a list. */
import { expect, test } from '@jest/globals';

import { timeToMicros } from '../../src/core/instant.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { withFront, type FrontAnswer } from '../no-loss/front-server.ts';
import { catalogOf, mark } from '../support/catalogs.ts';
import { readFaults } from '../airbyte/judge/checks.ts';
import { connection, recordsOf, runIn } from '../support/run-source.ts';
import type { TapResult } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { runOnce, withWorld, worldStartMs, type WorldInput } from '../support/world.ts';

const deselected = ['history', 'webpath', 'session'];
const account: SandboxOptions = { chats: 60, switches: { maxPage: 20 } };

/** The catalog that selects one stream without these columns. */
function without(stream: string, paths: readonly string[], metadata: JsonObject = {}): JsonObject {
  return catalogOf(stream, (entry) => {
    mark(entry, '', metadata);
    for (const path of paths) mark(entry, path, { selected: false });
  });
}

/** The different values of `fields` in the requests for an export, in order. */
function fieldsOf({ requests }: Pick<Sandbox, 'requests'>, name: string): readonly string[] {
  const asked = requests.filter(({ path }) => path.endsWith(`incremental/${name}`));
  return [...new Set(asked.map(({ query }) => query['fields'] ?? ''))];
}

/** The records without some columns. */
function omit(records: readonly JsonObject[], columns: readonly string[]): readonly JsonObject[] {
  return records.map((record) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !columns.includes(name))),
  );
}

const notice =
  /only the selected fields are requested, so the API sends no fields that are missing/;
const rejection = 'the API rejects the list of fields';

function linesWith({ stderrLines }: TapResult, text: string | RegExp): readonly string[] {
  return stderrLines.filter((line) => line.search(text) >= 0);
}

/** All records of chats, and the fields that make them without the deselected columns. */
const whole = await runOnce(account, { args: ['--select', 'chats'] });
const allFields = Object.keys(whole.result.schemas['chats']?.schema.properties ?? {});
const fewer = allFields.filter((name) => ![...deselected, 'additional_fields'].includes(name));
const keys = ['id', 'update_timestamp'];
const list = `chats(${[...keys, ...fewer.filter((name) => !keys.includes(name))].join()})`;
const expected = omit(whole.result.records('chats'), deselected);

test('If all columns are selected, all fields are requested', () => {
  expect(whole.result.code).toBe(0);
  expect(fieldsOf(whole.sandbox, 'chats')).toEqual(['chats(*)']);
  expect(linesWith(whole.result, notice)).toEqual([]);
});

const select = ['chats', ...deselected.map((name) => `!chats.${name}`)];

test.each<[string, WorldInput]>([
  ['a catalog', { catalog: without('chats', deselected) }],
  [
    'a catalog with FULL_TABLE',
    {
      catalog: without('chats', deselected, { 'replication-method': 'FULL_TABLE' }),
    },
  ],
  ['--select', { args: select.flatMap((pattern) => ['--select', pattern]) }],
])('Columns that %s leaves out are not requested', async (_, input) => {
  const { result, sandbox } = await runOnce(account, input);
  expect(result).toMatchObject({ code: 0, warnings: [] });
  expect(fieldsOf(sandbox, 'chats')).toEqual([list]);
  expect(result.records('chats')).toEqual(expected);
  expect(linesWith(result, notice)).toHaveLength(1);
  expect(linesWith(result, notice)[0]).toMatch(/^INFO chats: /);
});

test("Columns that Airbyte's connection leaves out are not requested", async () => {
  const { streams } = await connection(['chats']);
  for (const { stream } of streams)
    for (const name of deselected) delete (stream.json_schema['properties'] as JsonObject)[name];
  await withSandbox(account, async (sandbox) => {
    const run = await runIn(sandbox, { catalog: { streams } });
    expect(readFaults(run, { catalog: { streams } })).toEqual([]);
    expect(fieldsOf(sandbox, 'chats')).toEqual([list]);
    expect(recordsOf(run, 'chats')).toHaveLength(60);
  });
});

test.each([
  ['only additional_fields', ['additional_fields']],
  ['only a field inside a column', ['visitor.email']],
  ['only key and replication key', keys],
])('All fields are requested if %s is deselected', async (_, paths) => {
  const { result, sandbox } = await runOnce(account, { catalog: without('chats', paths) });
  expect(result.code).toBe(0);
  expect(fieldsOf(sandbox, 'chats')).toEqual(['chats(*)']);
});

test('A column with one selected field is requested with all its fields', async () => {
  const { result, sandbox } = await runOnce(account, {
    args: ['--select', 'chats.rating', '--select', 'chats.visitor.email'],
  });
  expect(result.code).toBe(0);
  expect(fieldsOf(sandbox, 'chats')).toEqual(['chats(id,update_timestamp,visitor,rating)']);
});

test('What identifies a timespan is requested although its columns are deselected', async () => {
  const paths = ['agent_id', 'duration'];
  const all = await runOnce({ timeline: 40 }, { args: ['--select', 'agent_timeline'] });
  const { result, sandbox } = await runOnce(
    { timeline: 40 },
    { catalog: without('agent_timeline', paths) },
  );
  expect(result).toMatchObject({ code: 0, warnings: [] });
  expect(fieldsOf(sandbox, 'agent_timeline')).toEqual([
    'agent_timeline(agent_id,start_time,engagement_count,status)',
  ]);
  expect(result.records('agent_timeline')).toEqual(
    omit(all.result.records('agent_timeline'), paths),
  );
});

test('An export without the parameter never gets a list', async () => {
  const { result, sandbox } = await runOnce(
    { agentEvents: 20 },
    {
      args: ['--select', 'agent_events', '--select', '!agent_events.value'],
      config: { extra_streams: ['agent_events'] },
    },
  );
  expect(result).toMatchObject({ code: 0, warnings: [] });
  expect(result.records('agent_events')).toHaveLength(20);
  expect(fieldsOf(sandbox, 'agent_events')).toEqual(['']);
  expect(linesWith(result, notice)).toEqual([]);
});

test('A list that the API rejects is replaced by all fields, once and with a warning', async () => {
  const options = { ...account, switches: { ...account.switches, fieldLists: 'refused' as const } };
  const { result, sandbox } = await runOnce(options, {
    catalog: without('chats', deselected),
    config: { read_ahead: 4 },
  });
  expect(result.code).toBe(0);
  expect(result.warnings).toEqual([
    'chats: the API rejects the list of fields (400); requesting all fields instead',
  ]);
  expect(result.records('chats')).toEqual(expected);
  const asked = sandbox.requests.map(({ query }) => query['fields']);
  expect(asked.filter((fields) => fields === list)).toHaveLength(1);
  expect(asked[0]).toBe(list);
});

test('Parts of chats are read from the fields that hold them, or from all', async () => {
  const input = {
    args: ['--select', 'chat_messages', '--select', '!chat_messages.msg'],
    config: { extra_streams: ['chat_messages'] },
  };
  const parts = await runOnce(account, input);
  const refused = { ...account, switches: { ...account.switches, fieldLists: 'refused' as const } };
  const { result } = await runOnce(refused, input);
  expect(parts.result).toMatchObject({ code: 0, warnings: [] });
  expect(fieldsOf(parts.sandbox, 'chats')).toEqual(['chats(id,update_timestamp,history)']);
  expect(linesWith(parts.result, notice)).toEqual([]);
  expect(result.warnings).toEqual([expect.stringContaining(rejection)]);
  expect(result.records('chat_messages').length).toBeGreaterThan(60);
  expect(result.records('chat_messages')).toEqual(parts.result.records('chat_messages'));
});

test('A list is not used again if the response has only ids', async () => {
  await withWorld(account, async ({ sandbox, run }) => {
    const ids = (url: URL): FrontAnswer | undefined => {
      if (url.searchParams.get('fields') !== list) return undefined;
      const chats = [...sandbox.account.dump('chats')].slice(0, 20).map(({ id }) => ({ id }));
      const body = Buffer.from(JSON.stringify({ chats, count: 20, end_time: worldStartMs / 1000 }));
      return { headers, body };
    };
    await withFront(sandbox.url, { answer: ids }, async (sandboxUrl) => {
      const config = { read_ahead: 4 };
      const result = await run({ sandboxUrl, catalog: without('chats', deselected), config });
      expect(result.code).toBe(0);
      expect(linesWith(result, 'WARNING')).toEqual([
        expect.stringContaining('the API ignores the list of fields; requesting all fields'),
      ]);
      expect(result.records('chats')).toEqual(expected);
    });
  });
});

/** An error response to the first request with a list of fields. */
function refuseList(status: number, error: string) {
  let isFirst = true;
  return (url: URL): FrontAnswer | undefined => {
    if (url.searchParams.get('fields') !== list || !isFirst) return undefined;
    isFirst = false;
    return { headers, status, body: Buffer.from(JSON.stringify({ error })) };
  };
}

const headers = { date: new Date(worldStartMs).toUTCString() };
const young = new Date(worldStartMs - 600_000).toISOString();

interface Refusal {
  readonly says: string;
  readonly status?: number;
  readonly config?: object;
  /** Of the requests after it. */
  readonly fields?: string;
  readonly warning?: string;
}

const tooLarge = { says: 'limit is too large', warning: 'requesting 500 items instead' };
const unreadable = { says: 'fields cannot be read', fields: 'chats(*)', warning: rejection };
const recent = { start_date: young };

test.each<[string, Refusal]>([
  ['a limit on requests: it is sent again', { says: 'Rate limit exceeded for fields' }],
  ['limit: fewer items are requested', tooLarge],
  ['limit, as 422', { ...tooLarge, status: 422 }],
  ['fields: all are requested', unreadable],
  ['fields, as 422', { ...unreadable, status: 422 }],
  ['fields at a recent start: all are requested', { ...unreadable, config: recent }],
  [
    'something else at a recent start: the stream ends there',
    { says: 'too recent', config: recent, warning: 'the API rejects the start' },
  ],
  ['nothing known: all are requested', { ...unreadable, says: 'Bad Request' }],
  [
    'a field at a recent start: all are requested',
    { ...unreadable, says: 'unknown field', config: recent },
  ],
])('A 400 about %s', async (_, { says, status = 400, config, fields = list, warning }) => {
  await withWorld({ chats: 60 }, async ({ sandbox, run }) => {
    const answer = refuseList(status, says);
    await withFront(sandbox.url, { answer }, async (sandboxUrl) => {
      const input = { sandboxUrl, catalog: without('chats', deselected) };
      const result = await run({ ...input, ...(config && { config }) });
      expect(result.code).toBe(0);
      expect(fieldsOf(sandbox, 'chats')).toEqual([fields]);
      const warnings = warning === undefined ? [] : [expect.stringContaining(warning)];
      expect(linesWith(result, 'WARNING')).toEqual(warnings);
    });
  });
});

test('After all fields are requested, another 400 is an error', async () => {
  await withWorld({ chats: 60 }, async ({ sandbox, run }) => {
    const rejected = { status: 400, headers: {}, body: Buffer.from('{"error":"fields"}') };
    const answer = (url: URL) => (url.pathname.endsWith('/chats') ? rejected : undefined);
    await withFront(sandbox.url, { answer }, async (sandboxUrl) => {
      const result = await run({ sandboxUrl, catalog: without('chats', deselected) });
      expect(result.code).toBe(1);
      expect(linesWith(result, rejection)).toHaveLength(1);
      expect(linesWith(result, /^DEBUG GET/)).toHaveLength(2);
    });
  });
});

test('A list that is rejected without a reason at a recent start is not used again', async () => {
  await withWorld({ chats: 60 }, async ({ sandbox, run }) => {
    const rejected = { status: 400, headers, body: Buffer.from('{"error":"Bad Request"}') };
    const answer = (url: URL) => (url.searchParams.get('fields') === list ? rejected : undefined);
    await withFront(sandbox.url, { answer }, async (sandboxUrl) => {
      const catalog = without('chats', deselected);
      const result = await run({ sandboxUrl, catalog, config: { start_date: young } });
      expect(result.code).toBe(0);
      expect(linesWith(result, 'WARNING')).toEqual([
        expect.stringContaining(rejection),
        expect.stringContaining('the API rejects the start'),
      ]);
    });
  });
});

test('A list that is rejected in a request ahead of the walk stays in use', async () => {
  await withWorld({ ...account, chats: 400 }, async ({ sandbox, run }) => {
    const seconds = [...sandbox.account.dump('chats')].map(
      (chat) => (timeToMicros(chat['update_timestamp']) ?? 0) / 1e6,
    );
    const times = new Set(seconds.map(Math.floor));
    let firstTime: number | undefined;
    let rejected = 0;
    // The walk itself starts at the end of a page, or one second later.
    const answer = (url: URL): FrontAnswer | undefined => {
      const time = Number(url.searchParams.get('start_time'));
      firstTime ??= time;
      if (time === firstTime || times.has(time) || times.has(time - 1)) return undefined;
      rejected += 1;
      return { status: 400, headers, body: Buffer.from('{"error":"fields"}') };
    };
    await withFront(sandbox.url, { answer }, async (sandboxUrl) => {
      const config = { read_ahead: 4, chats_page_limit: 20 };
      const result = await run({ sandboxUrl, catalog: without('chats', deselected), config });
      expect(result).toMatchObject({ code: 0, warnings: [] });
      expect(result.records('chats')).toHaveLength(400);
    });
    expect(rejected).toBeGreaterThan(0);
    expect(fieldsOf(sandbox, 'chats')).toEqual([list]);
  });
});

test('Fewer fields are fewer bytes', async () => {
  const options = { chats: 200, history: { min: 2, max: 60 }, gzip: false };
  const bytes = ({ stderr }: TapResult): number =>
    [...stderr.matchAll(/: 200, (\d+) bytes/g)].reduce((sum, [, size]) => sum + Number(size), 0);
  const all = await runOnce(options, { args: ['--select', 'chats'] });
  const some = await runOnce(options, { catalog: without('chats', deselected) });
  expect(bytes(some.result)).toBeGreaterThan(0);
  expect(bytes(some.result) / bytes(all.result)).toBeLessThanOrEqual(0.5);
});
