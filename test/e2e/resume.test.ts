/** A run that goes on from a STATE: together with what stood before it, nothing is missing. */
import { afterEach, expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import type { Switches } from '../../src/sandbox/switches.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { columnsOf, expectedRecords, recordFaults, requestsOf } from '../helpers/oracle.ts';
import { runTap, type Output, type TapResult } from '../helpers/run-tap.ts';
import { isWhole } from '../lossless/whole-set.ts';

/** The streams that are read page by page. */
const paged = ['agents', 'bans', 'agent_timeline', 'chats'];

const lists = ['agents', 'bans'];
const exports = ['agent_timeline', 'chats'];

interface Entry {
  readonly tap_stream_id: string;
  readonly metadata: readonly {
    readonly breadcrumb: readonly string[];
    readonly metadata: JsonObject;
  }[];
}

const discovered: { readonly streams: readonly Entry[] } = JSON.parse(
  (await runTap({ args: ['--discover'] })).stdout,
);

/** Columns that say nothing about which version of a chat it is, and much else. */
const large = new Set(['visitor', 'session', 'webpath', 'conversions', 'engagements', 'history']);

/** A catalog of these streams, all of them incremental, without the large columns. */
function incrementalCatalog(names: readonly string[]): object {
  const streams = discovered.streams.filter((entry) => names.includes(entry.tap_stream_id));
  for (const { metadata } of streams) {
    const root = metadata.find(({ breadcrumb }) => breadcrumb.length === 0);
    Object.assign(root?.metadata ?? {}, { selected: true, 'replication-method': 'INCREMENTAL' });
    const unwanted = metadata.filter(
      ({ breadcrumb: [, name = '', ...below] }) => below.length === 0 && large.has(name),
    );
    for (const column of unwanted) Object.assign(column.metadata, { selected: false });
  }
  return { streams };
}

interface World {
  readonly sandbox: Sandbox;
  readonly clock: FakeClock;
  readonly streams: readonly string[];
  /** A run of these streams at the clock's time. */
  run(state?: JsonObject): Promise<TapResult>;
}

const sandboxes: Sandbox[] = [];

afterEach(async () => {
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
});

const startMs = Date.UTC(2026, 0, 5, 12);
const hourMs = 3_600_000;

/** A sandbox and a tap with one clock, which stands still. */
async function start(options: SandboxOptions, streams = paged): Promise<World> {
  const catalog = incrementalCatalog(streams);
  const clock = createFakeClock(startMs);
  const sandbox = await startSandbox({ clock: clock.now, ...options });
  sandboxes.push(sandbox);
  return {
    sandbox,
    clock,
    streams,
    run: (state) =>
      runTap({
        sandboxUrl: sandbox.url,
        config: { ...sandbox.config },
        catalog,
        clock,
        ...(state === undefined ? {} : { state }),
      }),
  };
}

function bookmarkOf(state: JsonObject, stream: string): JsonObject {
  return (state['bookmarks'] as Record<string, JsonObject>)[stream] ?? {};
}

function isUpdatedSince(chat: JsonObject, instant: string): boolean {
  const { update_timestamp: updated } = chat;
  return typeof updated === 'string' && updated >= instant;
}

/** The records of several runs, later ones in the place of earlier ones. */
function union(parts: readonly (readonly JsonObject[])[]): JsonObject[] {
  return [...new Map(parts.flat().map((record) => [record['id'], record])).values()];
}

/** What a stream must write for all the account holds now, in these columns. */
function expectedColumns(
  sandbox: Sandbox,
  stream: string,
  columns: readonly string[],
): readonly JsonObject[] {
  return expectedRecords(sandbox, stream, columns).map((record) =>
    Object.fromEntries(columns.map((column) => [column, record[column] ?? null])),
  );
}

/** By stream, in the columns of these runs, what the account holds now. */
type Expected = Readonly<Record<string, readonly JsonObject[]>>;

function expectedNow({ sandbox, streams }: World, runs: readonly Output[]): Expected {
  const columns = (stream: string): readonly string[] =>
    runs.map((run) => columnsOf(run, stream)).find((names) => names.length > 0) ?? [];
  return Object.fromEntries(
    streams.map((stream) => [stream, expectedColumns(sandbox, stream, columns(stream))]),
  );
}

/** Compares what several runs brought together with what the account holds; by default now. */
function unionFaults(
  world: World,
  runs: readonly Output[],
  expected: Expected = expectedNow(world, runs),
): readonly string[] {
  return Object.entries(expected).flatMap(([stream, records]) =>
    recordFaults(stream, union(runs.map((run) => run.records(stream))), records),
  );
}

interface Cut {
  readonly state: JsonObject;
  /** What was written before this state. */
  readonly before: Output;
}

/** A run cut off behind each of its distinct states. */
function cutsOf(run: TapResult): readonly Cut[] {
  const cuts = new Map<string, Cut>();
  for (const [index, message] of run.messages.entries()) {
    if (message.type !== 'STATE') continue;
    const written = run.messages.slice(0, index);
    const records = (stream: string): JsonObject[] =>
      written.flatMap((line) =>
        line.type === 'RECORD' && line.stream === stream ? [line.record] : [],
      );
    // The schemas are those of the whole run.
    const before = Object.create(run, { records: { value: records } }) as Output;
    cuts.set(JSON.stringify(message.value), { state: message.value, before });
  }
  return [...cuts.values()];
}

/** The first, the middle and the last of them; in the whole set all. */
function chosenCuts(cuts: readonly Cut[]): readonly Cut[] {
  const places = new Set([0, Math.floor(cuts.length / 2), cuts.length - 1]);
  return isWhole ? cuts : cuts.filter((_, place) => places.has(place));
}

/** Resumes from states of a run of an account that changes no more, and compares. */
async function resumeFaults(world: World, first: TapResult): Promise<readonly string[]> {
  const faults: string[] = [];
  const expected = expectedNow(world, [first]);
  for (const { state, before } of chosenCuts(cutsOf(first))) {
    const resumed = await world.run(state);
    const found = unionFaults(world, [before, resumed], expected);
    const exit = resumed.code === 0 ? [] : [`exit ${resumed.code}: ${resumed.stderr}`];
    faults.push(...[...exit, ...found].map((fault) => `from ${JSON.stringify(state)}: ${fault}`));
  }
  return faults;
}

const account: SandboxOptions = {
  chats: 120,
  days: 3,
  history: { min: 2, max: 2 },
  gzip: false,
  timeline: 80,
  agents: 50,
  bans: { ip: 30, visitor: 20 },
};

const clamped: Partial<Switches> = {
  maxPage: 20,
  bansMaxPage: 20,
  agentsMaxPage: 20,
};

test('a second run brings what changed, the last five minutes and the second of the bookmark, nothing else', async () => {
  // The newest chat is 20 seconds old, so the bookmark stays at the head.
  const bookmark = '2026-01-05T11:54:50Z';
  const world = await start({ ...account, chats: 600, newestAgeSeconds: 20 });
  const first = await world.run();
  expect(bookmarkOf(first.lastState, 'chats')).toMatchObject({ update_timestamp: bookmark });
  world.sandbox.account.late({ count: 2, at: startMs / 1000 - 200 });
  world.clock.set(startMs + hourMs);
  world.sandbox.account.edit({ count: 3 });
  world.sandbox.account.delete();
  world.sandbox.account.add({ count: 2 });

  const second = await world.run(first.lastState);

  const columns = columnsOf(first, 'chats');
  const changed = expectedColumns(world.sandbox, 'chats', columns).filter((chat) =>
    isUpdatedSince(chat, bookmark),
  );
  expect(changed.length).toBeGreaterThanOrEqual(8);
  expect(changed.length).toBeLessThan(30);
  expect(recordFaults('chats', second.records('chats'), changed)).toEqual([]);
  expect(unionFaults(world, [first, second])).toEqual([]);
  expect(second).toMatchObject({ code: 0, warnings: [] });
});

test('a run with nothing new repeats the second of the bookmark and proves in three requests that it is the end', async () => {
  const world = await start(account);
  const first = await world.run();
  world.clock.set(startMs + hourMs);
  world.sandbox.requests.length = 0;

  const second = await world.run(first.lastState);

  expect(second.code).toBe(0);
  expect(paged.map((stream) => second.records(stream).length)).toEqual([0, 0, 1, 1]);
  expect(second.lastState).toEqual(first.lastState);
  expect(requestsOf(world.sandbox, 'chats')).toBeLessThanOrEqual(1 + 3);
  expect(requestsOf(world.sandbox, 'agent_timeline')).toBeLessThanOrEqual(1 + 3);
});

test('incremental agents and bans bring only those with a higher id than the last', async () => {
  const world = await start(account);
  const first = await world.run();
  world.sandbox.account.put('agents', { id: 999_000_000_001, display_name: 'New' });
  world.sandbox.account.put('bans', { id: 99_000_001, type: 'visitor', visitor_id: 'v.1' });

  const second = await world.run(first.lastState);

  expect(second.records('agents').map(({ id }) => id)).toEqual([999_000_000_001]);
  expect(second.records('bans').map(({ id }) => id)).toEqual([99_000_001]);
});

test('a run that stopped behind one of its states is completed by the next one', async () => {
  const world = await start({
    ...account,
    ties: [{ at: 'middle', count: 25 }],
    timelineTies: 15,
    switches: clamped,
  });
  const first = await world.run();
  expect(first).toMatchObject({ code: 0, warnings: [] });
  expect(unionFaults(world, [first])).toEqual([]);
  expect(cutsOf(first).length).toBeGreaterThan(15);

  expect(await resumeFaults(world, first)).toEqual([]);
});

/** What changes in an account while nobody looks. */
function change({ sandbox, clock }: World): void {
  const beforeSeconds = clock.now() / 1000;
  clock.set(clock.now() + 10_000);
  // Delivered late, but within the five minutes that are read again.
  sandbox.account.late({ at: beforeSeconds - 200 });
  sandbox.account.edit({ count: 2 });
  sandbox.account.add();
  sandbox.account.delete();
}

test('what changes between two runs is in the second, or in the next when it is too young', async () => {
  const world = await start({ ...account, newestAgeSeconds: 20, switches: clamped });
  const first = await world.run();
  change(world);
  const second = await world.run(first.lastState);
  change(world);
  world.clock.set(world.clock.now() + hourMs);
  const third = await world.run(second.lastState);

  expect(unionFaults(world, [first, second, third])).toEqual([]);
});

test('a run that stopped behind one of its states is completed although everything changes meanwhile', async () => {
  const world = await start({ ...account, newestAgeSeconds: 20, switches: clamped }, exports);
  const first = await world.run();

  const faults: string[] = [];
  for (const { state, before } of chosenCuts(cutsOf(first))) {
    change(world);
    const second = await world.run(state);
    world.clock.set(world.clock.now() + hourMs);
    const third = await world.run(second.lastState);
    faults.push(...unionFaults(world, [before, second, third]));
  }

  expect(faults).toEqual([]);
});

const startIds = ['exclusive', 'inclusive', 'lookup'] as const;

test.each(startIds)(
  'chats edited and added during a run are in it or in the next one (start_id: %s)',
  async (startId) => {
    let isBusy = true;
    const world: World = await start(
      {
        ...account,
        ties: [{ at: 'middle', count: 45 }],
        switches: { ...clamped, startId },
        onRequest: ({ query }) => {
          if (!isBusy) return;
          const { start_id: asked } = query;
          world.clock.set(world.clock.now() + 1000);
          world.sandbox.account.edit(asked === undefined ? {} : { ids: [asked] });
          world.sandbox.account.add();
        },
      },
      exports,
    );
    const first = await world.run();
    isBusy = false;
    world.clock.set(world.clock.now() + hourMs);

    const second = await world.run(first.lastState);

    expect([first.code, second.code]).toEqual([0, 0]);
    expect(unionFaults(world, [first, second])).toEqual([]);
    expect(await resumeFaults(world, first)).toEqual([]);
  },
);

test('a chat edited after its page was read comes again in the same run', async () => {
  const world: World = await start(
    {
      ...account,
      chats: 5,
      onRequest: ({ number }) => {
        if (number === 2) world.sandbox.account.edit({ ids: [newest] });
      },
    },
    ['chats'],
  );
  const newest = world.sandbox.account.idAt('chats', 4);

  const result = await world.run();

  const versions = result.records('chats').filter(({ id }) => id === newest);
  expect(versions.map(({ update_timestamp: updated }) => updated)).toEqual([
    '2026-01-05T11:50:00Z',
    '2026-01-05T12:00:00Z',
  ]);
  expect(versions[1]).toMatchObject({ tags: ['edited', 'edit-1'] });
});

test.each(startIds)(
  'chats that vanish during a run take no others with them (start_id: %s)',
  async (startId) => {
    const world: World = await start(
      {
        ...account,
        ties: [{ at: 'middle', count: 45 }],
        switches: { ...clamped, startId, deletedChats: 'gone' },
        onRequest: ({ query }) => {
          const { start_id: asked } = query;
          if (asked !== undefined) world.sandbox.account.delete({ ids: [asked] });
        },
      },
      ['chats'],
    );

    const result = await world.run();

    const missing = unionFaults(world, [result]).filter((fault) => !fault.endsWith('is invented'));
    expect(world.sandbox.account.count('chats')).toBeLessThan(120);
    expect(result.code).toBe(0);
    expect(missing).toEqual([]);
  },
);

/** Each thing the API may do: alone, and nothing may be missing. */
const exportHabits: readonly (readonly [string, Partial<Switches>])[] = [
  ['start_id goes on behind an item', { startId: 'exclusive' }],
  ['start_id goes on at an item', { startId: 'inclusive' }],
  ['start_id goes on behind the place an item has now', { startId: 'lookup' }],
  ['start_id is ignored', { startId: 'ignored' }],
  ['no export has an end_id', { endIds: [] }],
  ['all exports have an end_id', { endIds: ['chats', 'agent_timeline'] }],
  ['every third page is empty', { emptyPages: { every: 3 } }],
  ['empty pages repeat the start_time asked for', { emptyPages: { every: 3, endTime: 'echo' } }],
  ['empty pages have the end_time zero', { emptyPages: { every: 3, endTime: 'zero' } }],
  ['a page in the middle is empty twice', { emptyPages: { atItem: 30, times: 2 } }],
  ['every third answer is the one before it once more', { repeatPage: { every: 3 } }],
  ['the last page has no end_time', { emptyEnd: 'null' }],
  ['the last page has the end_time zero', { emptyEnd: 'zero' }],
  ['every second page is short', { shortPages: { every: 2, size: 7 } }],
  ['every page is short', { shortPages: { size: 11 } }],
  ['there is no next_page', { envelope: { omit: ['next_page', 'count'] } }],
  ['there is no end_id', { envelope: { omit: ['end_id'] } }],
  ['there is no end_time, but a next_page', { envelope: { omit: ['end_time'] } }],
  ['timespans are sorted by their start', { timelineSort: 'start' }],
  ['the API holds back fourteen minutes', { minimumAgeSeconds: 840 }],
  ['the clock of the API is an hour ahead', { clockOffsetSeconds: 3600 }],
];

const listHabits: readonly (readonly [string, Partial<Switches>])[] = [
  ['the limit of bans is meant per array', { bansLimit: 'perArray' }],
  ['bans and agents come by fives', { bansMaxPage: 5, agentsMaxPage: 5 }],
  ['since_id is exclusive', { sinceId: 'exclusive' }],
  ['since_id gives the whole list each time', { sinceId: 'unpaged' }],
  ['since_id is ignored', { sinceId: 'ignored', bansMaxPage: 1000, agentsMaxPage: 1000 }],
  ['there are no paging headers', { pagingHeaders: false }],
  ['agents refuse the limit', { agentsLimitCeiling: 50 }],
];

const habits = [
  ...exportHabits.map(([title, switches]) => ({ title, switches, streams: exports })),
  ...listHabits.map(([title, switches]) => ({ title, switches, streams: lists })),
];

test.each(habits)(
  'everything is read, in one run and in two, though $title',
  async ({ switches, streams }) => {
    const world = await start(
      {
        ...account,
        chats: 60,
        timeline: 50,
        ties: [{ at: 'middle', count: 7 }],
        switches: { ...clamped, ...switches },
      },
      streams,
    );

    const first = await world.run();

    expect(first.stderr).not.toContain('CRITICAL');
    expect(first.code).toBe(0);
    expect(unionFaults(world, [first])).toEqual([]);
    expect(await resumeFaults(world, first)).toEqual([]);
  },
);

const tooMany = /: the API holds more records at one instant \(.*\) than a page can hold/;
const hidden = /: the API hides records after 2026-/;

/** Each thing the API may do that keeps data back: the run must not end green, and must say why. */
const hidings: readonly (readonly [string, SandboxOptions, RegExp])[] = [
  [
    'more chats of one second than a page holds, and start_id is ignored',
    { ties: [{ at: 'middle', count: 25 }], switches: { ...clamped, startId: 'ignored' } },
    tooMany,
  ],
  [
    'more chats of one second than a page holds, and there is no end_id',
    { ties: [{ at: 'middle', count: 25 }], switches: { ...clamped, endIds: [] } },
    tooMany,
  ],
  [
    'more timespans of one instant than a page holds',
    { timelineTies: 25, switches: clamped },
    tooMany,
  ],
  [
    'every second page is empty, whatever is asked',
    { switches: { ...clamped, emptyPages: { every: 2 } } },
    hidden,
  ],
  [
    'end_time and next_page are missing',
    { switches: { ...clamped, envelope: { omit: ['end_time', 'next_page'] } } },
    /: the API's page of 20 items has no end_time/,
  ],
  [
    'end_time is in the wrong unit',
    { switches: { ...clamped, envelope: { wrongUnit: true } } },
    /: the API's end_time \d+ is not in microseconds/,
  ],
  [
    'since_id is ignored and the list is longer than a page',
    { agents: 150, switches: { sinceId: 'ignored' } },
    /CRITICAL agents: the API ignores since_id/,
  ],
];

test.each(hidings)('a run ends with 1 and says so: %s', async (_title, options, message) => {
  const world = await start({ ...account, ...options });

  const result = await world.run();

  expect(result.stderr).toMatch(message);
  expect(result.code).toBe(1);
});

test.each([
  ['an empty page', true, hidden],
  ['a page that says nothing new', false, tooMany],
] as const)(
  'chats hidden behind %s are missed, and the run says so',
  async (_title, empty, message) => {
    const world = await start({ ...account, switches: clamped });
    const after = world.sandbox.account.timeAt('chats', 60);
    world.sandbox.setSwitches({ hidden: { resource: 'chats', after, empty } });

    const result = await world.run();

    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(1);
  },
);
