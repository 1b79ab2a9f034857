/**
 * States of other taps, written as they write them, and states with holes in every place: each stream
 * continues from this state, and no other key of it is lost. That a runner's merge does not crash: unit/singer/state.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';
import { incrementalCatalog } from '../support/catalogs.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import {
  airbyteForms,
  at,
  byId,
  fixture,
  fromStartDate,
  older,
  startDate,
  startsOf,
  type Starts,
} from '../support/state-places.ts';
import { chosen } from './full-set.ts';

/** All rows of a table when everything is tested, else those that are marked. */
function lean<T extends { readonly lean?: true }>(rows: readonly T[]): readonly T[] {
  return chosen(rows, (row) => row.lean === true);
}

/** All taps read this account in small pages. It has more chats in one second than a page holds. */
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({
    now: '2024-03-01T12:00:00Z',
    days: 40,
    chats: 80,
    history: { min: 2, max: 3 },
    ties: [{ at: 'middle', count: 25 }],
    agents: 5,
    bans: { ip: 4, visitor: 3 },
    timeline: 40,
    switches: { maxPage: 10, agentsMaxPage: 2, bansMaxPage: 3 },
  });
});

afterAll(async () => {
  await sandbox.close();
});

const catalog = incrementalCatalog(['departments', 'agents', 'bans', 'agent_timeline', 'chats']);

async function runFrom(state: Json | string, config: object = {}): Promise<TapResult> {
  sandbox.requests.length = 0;
  return runTap({
    sandboxUrl: sandbox.url,
    config: { ...sandbox.config, start_date: startDate, ...config },
    catalog,
    state: typeof state === 'string' ? state : JSON.stringify(state),
  });
}

/** The queries of the first requests of the run. */
const starts = (): Starts => startsOf(sandbox.requests);

/** Paths of the given state that a later one lacks. */
function lostPaths(given: JsonObject, later: JsonObject, path = ''): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const place = `${path}/${key}`;
    const kept = later[key];
    if (kept === undefined) return [place];
    return isJsonObject(value) && isJsonObject(kept) ? lostPaths(value, kept, place) : [];
  });
}

function leaves(value: Json | undefined): Json[] {
  return isJsonObject(value)
    ? Object.values(value).flatMap((inner) => leaves(inner))
    : [value ?? null];
}

/** The keys of other taps in the state at the end of a run. */
function leftovers(state: JsonObject, stream: string, keys: readonly string[]): Json[] {
  const bookmarks = state['bookmarks'] as Record<string, JsonObject>;
  return keys.flatMap((key) => leaves(bookmarks[stream]?.[key]).filter((leaf) => leaf !== null));
}

/** Ids of the chats that were updated at this time or later. */
function chatsSince(seconds: number): readonly unknown[] {
  const chats = [...sandbox.account.dump('chats')];
  const isSince = ({ update_timestamp: updated }: JsonObject): boolean =>
    typeof updated === 'string' && Date.parse(updated) >= seconds * 1000;
  return chats.filter((chat) => isSince(chat)).map(({ id }) => id);
}

interface Row {
  readonly state: string;
  readonly begins: Partial<Starts>;
  readonly lean?: true;
}

const rows: readonly Row[] = [
  { state: 'singer-io-complete', begins: { chats: older - 310 }, lean: true },
  { state: 'singer-io-interrupted', begins: { chats: older - 310 } },
  { state: 'singer-io-first-run', begins: {} },
  { state: 'singer-io-empty-objects', begins: {}, lean: true },
  { state: 'pathlight-complete', begins: { chats: at - 310 }, lean: true },
  { state: 'pathlight-interrupted', begins: { chats: at - 310 } },
  ...airbyteForms.map(({ form, begins }) => ({ state: `airbyte-${form}`, begins })),
  {
    state: 'unknown-keys',
    begins: { agents: 2, bans: 2, agent_timeline: (at - 310) * 1e6, chats: at - 310 },
    lean: true,
  },
];

const foreignKeys = ['offset', 'slices', 'state_type', 'legacy'];

