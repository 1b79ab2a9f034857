/** A sync reads what the user selected: in each mode, with and without a state, and only the selected columns. */
import { expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../../src/core/json.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import {
  chosen,
  connection,
  endsOf,
  errorsOf,
  recordsOf,
  runIn,
  sourceCatalog,
  statesOf,
} from '../support/run-source.ts';
import { secretToken, withSandbox } from '../support/with-sandbox.ts';
import { readFaults } from './judge/checks.ts';
import { storedState } from './judge/configure.ts';
import type { ConfiguredCatalog, ConfiguredStream, SyncMode } from './judge/protocol.ts';
import type { SourceRun } from './judge/source-run.ts';

/** Old enough that the last chat is not read twice. */
const account: SandboxOptions = { days: 30, newestAgeSeconds: 3600 };

const withCursor = ['agents', 'bans', 'agent_timeline', 'chats'];

const names = ['departments', 'goals', ...withCursor];

/** Number of records by stream. */
function counts(run: SourceRun): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, recordsOf(run, name).length]));
}

const all = { departments: 3, goals: 3, agents: 3, bans: 4, agent_timeline: 6, chats: 12 };

/** An export repeats the items at the time of its bookmark. */
const onlyNew = { departments: 3, goals: 3, agents: 0, bans: 0, agent_timeline: 1, chats: 1 };

/** One of a stream's states for each of them. */
function eachWith(state: JsonObject): Json {
  return withCursor.map((name) => ({
    type: 'STREAM',
    stream: { stream_descriptor: { name }, stream_state: state },
  }));
}

type Given = 'nothing' | 'the state of a whole sync' | 'a marker' | 'an empty state';

const given: Readonly<Record<Given, (first: SourceRun) => Json | undefined>> = {
  nothing: () => undefined,
  'the state of a whole sync': (first) => [...storedState([first])],
  'a marker': () => eachWith({ __ab_full_refresh_sync_complete: true }),
  'an empty state': () => eachWith({}),
};

const modes: readonly SyncMode[] = ['full_refresh', 'incremental'];

const matrix = modes.flatMap((mode) =>
  (Object.keys(given) as Given[]).map((state) => ({ mode, state })),
);

test.each(chosen(matrix, ({ state }) => state !== 'an empty state'))(
  '$mode, given $state',
  async ({ mode, state }) => {
    await withSandbox(account, async (sandbox) => {
      // Also `incremental` for streams that are always read whole: PyAirbyte configures all of them so.
      const catalog = await connection(names, mode);
      const first = await runIn(sandbox, { catalog });
      const value = given[state](first);
      const run = await runIn(sandbox, {
        catalog,
        ...(value !== undefined && { state: JSON.stringify(value) }),
      });

      expect(readFaults(run, { catalog, secrets: [secretToken] })).toEqual([]);
      expect(run.code).toBe(0);
      const isResumed = state === 'the state of a whole sync';
      expect(counts(run)).toEqual(isResumed ? onlyNew : all);
    });
  },
);

test('an interrupted full refresh is resumed', async () => {
  const faults = [{ path: 'chats', nth: 3, fault: { kind: 'wrongShape' } as const }];
  const options = { ...account, chats: 40, switches: { maxPage: 10 }, faults };
  await withSandbox(options, async (sandbox) => {
    const catalog = await connection(['chats'], 'full_refresh');
    // The fault is counted by requests.
    const broken = await runIn(sandbox, { catalog, config: { read_ahead: 1 } });
    const rest = await runIn(sandbox, { catalog, state: storedState([broken]) });

    expect(broken.code).toBe(1);
    expect(readFaults(rest, { catalog })).toEqual([]);
    const [before, after] = [recordsOf(broken, 'chats'), recordsOf(rest, 'chats')];
    expect(before).toHaveLength(19);
    expect(new Set([...before, ...after].map(({ id }) => id)).size).toBe(40);
    expect(after.length).toBeLessThan(25);
  });
});

/** The default connection with some streams changed. */
async function configuredAs(
  change: (stream: ConfiguredStream) => ConfiguredStream,
): Promise<ConfiguredCatalog> {
  const { streams } = await connection(['goals', 'bans']);
  return { streams: streams.map((stream) => change(stream)) };
}

function keeping({ stream, ...rest }: ConfiguredStream, columns: readonly string[]) {
  const properties = stream.json_schema['properties'] as JsonObject;
  const kept = Object.entries(properties).filter(([name]) => columns.includes(name));
  const schema = { ...stream.json_schema, properties: Object.fromEntries(kept) };
  return { ...rest, stream: { ...stream, json_schema: schema } };
}

test('columns that are new since the connection was created, or were deselected, are not sent', async () => {
  const catalog = await configuredAs((stream) => keeping(stream, ['id', 'name', 'create_date']));
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { catalog });
    expect(readFaults(run, { catalog })).toEqual([]);
    expect(Object.keys(recordsOf(run, 'goals')[0] ?? {})).toEqual(['id', 'name']);
    expect(Object.keys(recordsOf(run, 'bans')[0] ?? {})).toEqual(['id', 'create_date']);
  });
});

test('a catalog with all optional keys of the platform, including nulls, is read', async () => {
  const catalog = await configuredAs(
    (stream) =>
      ({
        ...stream,
        cursor_field: null,
        primary_key: null,
        destination_object_name: null,
        generation_id: 3,
        minimum_generation_id: 3,
        sync_id: 17,
        include_files: false,
        stream: { ...stream.stream, namespace: null, default_cursor_field: null },
      }) as unknown as ConfiguredStream,
  );
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { catalog: JSON.stringify(catalog) });
    expect(readFaults(run, { catalog: await connection(['goals', 'bans']) })).toEqual([]);
    expect(recordsOf(run, 'bans')).toHaveLength(4);
  });
});

test('a stream that this source does not have is incomplete, with an error, and the others are read', async () => {
  const [goals] = (await connection(['goals'])).streams;
  if (goals === undefined) throw new Error('no goals');
  const tickets = { ...goals, stream: { ...goals.stream, name: 'tickets' } };
  const catalog = { streams: [tickets, goals] };
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { catalog });
    expect(readFaults(run, { catalog })).toEqual([]);
    expect(run.code).toBe(1);
    expect(endsOf(run)).toEqual({ tickets: 'INCOMPLETE', goals: 'COMPLETE' });
    expect(errorsOf(run)[0]).toMatchObject({
      message: expect.stringMatching(/tickets/),
      failure_type: 'config_error',
      stream_descriptor: { name: 'tickets' },
    });
    expect(statesOf(run, 'tickets')).toEqual([]);
  });
});

test('a catalog that is not JSON is a config error before any request', async () => {
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { catalog: '{"streams": [' });
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(errorsOf(run)).toEqual([
      { message: expect.stringMatching(/catalog.*JSON/), failure_type: 'config_error' },
    ]);
    expect(sandbox.requests).toEqual([]);
  });
});

test('the streams are read in the order that is best for the reader, regardless of the catalog', async () => {
  const { streams } = await sourceCatalog();
  const reversed = streams.map(({ name }) => name).reverse();
  await withSandbox({}, async (sandbox) => {
    const catalog = await connection(reversed);
    const run = await runIn(sandbox, { catalog });
    expect(readFaults(run, { catalog })).toEqual([]);
    expect(Object.keys(endsOf(run))).toEqual(streams.map(({ name }) => name));
  });
});
