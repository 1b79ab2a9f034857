/** What makes other readers loop, stop early, or end green with half of the data. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import type { Switches } from '../../src/sandbox/switches.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { runTap } from '../helpers/run-tap.ts';
import { tryEveryDeath } from './death-trial.ts';
import { createDeathWorld, runIn, type Ending } from './death-world.ts';
import { ignoresSinceId, noEndTime, tooMany, wrongUnit, type Habit } from './server-habits.ts';
import { contentFaults, contentsAfter, lastStateOf } from './union.ts';
import { chosen, tellFigures } from './whole-set.ts';

/** An account of two or three pages of a hundred chats, all of them old enough to be asked for. */
const large: SandboxOptions = {
  chats: 180,
  newestAgeSeconds: 600,
  history: { min: 1, max: 1 },
  ties: [],
  agents: 5,
  bans: { ip: 3, visitor: 2 },
  timeline: 20,
  timelineTies: 0,
};

const hundreds: Partial<Switches> = { maxPage: 100 };

const places = ['start', 'middle', 'head'] as const;
const counts = [150, 250] as const;
const startIds = ['exclusive', 'inclusive', 'lookup', 'ignored'] as const;

type At = (typeof places)[number];

function tieOf(at: At, count: number, name: string, more: Omit<Habit, 'title' | 'account'>): Habit {
  return {
    title: `${count} chats of one second at the ${at}, ${name}`,
    account: { ...large, chats: count + 30, ties: [{ at, count }] },
    ...more,
  };
}

const ties = places.flatMap((at) =>
  counts.flatMap((count) =>
    startIds.slice(0, 3).map((startId) => {
      const switches = { ...hundreds, startId };
      return tieOf(at, count, `start_id ${startId}`, { switches });
    }),
  ),
);

/**
 * Without an id that leads on, a second must fit into a page. That a page is full shows on a run's first one
 * only if it holds as many as were asked for.
 */
const noIds = [
  { count: 1500, name: 'start_id ignored', switches: { maxPage: 1000, startId: 'ignored' } },
  { count: 2500, name: 'start_id ignored', switches: { maxPage: 1000, startId: 'ignored' } },
  { count: 1500, name: 'no end_id', switches: { maxPage: 1000, endIds: [] } },
] as const;

const tiesWithoutId = places.flatMap((at) =>
  noIds.map(({ count, name, switches }) => tieOf(at, count, name, { switches, says: tooMany })),
);

const spans: SandboxOptions = { ...large, chats: 10, timelineTies: 150 };

function spanTieOf(title: string, startId: (typeof startIds)[number], hasIds: boolean): Habit {
  const endIds: Switches['endIds'] = hasIds ? ['chats', 'agent_timeline'] : ['chats'];
  return {
    title: `150 timespans of one microsecond, ${title}`,
    switches: { ...hundreds, startId, endIds },
    account: spans,
    ...(hasIds && startId !== 'ignored' ? {} : { says: tooMany }),
  };
}

const timelineTies = [
  ...startIds.map((startId) => spanTieOf(`start_id ${startId}`, startId, true)),
  spanTieOf('no end_id', 'exclusive', false),
];

/** A small account: what is asked for again and again would show in the number of requests. */
const small: SandboxOptions = {
  chats: 90,
  ties: [
    { at: 'start', count: 4 },
    { at: 'middle', count: 25 },
  ],
  timeline: 40,
  timelineTies: 0,
  agents: 30,
};

type Row = readonly [
  title: string,
  switches: Partial<Switches>,
  more?: Partial<Habit> & { readonly account?: SandboxOptions },
];

/** Four empty answers in a row to questions that differ are believed. */
const often = [
  [1, 'once'],
  [2, 'twice'],
  [3, 'three times'],
] as const;

const empties: readonly Row[] = often.flatMap(([times, word]) =>
  (['null', 'echo', 'zero'] as const).map((endTime): Row => {
    const title = `a page in the middle is empty ${word}, its end_time ${endTime}`;
    return [title, { emptyPages: { atItem: 70, times, endTime } }];
  }),
);

/** Where each item is a page: a run has as many requests, and states to go on from. */
const few: SandboxOptions = {
  ...small,
  chats: 40,
  ties: [
    { at: 'start', count: 4 },
    { at: 'middle', count: 11 },
  ],
  timeline: 20,
  agents: 12,
};