test.each(lean(rows))(
  'the run continues from the end of the state $state and keeps all its keys',
  async ({ state, begins }) => {
    const given = fixture(state);
    const run = await runFrom(given);

    expect(run).toMatchObject({ code: 0 });
    const expected = { ...fromStartDate, ...begins };
    expect(starts()).toEqual(expected);
    expect(run.records('chats').map(({ id }) => id)).toEqual(chatsSince(expected.chats));
    expect(run.states.length).toBeGreaterThan(5);
    expect(run.states.flatMap((later) => lostPaths(given, later))).toEqual([]);
    for (const stream of ['chats', 'agent_timeline', 'agents', 'bans'])
      expect(leftovers(run.lastState, stream, foreignKeys)).toEqual([]);
    expect(run.lastState).toMatchObject({
      bookmarks: {
        chats: { position: { end_id: null } },
        agent_timeline: { position: { end_id: null } },
        agents: { id: expect.any(Number) },
        bans: { id: expect.any(Number) },
      },
      currently_syncing: null,
    });
  },
);

test('unknown keys are unchanged in every state', async () => {
  const given = fixture('unknown-keys');
  const run = await runFrom(given);

  const expected = {
    account_of: { team: 'support', seats: [1, 2] },
    singer_sdk_note: null,
    bookmarks: {
      visitors: { cursor: 'abc', pages: [3, 4] },
      messages: 'a word',
      goals: { seen: true },
      agents: { note: 'kept' },
      bans: { note: { by: 'hand' } },
      agent_timeline: { note: 7 },
      chats: { note: 'kept' },
    },
  };
  expect(run.states).toEqual(
    run.states.map(() => expect.objectContaining({ singer_sdk_note: null })),
  );
  expect(run.states.map((state) => state)).toMatchObject(run.states.map(() => expected));
});

function chatsBookmark(state: JsonObject): JsonObject {
  return (state['bookmarks'] as Record<string, JsonObject>)['chats'] ?? {};
}

/** These keys of the bookmark of chats, as one text. */
function timesIn(state: JsonObject, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => chatsBookmark(state)[key]));
}

/** 310 seconds before our bookmark of chats, in a list for these keys. */
function timesBehind(state: JsonObject, keys: readonly string[]): string {
  const { update_timestamp: updated } = chatsBookmark(state);
  const ms = typeof updated === 'string' ? Date.parse(updated) - 310_000 : Number.NaN;
  return JSON.stringify(keys.map(() => new Date(ms).toISOString().replace('.000Z', 'Z')));
}

const oldTimes = ['chat.end_timestamp', 'offline_msg.timestamp'];

const leavable = [
  { state: 'singer-io-complete', keys: oldTimes },
  { state: 'singer-io-first-run', keys: oldTimes },
  { state: 'pathlight-complete', keys: [...oldTimes, 'chats-incremental.end_time'] },
];

test.each(leavable)(
  'the times of the state $state are unchanged until all chats are read, and then 310 seconds before the own bookmark',
  async ({ state, keys }) => {
    const given = fixture(state);
    const run = await runFrom(given);

    const last = timesBehind(run.lastState, keys);
    expect(timesIn(run.lastState, keys)).toBe(last);
    const times = new Set(run.states.map((later) => timesIn(later, keys)));
    expect([...times]).toEqual([timesIn(given, keys), last]);
  },
);

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** When a chat ended, by the key that singer-io's tap searches it by. */
function endOf({ type, end_timestamp: end, timestamp }: JsonObject): { key: string; ms: number } {
  const isOffline = type === 'offline_msg';
  const time = text(isOffline ? timestamp : end).replace('+00:00Z', 'Z');
  return { key: isOffline ? 'offline_msg.timestamp' : 'chat.end_timestamp', ms: Date.parse(time) };
}

/** Ids of the chats that ended before, or not before, the times that singer-io's tap has in a state. */
function chatsAt(side: 'before' | 'since', state: JsonObject): ReadonlySet<string> {
  const chats = [...sandbox.account.dump('chats')].filter((chat) => {
    const { key, ms } = endOf(chat);
    const bookmark = Date.parse(text(chatsBookmark(state)[key]));
    return side === 'since' ? ms >= bookmark : ms < bookmark;
  });
  return new Set(chats.map(({ id }) => text(id)));
}

