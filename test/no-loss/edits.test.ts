/** After changes during a run or between two runs, the next run makes a target equal to the account. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import type { HookRequest } from '../../src/sandbox/program/options.ts';
import type { Switches } from '../../src/sandbox/program/switches.ts';
import type { TapResult } from '../support/run-tap.ts';
import {
  addSpan,
  bookmarkSeconds,
  changeSomething,
  chatsOf,
  chatsSince,
  deleteChats,
  pass,
  secondsOf,
  staleness,
  withChanges,
  type ChangingOptions,
  type ChangingWorld,
} from './changing-account.ts';
import { createDice } from './dice.ts';
import { chosen } from './full-set.ts';

function idsOf(result: TapResult): readonly unknown[] {
  return result.records('chats').map(({ id }) => id);
}

/** No edits. The clock is ten minutes later, so that every item is old enough. */
async function settle(world: ChangingWorld, state: JsonObject): Promise<TapResult> {
  world.isBusy = false;
  pass(world, 600);
  return world.run(state);
}

type Chats = ReturnType<typeof chatsOf>;

/** The chats from the start of a requested page, in the order of their updates. */
function pageStart(world: ChangingWorld, { query }: HookRequest): Chats {
  return chatsOf(world).filter(({ seconds }) => seconds >= Number(query['start_time']));
}

/** The change of a chat: an edit, or it may disappear or be marked as deleted. */
type Touch = (world: ChangingWorld, ids: readonly string[]) => void;

interface Moment {
  readonly moment: string;
  /** The chats that are edited when a page is requested. */
  readonly picks: (world: ChangingWorld, request: HookRequest) => Chats;
}

const moments: readonly Moment[] = [
  {
    moment: 'the last chat of the page before',
    picks: (world, request) => pageStart(world, request).slice(0, 1),
  },
  {
    moment: 'the first chats of the requested page',
    picks: (world, request) => pageStart(world, request).slice(1, 3),
  },
  {
    moment: 'the last chats of the requested page',
    picks: (world, request) => pageStart(world, request).slice(18, 21),
  },
  { moment: 'chats that have been read', picks: (world) => chatsOf(world).slice(0, 2) },
  { moment: 'chats that are still to be read', picks: (world) => chatsOf(world).slice(-3, -1) },
  {
    moment: 'the chat that start_id names',
    picks: (world, { query }) => chatsOf(world).filter(({ id }) => id === query['start_id']),
  },
  {
    moment: 'all chats of the page before start_id',
    picks: (world, request) =>
      pageStart(world, request)
        .filter(({ id }) => id <= (request.query['start_id'] ?? ''))
        .filter(({ seconds }) => seconds === Number(request.query['start_time']))
        .slice(-20),
  },
];

const touches: readonly (readonly [name: string, touch: Touch, switches: Partial<Switches>])[] = [
  ['edited', ({ sandbox }, ids) => void sandbox.account.edit({ ids }), {}],
  ['marked as deleted', ({ sandbox }, ids) => void sandbox.account.delete({ ids }), {}],
  ['taken away without a trace', deleteChats, { deletedChats: 'gone' }],
];

const startIds = ['exclusive', 'inclusive', 'lookup'] as const;

const duringRuns = moments.flatMap(({ moment, picks }) =>
  touches.flatMap(([name, touch, switches]) =>
    startIds.flatMap((startId) =>
      [20, 7].map((maxPage) => ({ moment, picks, name, touch, startId, maxPage, switches })),
    ),
  ),
);

test.each(
  chosen(
    duringRuns,
    ({ moment, name, startId, maxPage }) =>
      maxPage === 20 &&
      (name === 'edited'
        ? moment === 'the last chat of the page before' ||
          (startId === 'lookup' && /start_id|last chats of the page/.test(moment))
        : /away/.test(name) && startId === 'lookup' && moment === 'the chat that start_id names'),
  ),
)(
  'While pages of $maxPage are read (start_id: $startId), this happens to $moment: $name. Nothing else is lost, and the next run reads everything',
  async ({ picks, touch, startId, maxPage, switches }) => {
    const options: ChangingOptions = {
      sandbox: { ties: [{ at: 'middle', count: 45 }] },
      switches: { startId, maxPage, ...switches },
      onRequest: (world, request) => {
        if (!request.path.endsWith('/chats')) return;
        pass(world, 1);
        const ids = picks(world, request).map(({ id }) => id);
        touch(world, ids);
      },
    };
    await withChanges(options, async (world) => {
      const first = await world.run();
      expect(first.code).toBe(0);
      const second = await settle(world, first.lastState);
      expect(second.code).toBe(0);
      expect(staleness(world, [first, second])).toEqual([]);
    });
  },
);

