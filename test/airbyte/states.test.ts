/**
 * States in the format of every version of Airbyte's connector, in every envelope that a platform uses:
 * each stream continues from its state. An invalid state is an error before the first request.
 */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../../src/core/json.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { LoggedRequest } from '../../src/sandbox/api/request-log.ts';
import { createManualClock } from '../support/manual-clock.ts';
import {
  chosen,
  connection,
  errorsOf,
  logsOf,
  recordsOf,
  runIn,
  statesOf,
  type SourceRunInput,
} from '../support/run-source.ts';
import {
  airbyteForms,
  at,
  fixture,
  fromStartDate,
  startDate,
  startsOf,
} from '../support/state-places.ts';
import { secretToken, withSandbox } from '../support/with-sandbox.ts';
import { worldStartMs } from '../support/world.ts';
import { readFaults } from './judge/checks.ts';
import type { Expectation } from './judge/expectation.ts';
import { storedState } from './judge/configure.ts';
import type { SourceRun } from './judge/source-run.ts';

const account: SandboxOptions = {
  now: '2024-03-01T12:00:00Z',
  days: 40,
  chats: 80,
  timeline: 40,
  switches: { maxPage: 10 },
};

const names = ['departments', 'agents', 'bans', 'agent_timeline', 'chats'];

interface Reading {
  readonly run: SourceRun;
  readonly requests: readonly LoggedRequest[];
}

/** A run from this state, in its own sandbox. */
async function runFrom(
  state: Json | string,
  input: Pick<SourceRunInput, 'clock'> = {},
): Promise<Reading> {
  return withSandbox(account, async (sandbox) => {
    const text = typeof state === 'string' ? state : JSON.stringify(state);
    const catalog = await connection(names);
    const config = { start_date: startDate };
    const run = await runIn(sandbox, { ...input, state: text, catalog, config });
    return { run, requests: [...sandbox.requests] };
  });
}

async function faultsOf(run: SourceRun, more: Partial<Expectation> = {}) {
  return readFaults(run, { catalog: await connection(names), secrets: [secretToken], ...more });
}

type States = Readonly<Record<string, JsonObject>>;

/** The states of one version, by stream. */
function statesOfForm(form: string): States {
  return fixture(`airbyte-${form}`)['bookmarks'] as Record<string, JsonObject>;
}

function streamState([name, state]: readonly [string, JsonObject]): JsonObject {
  return { stream_descriptor: { name }, stream_state: state };
}

/** PyAirbyte writes all known keys of a state, with null for missing ones. */
function withNulls(state: JsonObject): JsonObject {
  const nulls = { type: null, stream: null, global_: null, data: null };
  const stats = { sourceStats: null, destinationStats: null };
  return { ...nulls, ...stats, ...state };
}

interface Envelope {
  readonly envelope: string;
  readonly isBlob: boolean;
  readonly wrap: (states: States) => Json;
}

function streamMessages(states: States): JsonObject[] {
  return Object.entries(states).map((entry) => ({ type: 'STREAM', stream: streamState(entry) }));
}

/** The others: unit/airbyte/state. */
const envelopes: readonly Envelope[] = [
  { envelope: 'a list of states', isBlob: false, wrap: streamMessages },
  {
    envelope: 'the list of PyAirbyte',
    isBlob: false,
    wrap: (states) => streamMessages(states).map(withNulls),
  },
  {
    envelope: 'lines of whole messages',
    isBlob: false,
    wrap: (states) =>
      streamMessages(states)
        .map((state) => `${JSON.stringify({ type: 'STATE', state })}\n`)
        .join(''),
  },
  { envelope: 'one blob', isBlob: true, wrap: (states) => ({ ...states }) },
];

const matrix = airbyteForms.flatMap((form) =>
  envelopes.map((envelope) => Object.assign({}, form, envelope)),
);

test.each(chosen(matrix, ({ form, envelope }) => envelope === 'a list of states' || form === 's6'))(
  '$form as $envelope is read on from where it ends',
  async ({ form, wrap, isBlob, begins }) => {
    const states = statesOfForm(form);
    const { run, requests } = await runFrom(wrap(states));

    const blobStreams = names.filter((name) => isBlob && name in states);
    expect(await faultsOf(run, { given: states, blobStreams })).toEqual([]);
    expect(run.code).toBe(0);
    expect(startsOf(requests)).toEqual({ ...fromStartDate, ...begins });
  },
);

test('an empty object counts as no state, and everything is read', async () => {
  const { run, requests } = await runFrom({});
  expect(await faultsOf(run)).toEqual([]);
  expect(startsOf(requests)).toEqual(fromStartDate);
  expect(recordsOf(run, 'chats').length).toBeGreaterThan(20);
});