test('from any state, the singer-io tap finds each chat that has not been read', async () => {
  const given = fixture('singer-io-complete');
  // One that ended soon after that tap had stopped, and was edited long after.
  const [edited = ''] = chatsAt('since', given);
  sandbox.account.patchChat(edited, { rating: 'good' }, Date.parse('2024-02-25T00:00:00Z') / 1000);
  const run = await runFrom(given);

  const all = [...sandbox.account.dump('chats')].map(({ id }) => text(id));
  const read = new Set(chatsAt('before', given));
  const lost = run.messages.flatMap((message) => {
    if (message.type === 'RECORD' && message.stream === 'chats')
      read.add(text(message.record['id']));
    if (message.type !== 'STATE') return [];
    const found = chatsAt('since', message.value);
    return all.filter((id) => !read.has(id) && !found.has(id));
  });
  expect(lost).toEqual([]);
  expect(chatsAt('since', run.lastState).size).toBeLessThan(all.length / 10);
});

test('times of another tap that became null follow the own bookmark again', async () => {
  const { lastState } = await runFrom(fixture('singer-io-complete'));
  const cleared = { 'chat.end_timestamp': null, 'offline_msg.timestamp': null };
  const bookmark = { ...chatsBookmark(lastState), ...cleared };
  const run = await runFrom({ bookmarks: { chats: bookmark } });

  expect(timesIn(run.lastState, oldTimes)).toBe(timesBehind(run.lastState, oldTimes));
});

test('times of another tap do not change if a run ends before all chats are read', async () => {
  const given = fixture('singer-io-complete');
  sandbox.faults.set([
    { path: 'incremental/chats', nth: 3, fault: { kind: 'status', status: 400 } },
  ]);
  // The fault is counted by requests.
  const run = await runFrom(given, { read_ahead: 1 });
  sandbox.faults.clear();

  expect(run).toMatchObject({ code: 1 });
  expect(chatsBookmark(run.lastState)).toMatchObject({ position: { end_id: null } });
  expect(timesIn(run.lastState, oldTimes)).toBe(timesIn(given, oldTimes));
});

test.each([
  {
    name: "singer-io's",
    state: 'singer-io-complete',
    line: 'the bookmark used is offline_msg.timestamp 2024-02-08T10:00:00Z, the oldest of chat.end_timestamp, offline_msg.timestamp',
  },
  {
    name: "singer-io's first",
    state: 'singer-io-first-run',
    line: "the state's bookmark is not used: it has no offline_msg.timestamp",
  },
  {
    name: "Airbyte's",
    state: 'airbyte-s6',
    line: 'the bookmark used is update_timestamp 2024-02-09T13:12:16Z',
  },
])('the log says which time of $name bookmark is used', async ({ state, line }) => {
  const run = await runFrom(fixture(state));
  expect(run.stderrLines).toContain(`INFO chats: ${line}`);
});

test('a run that continues the interrupted run of another tap starts with its current stream and reads all others', async () => {
  const run = await runFrom(fixture('singer-io-interrupted'));

  const schemas = run.messages.flatMap((line) => (line.type === 'SCHEMA' ? [line.stream] : []));
  expect(schemas[0]).toBe('chats');
  expect(schemas).toHaveLength(5);
});

test('FULL_TABLE streams do not change the bookmarks of another tap', async () => {
  const given = fixture('airbyte-s6');
  sandbox.requests.length = 0;
  const run = await runTap({
    sandboxUrl: sandbox.url,
    config: { ...sandbox.config, start_date: startDate },
    state: given,
  });

  expect(starts()).toMatchObject({ agents: 0, bans: 0 });
  expect(run.lastState).toMatchObject({
    bookmarks: { agents: { id: 361_089_721_035 }, bans: { id: 40_511 } },
  });
});

interface Hole {
  readonly path: string;
  /** The effect of null or `{}` at this path. */
  readonly begins?: Partial<Starts>;
  readonly lean?: true;
}

const chatsFromStart = { chats: fromStartDate.chats };

