/**
 * States as every version of Airbyte's connector wrote them, in every wrapping a platform hands them over
 * in: each stream goes on where its state says. What is no state is an error before the first request.
 */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../../../src/json.ts';
import type { SandboxOptions } from '../../../src/sandbox/options.ts';
import type { LoggedRequest } from '../../../src/sandbox/request-log.ts';
import { createManualClock } from '../../helpers/manual-clock.ts';
import {
  chosen,
  connection,
  errorsOf,
  logsOf,
  recordsOf,
  runIn,
  statesOf,
  type SourceRunInput,
} from '../../helpers/run-source.ts';
import { at, fromStartDate, older, startDate, type Starts } from '../../helpers/state-places.ts';
import { secretToken, withSandbox } from '../../helpers/with-sandbox.ts';
import { worldStartMs } from '../../helpers/world.ts';
import { readFaults } from '../../platform/checks.ts';
import type { Expectation } from '../../platform/expectation.ts';
import { storedState } from '../../platform/configure.ts';
import type { SourceRun } from '../../platform/source-run.ts';

const overlap = 310;

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

/** A run from this state, in a sandbox of its own. */
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

function starts(requests: readonly LoggedRequest[]): Starts {
  const first = (path: string, key: string): number => {
    const found = requests.find((request) => request.path === `/api/v2/chat/${path}`);
    return Number(found?.query[key] ?? Number.NaN);
  };
  return {
    chats: first('incremental/chats', 'start_time'),
    agent_timeline: first('incremental/agent_timeline', 'start_time'),
    agents: first('agents', 'since_id'),
    bans: first('bans', 'since_id'),
  };
}

type States = Readonly<Record<string, JsonObject>>;