test.each(chosen(startIds, (startId) => startId === 'exclusive'))(
  'A chat that was just read and is edited so that the next page contains it again is written again, newest last (start_id: %s)',
  async (startId) => {
    const options: ChangingOptions = {
      switches: { startId, maxPage: 7 },
      // The edit gets a time in the settled part of the export. A page that was requested earlier has the older version.
      readAhead: 1,
      onRequest: (world, request) => {
        // Not while streams made from chats are read, because no run would write the chats in this version.
        if (request.query['fields'] !== 'chats(*)') return;
        const [last, next] = pageStart(world, request);
        if (last === undefined || next === undefined) return;
        world.sandbox.account.edit({ ids: [last.id], at: next.seconds });
      },
    };
    await withChanges(options, async (world) => {
      const result = await world.run();
      expect(result.code).toBe(0);
      expect(staleness(world, [result])).toEqual([]);
      expect(result.records('chats').length).toBeGreaterThan(120);
    });
  },
);

test('More chats than a page holds, edited at once during a run, are not lost silently if start_id is ignored and nothing follows them', async () => {
  const options: ChangingOptions = {
    sandbox: { newestAgeSeconds: 600 },
    switches: { startId: 'ignored', maxPage: 20 },
    onRequest: (world, { path }) => {
      if (!path.endsWith('/chats')) return;
      world.isBusy = false;
      world.sandbox.account.edit({ count: 25 });
    },
  };
  await withChanges(options, async (world) => {
    const first = await world.run();
    expect(first.code).toBe(0);
    const second = await settle(world, first.lastState);
    expect(staleness(world, [first, second])).not.toEqual([]);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/more records at one time/);
  });
});

/** A bit of everything, as it happens in ten minutes; the newest of it is younger than five. */
function tenBusyMinutes(world: ChangingWorld): void {
  const { sandbox } = world;
  sandbox.account.edit({ count: 6 });
  sandbox.account.delete({ count: 2 });
  sandbox.account.add({ count: 3 });
  sandbox.account.late({ count: 3, at: secondsOf(world) - 290 });
  addSpan(world, secondsOf(world) - 250);
  addSpan(world, secondsOf(world));
  pass(world, 600);
  sandbox.account.edit({ count: 3, at: secondsOf(world) - 100 });
  sandbox.account.add({ count: 2, at: secondsOf(world) - 5 });
  addSpan(world, secondsOf(world) - 50);
}

const betweenRuns = startIds.flatMap((startId) =>
  [20, 1000].map((maxPage) => ({ startId, maxPage })),
);

test.each(chosen(betweenRuns, ({ startId, maxPage }) => startId === 'exclusive' && maxPage === 20))(
  'The second run reads the changes since the first, and a third run without changes repeats only the last minutes (start_id: $startId, pages of $maxPage)',
  async ({ startId, maxPage }) => {
    await withChanges({ switches: { startId, maxPage } }, async (world) => {
      const first = await world.run();
      tenBusyMinutes(world);
      const second = await world.run(first.lastState);
      expect([first.code, second.code]).toEqual([0, 0]);
      expect(staleness(world, [first, second])).toEqual([]);
      const changed = chatsSince(world, bookmarkSeconds(first));
      expect(new Set(idsOf(second))).toEqual(new Set(changed));
      expect(changed.length).toBeLessThan(30);

      const third = await world.run(second.lastState);
      expect(third.code).toBe(0);
      expect(bookmarkSeconds(second)).toBe(secondsOf(world) - 310);
      expect(idsOf(third)).toEqual(chatsSince(world, secondsOf(world) - 310));
      expect(idsOf(third)).toHaveLength(5);
      expect(third.records('agent_timeline')).toHaveLength(1);
      expect(third.lastState).toEqual(second.lastState);
    });
  },
);