test('every version since 0.1.4 can read the states: one plain key, and one key that it preserves', async () => {
  const { run } = await runFrom('');
  const written = Object.fromEntries(
    ['agents', 'bans', 'agent_timeline', 'chats'].map((name) => [name, statesOf(run, name).at(-1)]),
  );
  const position = { end_time: expect.any(Number), end_id: null };
  expect(written).toEqual({
    agents: { id: expect.any(Number) },
    bans: { id: expect.any(Number) },
    agent_timeline: {
      start_time: expect.stringMatching(/^2024-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/),
      position,
    },
    chats: {
      update_timestamp: expect.stringMatching(/^2024-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      position,
    },
  });
  expect(statesOf(run, 'departments').at(-1)).toEqual({ __ab_no_cursor_state_message: true });
});

/** For users who move back to Airbyte's connector. */
interface Cursor {
  readonly cursor: string;
  readonly formats: readonly string[];
}

const cursorFile = new URL('../data/airbyte-1.2-cursors.json', import.meta.url);
const cursors: Readonly<Record<string, Cursor>> = JSON.parse(readFileSync(cursorFile, 'utf8'));

test('each state has its cursor in a format that version 1.2 reads, and never as ambiguous digits', async () => {
  const { run } = await runFrom('');
  for (const stream of names.slice(1)) {
    const { cursor = '', formats = [] } = cursors[stream] ?? {};
    // The first state is the one that was received: none.
    const values = statesOf(run, stream).flatMap((state) => state[cursor] ?? []);
    const places = values.map((value) =>
      formats.findIndex((one) => new RegExp(one).test(JSON.stringify(value).replaceAll(`"`, ``))),
    );
    expect(places.length).toBeGreaterThan(0);
    expect(places.filter((place) => place !== 0 && place !== 1)).toEqual([]);
  }
});

test('a position that an older version preserved is not used after the time next to it has changed', async () => {
  const moved = {
    update_timestamp: '2024-02-09T13:12:16Z',
    position: { end_time: 1_700_000_000, end_id: 'c-1' },
  };
  const { run, requests } = await runFrom(streamMessages({ chats: moved }));
  expect(await faultsOf(run, { given: { chats: moved } })).toEqual([]);
  expect(startsOf(requests).chats).toBe(at - 310);
});

test('streams of a state that this source does not have are reported and get no state', async () => {
  const { run, requests } = await runFrom(
    streamMessages({ tickets: { id: 5 }, chats: { update_timestamp: `${at}` } }),
  );
  expect(await faultsOf(run)).toEqual([]);
  expect(startsOf(requests)).toEqual({ ...fromStartDate, chats: at - 310 });
  expect(logsOf(run, 'INFO').join('\n')).toContain('tickets');
});

const future: States = {
  agents: { id: 999_999_999_999 },
  bans: { id: 999_999_999_999 },
  agent_timeline: { start_time: '2222-01-21T00:00:00Z' },
  chats: { update_timestamp: '2222-01-21T00:00:00Z' },
};

test('a state in the future produces no record and is returned unchanged', async () => {
  const { run, requests } = await runFrom(streamMessages(future));
  expect(await faultsOf(run, { given: future })).toEqual([]);
  expect(run.code).toBe(0);
  expect(Object.keys(future).flatMap((name) => recordsOf(run, name))).toEqual([]);
  expect(storedState([run])).toEqual(expect.arrayContaining(streamMessages(future)));
  expect(requests.filter(({ path }) => path.includes('incremental'))).toEqual([]);
  expect(logsOf(run, 'WARN').join('\n')).toMatch(/chats: .*2222/);
});

test('a time that is a word is rejected before the first request and does not count as no state', async () => {
  const sleeps: number[] = [];
  const clock = createManualClock(worldStartMs, (ms) => sleeps.push(ms));
  const state = streamMessages({ chats: { update_timestamp: 'noon' } });
  const { run, requests } = await runFrom(state, { clock });
  expect(await faultsOf(run)).toEqual([]);
  expect(run).toMatchObject({ code: 1, stderr: '' });
  // A process would not end before what it waits for.
  expect(sleeps).toEqual([]);
  expect(errorsOf(run)).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(/chats/),
      failure_type: 'config_error',
    }),
  ]);
  expect(requests).toEqual([]);
});

test('a missing state file does not count as no state', async () => {
  await withSandbox(account, async (sandbox) => {
    const catalog = await connection(names);
    const run = await runIn(sandbox, { catalog, args: ['--state', '/nowhere/state.json'] });
    expect(await faultsOf(run)).toEqual([]);
    expect(errorsOf(run)).toEqual([
      { message: expect.stringMatching(/nowhere/), failure_type: 'config_error' },
    ]);
    expect(sandbox.requests).toEqual([]);
  });
});