const singerHoles: readonly Hole[] = [
  { path: 'bookmarks', begins: chatsFromStart, lean: true },
  { path: 'bookmarks.agents' },
  { path: 'bookmarks.agents.offset' },
  { path: 'bookmarks.agents.offset.id' },
  { path: 'bookmarks.bans' },
  { path: 'bookmarks.bans.offset' },
  { path: 'bookmarks.bans.offset.id' },
  { path: 'bookmarks.chats', begins: chatsFromStart },
  { path: 'bookmarks.chats.chat~end_timestamp', begins: chatsFromStart },
  { path: 'bookmarks.chats.offline_msg~timestamp', begins: chatsFromStart, lean: true },
  { path: 'bookmarks.chats.offset' },
  { path: 'bookmarks.chats.offset.chat~next_url' },
  { path: 'bookmarks.chats.offset.offline_msg~next_url' },
  { path: 'chats_last_full_sync' },
  { path: 'currently_syncing' },
];

/** A bookmark that has a position and no time is refused: no-loss/state-files. */
const ownHoles: readonly Hole[] = [
  { path: 'bookmarks', begins: fromStartDate },
  { path: 'bookmarks.agents', begins: { agents: 0 } },
  { path: 'bookmarks.agents.id', begins: { agents: 0 } },
  { path: 'bookmarks.bans', begins: { bans: 0 } },
  { path: 'bookmarks.bans.id', begins: { bans: 0 } },
  { path: 'bookmarks.agent_timeline', begins: { agent_timeline: fromStartDate.agent_timeline } },
  { path: 'bookmarks.agent_timeline.position', begins: { agent_timeline: (at - 310) * 1e6 } },
  { path: 'bookmarks.chats', begins: chatsFromStart },
  { path: 'bookmarks.chats.position', begins: { chats: at - 310 }, lean: true },
  { path: 'bookmarks.chats.position.end_time', begins: { chats: at - 310 } },
  { path: 'bookmarks.chats.position.end_id' },
  { path: 'currently_syncing' },
];

const own: JsonObject = {
  bookmarks: {
    agents: { id: 361_089_721_035 },
    bans: { id: 40_511 },
    agent_timeline: {
      start_time: '2024-02-09T13:12:16Z',
      position: { end_time: at * 1e6, end_id: null },
    },
    chats: {
      update_timestamp: '2024-02-09T13:12:16Z',
      position: { end_time: at, end_id: 'a-chat' },
    },
  },
  currently_syncing: null,
};

/** A state with another value at one path. `~` means a dot that is part of a key. */
function withHole(state: JsonObject, path: string, hole: Json): JsonObject {
  const [key = '', ...rest] = path.split('.');
  const name = key.replace('~', '.');
  const inner = state[name];
  const value =
    rest.length > 0 && isJsonObject(inner) ? withHole(inner, rest.join('.'), hole) : hole;
  return { ...state, [name]: value };
}

const fillings: readonly { readonly name: string; readonly hole: Json }[] = [
  { name: 'null', hole: null },
  { name: '{}', hole: {} },
];

const kinds = [
  {
    whose: "singer-io's",
    holes: singerHoles,
    state: fixture('singer-io-complete'),
    usual: { ...fromStartDate, chats: older - 310 },
  },
  {
    whose: 'our own',
    holes: ownHoles,
    state: own,
    usual: { ...byId, agent_timeline: at * 1e6, chats: at },
  },
];

const holes = kinds.flatMap(({ holes: all, ...kind }) =>
  lean(all).flatMap((hole) => fillings.map((filling) => Object.assign({}, kind, hole, filling))),
);

test.each(holes)(
  '$name instead of $path in $whose state counts as no value',
  async ({ path, hole, begins, state, usual }) => {
    const given = withHole(state, path, hole);
    const run = await runFrom(given);

    expect(run).toMatchObject({ code: 0 });
    expect(starts()).toEqual({ ...usual, ...begins });
    expect(run.states.flatMap((later) => lostPaths(given, later))).toEqual([]);
  },
);

test.each([
  { name: 'no bookmarks', state: {} },
  { name: 'empty bookmarks', state: { bookmarks: {} } },
  { name: 'nulls', state: { bookmarks: null, currently_syncing: null } },
])('a state with $name reads everything from start_date', async ({ state }) => {
  const run = await runFrom(state);
  expect(run).toMatchObject({ code: 0 });
  expect(starts()).toEqual(fromStartDate);
});