test.each(chosen(startIds, (startId) => startId === 'exclusive'))(
  'An item that is younger than five minutes and not on the last page is read by a later run (start_id: %s)',
  async (startId) => {
    await withChanges({ switches: { startId, maxPage: 3 } }, async (world) => {
      const first = await world.run();
      tenBusyMinutes(world);
      const second = await world.run(first.lastState);
      expect(staleness(world, [first, second])).not.toEqual([]);
      const third = await settle(world, second.lastState);
      expect([first, second, third].map(({ code }) => code)).toEqual([0, 0, 0]);
      expect(staleness(world, [first, second, third])).toEqual([]);
    });
  },
);

test.each(chosen(startIds, (startId) => startId === 'exclusive'))(
  'Ten chats that arrive half an hour late are found with lookback_minutes 60, and a run without changes repeats only that hour (start_id: %s)',
  async (startId) => {
    const options = { lookbackMinutes: 60, switches: { startId } };
    await withChanges(options, async (world) => {
      const first = await world.run();
      pass(world, 900);
      const late = world.sandbox.account.late({ count: 10, at: secondsOf(world) - 1800 });
      addSpan(world, secondsOf(world) - 1800);
      const second = await world.run(first.lastState);
      expect([first.code, second.code]).toEqual([0, 0]);
      expect(late).toHaveLength(10);
      expect(idsOf(second)).toEqual(expect.arrayContaining(late));
      expect(staleness(world, [first, second])).toEqual([]);

      const third = await world.run(second.lastState);
      const since = bookmarkSeconds(second) - 3600;
      expect(idsOf(third)).toEqual(chatsSince(world, since));
      expect(third.lastState).toEqual(second.lastState);
      expect(staleness(world, [third, first, second])).toEqual([]);
    });
  },
);

/**
 * Changes the account randomly between and during runs, and then stops the changes. With every
 * second seed the tap's machine is a day ahead.
 */
async function storm(seed: number): Promise<void> {
  const dice = createDice(seed);
  const busy = dice.between(10, 90);
  const options: ChangingOptions = {
    aheadSeconds: seed % 2 === 0 ? 86_400 : 0,
    sandbox: {
      seed,
      ties: dice.one([[], [{ at: 'middle', count: 45 }], [{ at: 'head', count: 30 }]]),
    },
    switches: {
      startId: dice.one(startIds),
      endIds: dice.one([['chats'], ['chats', 'agent_timeline']]),
      maxPage: dice.one([3, 7, 20, 50, 1000]),
      deletedChats: dice.one(['tombstone', 'gone']),
      emptyEnd: dice.one(['echo', 'null', 'zero']),
      shortPages: dice.one([null, null, { every: 2, size: 5 }]),
      timelineSort: dice.one(['end', 'start']),
    },
    onRequest: (world, { query }) => {
      if (dice.percent(busy)) changeSomething(world, dice, query['start_id']);
    },
  };
  await withChanges(options, async (world) => {
    const runs = [await world.run()];
    for (let count = dice.between(1, 4); count > 0; count -= 1) {
      changeSomething(world, dice, undefined);
      pass(world, dice.one([0, 10, 301, 600, 3600]));
      runs.push(await world.run(runs.at(-1)?.lastState));
    }
    runs.push(await settle(world, runs.at(-1)?.lastState ?? {}));
    expect(runs.map(({ code, stderr }) => (code === 0 ? '' : stderr)).join('')).toBe('');
    expect(staleness(world, runs)).toEqual([]);
    const bookmarks = runs.map((run) => bookmarkSeconds(run));
    expect(bookmarks).toEqual(bookmarks.toSorted((a, b) => a - b));
    expect(bookmarks.at(-1)).toBeLessThanOrEqual(secondsOf(world) - 310);
  });
}

const seeds = Array.from({ length: 120 }, (_, index) => index + 1);

test.each(chosen(seeds, (seed) => seed <= 3))(
  'After many changes during and between runs, a target is equal to the account (seed %i)',
  (seed) => storm(seed),
);