const shorts: readonly Row[] = [
  ['each page is short', { shortPages: { size: 3 } }],
  [
    'each page holds one item, also where no id leads on',
    { shortPages: { size: 1 } },
    { says: tooMany, account: few },
  ],
  ['every second page holds one item', { shortPages: { every: 2, size: 1 } }],
  [
    'each page holds one item, and each has an id',
    { maxPage: 1, endIds: ['chats', 'agent_timeline'] },
    { account: few },
  ],
  ['pages are clamped to 2', { maxPage: 2 }],
  ['pages are clamped to 7', { maxPage: 7 }],
];

const repeats: readonly Row[] = [
  ['every second answer is the one before it', { repeatPage: { every: 2 } }],
  ['every third answer is the one before it', { repeatPage: { every: 3 } }],
  ['every fourth answer is the one before it', { repeatPage: { every: 4 } }],
  ['every fifth answer is the one before it', { repeatPage: { every: 5 } }],
];

const others: readonly Row[] = [
  ['no page has an end_time, but a next_page', { envelope: { omit: ['end_time'] } }],
  [
    'one page has neither end_time nor next_page',
    { envelope: { every: 2, omit: ['end_time', 'next_page'] } },
    { says: noEndTime },
  ],
  [
    'one page has an end_time in the wrong unit',
    { envelope: { every: 2, wrongUnit: true } },
    { says: wrongUnit },
  ],
  ['since_id is ignored, and a page is full', { sinceId: 'ignored' }, { says: ignoresSinceId }],
  [
    'since_id is ignored, and the list is shorter than a page',
    { sinceId: 'ignored' },
    { account: { ...small, agents: 12, bans: { ip: 4, visitor: 5 } } },
  ],
  ['a start of less than ten minutes is refused', { minimumAgeSeconds: 600 }],
  ['a start of less than fourteen minutes is refused', { minimumAgeSeconds: 840 }],
];

function habitOf([title, switches, more = {}]: Row): Habit {
  return { title, switches, account: small, mostRequests: 900, ...more };
}

const all = [
  ...ties,
  ...tiesWithoutId,
  ...timelineTies,
  ...[...empties, ...shorts, ...repeats, ...others].map((row) => habitOf(row)),
];

/** In `npm test`: one of each kind. */
const lean = new Set([
  '150 chats of one second at the middle, start_id exclusive',
  '150 timespans of one microsecond, start_id exclusive',
  'a page in the middle is empty twice, its end_time null',
  'every third answer is the one before it',
]);

test.each(chosen(all, ({ title }) => lean.has(title)))(
  'nothing is missed, or it is said: $title',
  async (habit) => {
    const { faults, failures, ...figures } = await tryEveryDeath(habit);

    tellFigures({ title: habit.title, ...figures, failures });
    expect(faults).toEqual([]);
  },
);

test('a start_date in the future asks for nothing, and leaves no bookmark that would skip anything', async () => {
  const world = await createDeathWorld();

  await world.within(async (sandbox) => {
    const early = await runIn(sandbox, undefined, (input) =>
      runTap({ ...input, config: { ...sandbox.config, start_date: '2098-01-01' } }),
    );
    const asked = sandbox.requests.filter(({ path }) => path.includes('incremental'));
    const later = await runIn(sandbox, lastStateOf(early.story));
    expect([early.code, later.code]).toEqual([0, 0]);
    expect(early.stderr).toContain('INFO chats: nothing to read yet: start_date 2098-01-01');
    expect(asked).toEqual([]);
    expect(contentFaults(contentsAfter([early.story, later.story]), world.contents)).toEqual([]);
  });
});

const hourMs = 3_600_000;

test.each(chosen([...counts], (count) => count === 150))(
  '%i chats of one second within the last five minutes are complete after the next run',
  async (count) => {
    const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
    const young = {
      ...large,
      chats: count + 30,
      newestAgeSeconds: 200,
      ties: [{ at: 'head', count }] as const,
    };
    const world = await createDeathWorld(hundreds, {
      ...young,
      clock: clock.now,
      now: clock.now(),
    });

    await world.within(async (sandbox) => {
      const run = (state?: JsonObject): Promise<Ending> =>
        runIn(sandbox, state, (input) => runTap({ ...input, clock }));
      const first = await run();
      clock.set(clock.now() + hourMs);
      const second = await run(lastStateOf(first.story));
      expect([first.code, second.code]).toEqual([0, 0]);
      expect(contentFaults(contentsAfter([first.story, second.story]), world.contents)).toEqual([]);
    });
  },
);