/** The states of one version, by stream. */
function statesOfForm(form: string): States {
  const url = new URL(`../../fixtures/states/airbyte-${form}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')).bookmarks;
}

const byId = { agents: 361_089_721_036, bans: 40_512 };

const timeline = (at - overlap) * 1e6;

const forms = [
  { form: 's1', begins: { ...byId, agent_timeline: timeline } },
  { form: 's2', begins: { ...byId, agent_timeline: timeline, chats: older - overlap } },
  { form: 's3', begins: { ...byId, agent_timeline: timeline, chats: at - overlap } },
  { form: 's4', begins: { ...byId, agent_timeline: timeline + 123_456, chats: at - overlap } },
  { form: 's5', begins: { ...byId, agent_timeline: timeline, chats: at - overlap } },
  { form: 's6', begins: { ...byId, agent_timeline: timeline + 123_456, chats: at - overlap } },
  { form: 's7', begins: { ...byId, agent_timeline: timeline + 123_456, chats: older - overlap } },
  { form: 's8', begins: {} },
] as const;

function streamState([name, state]: readonly [string, JsonObject]): JsonObject {
  return { stream_descriptor: { name }, stream_state: state };
}

/** PyAirbyte writes out what it knows of a state, null where there is nothing. */
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

function wholeMessages(states: States): JsonObject[] {
  return streamMessages(states).map((state) => ({ type: 'STATE', state }));
}

function globalState(states: States): JsonObject {
  return { shared_state: null, stream_states: Object.entries(states).map(streamState) };
}

const envelopes: readonly Envelope[] = [
  { envelope: 'a list of states', isBlob: false, wrap: streamMessages },
  {
    envelope: 'the list of PyAirbyte',
    isBlob: false,
    wrap: (states) => streamMessages(states).map(withNulls),
  },
  {
    envelope: 'a list of one global state',
    isBlob: false,
    wrap: (states) => [{ type: 'GLOBAL', global: globalState(states) }],
  },
  {
    envelope: 'a list of one global state of PyAirbyte',
    isBlob: false,
    wrap: (states) => [withNulls({ type: 'GLOBAL', global_: globalState(states) })],
  },
  {
    envelope: 'a list of whole messages',
    isBlob: false,
    wrap: wholeMessages,
  },
  {
    envelope: 'lines of whole messages',
    isBlob: false,
    wrap: (states) =>
      wholeMessages(states)
        .map((message) => `${JSON.stringify(message)}\n`)
        .join(''),
  },
  { envelope: 'one blob', isBlob: true, wrap: (states) => ({ ...states }) },
  {
    envelope: 'a list of one blob under data',
    isBlob: true,
    wrap: (states) => [{ type: 'LEGACY', data: { ...states } }],
  },
  {
    envelope: 'a list of one blob without a type',
    isBlob: true,
    wrap: (states) => [withNulls({ data: { ...states } })],
  },
];

const matrix = forms.flatMap((form) =>
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
    expect(starts(requests)).toEqual({ ...fromStartDate, ...begins });
  },
);

test('one whole message is enough to go on from', async () => {
  const [message = {}] = wholeMessages({ chats: { update_timestamp: '2024-02-09T13:12:16Z' } });
  const { run, requests } = await runFrom(message);
  expect(await faultsOf(run)).toEqual([]);
  expect(starts(requests)).toEqual({ ...fromStartDate, chats: at - overlap });
});

const nothing = ['', ' \n', '[]', '{}', 'null', '[{"type":"LEGACY","data":{}}]'];

test.each(chosen(nothing, (text) => text === '{}'))(
  '%j is no state: everything is read',
  async (text) => {
    const { run, requests } = await runFrom(text);
    expect(await faultsOf(run)).toEqual([]);
    expect(starts(requests)).toEqual(fromStartDate);
    expect(recordsOf(run, 'chats').length).toBeGreaterThan(20);
  },
);

test('what is written can be read by every version since 0.1.4: one plain key, and one they carry along', async () => {
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

test('a position that an older version carried along is not used once the time beside it has moved', async () => {
  const moved = {
    update_timestamp: '2024-02-09T13:12:16Z',
    position: { end_time: 1_700_000_000, end_id: 'c-1' },
  };
  const { run, requests } = await runFrom(streamMessages({ chats: moved }));
  expect(await faultsOf(run, { given: { chats: moved } })).toEqual([]);
  expect(starts(requests).chats).toBe(at - overlap);
});

test('streams of a state that this source does not have are mentioned, and get no state', async () => {
  const { run, requests } = await runFrom(
    streamMessages({ tickets: { id: 5 }, chats: { update_timestamp: `${at}` } }),
  );
  expect(await faultsOf(run)).toEqual([]);
  expect(starts(requests)).toEqual({ ...fromStartDate, chats: at - overlap });
  expect(logsOf(run, 'INFO').join('\n')).toContain('tickets');
});

test('of the states in a list the last one of a stream counts', async () => {
  const list = [
    ...streamMessages({ chats: { update_timestamp: '2024-02-01T00:00:00Z' } }),
    ...streamMessages({ chats: { update_timestamp: '2024-02-09T13:12:16Z' } }),
  ];
  const { requests } = await runFrom(list);
  expect(starts(requests).chats).toBe(at - overlap);
});

const future: States = {
  agents: { id: 999_999_999_999 },
  bans: { id: 999_999_999_999 },
  agent_timeline: { start_time: '2222-01-21T00:00:00Z' },
  chats: { update_timestamp: '2222-01-21T00:00:00Z' },
};

test('a state of the future brings no record, and comes back as it was', async () => {
  const { run, requests } = await runFrom(streamMessages(future));
  expect(await faultsOf(run, { given: future })).toEqual([]);
  expect(run.code).toBe(0);
  expect(Object.keys(future).flatMap((name) => recordsOf(run, name))).toEqual([]);
  expect(storedState([run])).toEqual(expect.arrayContaining(streamMessages(future)));
  expect(requests.filter(({ path }) => path.includes('incremental'))).toEqual([]);
  expect(logsOf(run, 'WARN').join('\n')).toMatch(/chats: .*2222/);
});

interface Broken {
  readonly what: string;
  readonly state: Json | string;
  readonly says: RegExp;
  readonly isLean?: true;
}

function chats(state: Json): JsonObject {
  return { type: 'STREAM', stream: { stream_descriptor: { name: 'chats' }, stream_state: state } };
}

const broken: readonly Broken[] = [
  {
    what: 'JSON that is cut',
    state: '[{"type":"STREAM","stream":{',
    says: /state.*JSON/,
    isLean: true,
  },
  { what: 'no JSON', state: 'update_timestamp: 2024', says: /state/ },
  { what: 'a text', state: '"2024-02-09T13:12:16Z"', says: /state/ },
  { what: 'a list of numbers', state: [1, 2], says: /state/ },
  { what: 'a Singer state', state: { bookmarks: { chats: {} } }, says: /Singer/, isLean: true },
  { what: 'a blob of another source', state: { tickets: { id: 1 } }, says: /no stream/ },
  { what: 'a stream state that is a text', state: [chats('2024-02-09')], says: /chats/ },
  { what: 'a time that is a boolean', state: [chats({ update_timestamp: true })], says: /chats/ },
  {
    what: 'a time that is a word',
    state: [chats({ update_timestamp: 'noon' })],
    says: /chats/,
    isLean: true,
  },
  {
    what: 'a number in no unit there is',
    state: [chats({ update_timestamp: '170748433612345678901' })],
    says: /chats/,
    isLean: true,
  },
  {
    what: 'a time below zero',
    state: [chats({ update_timestamp: -5 })],
    says: /chats/,
  },
  {
    what: 'a date that is none',
    state: [chats({ update_timestamp: '2024-02-31T00:00:00Z' })],
    says: /chats/,
  },
  { what: 'a key nobody knows', state: [chats({ cursor: 'abc' })], says: /chats/ },
  {
    what: 'slices that are none',
    state: [chats({ state_type: 'date-range', slices: 'all' })],
    says: /chats/,
  },
  {
    what: 'an id that is a word',
    state: { agents: { id: 'seven' } },
    says: /agents/,
  },
  {
    what: 'an id with a fraction',
    state: { bans: { id: 1.5 } },
    says: /bans/,
    isLean: true,
  },
  {
    what: 'a shared state',
    state: [{ type: 'GLOBAL', global: { shared_state: { lsn: 1 }, stream_states: [] } }],
    says: /shared_state/,
  },
];

test.each(chosen(broken, ({ isLean = false }) => isLean))(
  '$what is refused before the first request, not taken for no state',
  async ({ state, says }) => {
    const sleeps: number[] = [];
    const clock = createManualClock(worldStartMs, (ms) => sleeps.push(ms));
    const { run, requests } = await runFrom(state, { clock });
    expect(await faultsOf(run)).toEqual([]);
    expect(run).toMatchObject({ code: 1, stderr: '' });
    // A process would not end before what it waits for.
    expect(sleeps).toEqual([]);
    expect(errorsOf(run)).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(says),
        failure_type: 'config_error',
      }),
    ]);
    expect(requests).toEqual([]);
  },
);

test('a state file that is not there is not taken for no state', async () => {
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
