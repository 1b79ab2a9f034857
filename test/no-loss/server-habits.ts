/** Undocumented behavior that the API may have, one case each. edits.test.ts mixes the cases by seed. */
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { exportNames } from '../../src/sandbox/data/resources.ts';
import type { Switches } from '../../src/sandbox/program/switches.ts';

export interface Habit {
  readonly title: string;
  readonly switches: Partial<Switches>;
  /** Additional content of the account. */
  readonly account: SandboxOptions;
  readonly config?: object;
  /** Tried in `npm test`, too. */
  readonly isLean?: boolean;
  /** The run must end with 1 and this error. Default: everything is complete. */
  readonly says?: RegExp;
  /** More requests than this are a loop. Default 500. */
  readonly mostRequests?: number;
}

/** Bursts that fit into any page, for servers that do not lead on inside them. */
const smallBursts: SandboxOptions = {
  ties: [
    { at: 'start', count: 3 },
    { at: 'middle', count: 4 },
    { at: 45, count: 2 },
  ],
  timelineTies: 3,
};

/** Data that is not in the future for a server whose clock is one hour slow. */
const anHourOld: SandboxOptions = { newestAgeSeconds: 3700 };

const tooMany =
  /: the API has more records at one time \(.*\) than fit in a page, and does not return the rest of them/;
const noEndTime = /: the API's page of \d+ items has no end_time/;
const wrongUnit = /: the API's end_time \d+ is not in (micro)?seconds/;
const ignoresSinceId = /: the API ignores since_id and sends at most 10 items/;
const hides = /: the API hides records after 20/;

/** The errors of streams, without lines with counts or with several streams. */
export function failuresIn(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => /^(?:ERROR|CRITICAL) /.test(line));
  return lines.filter(
    (line) => !/ streams failed \(/.test(line) && !/^ERROR \w+: failed, [^:]+$/.test(line),
  );
}

type Row = readonly [title: string, switches: Partial<Switches>, account?: SandboxOptions];
type FailingRow = readonly [...Required<Row>, says: RegExp];

const harmless: readonly Row[] = [
  ['nothing special', {}],
  ['start_id goes on at an item', { startId: 'inclusive' }],
  ['start_id goes on behind the place an item has now', { startId: 'lookup' }],
  ['start_id is ignored', { startId: 'ignored' }, smallBursts],
  ['no export has an end_id', { endIds: [] }, smallBursts],
  ['all exports have an end_id', { endIds: exportNames }, { timelineTies: 23 }],
  ['every fourth page is empty', { emptyPages: { every: 4 } }],
  ['a page in the middle is empty twice', { emptyPages: { atItem: 12, times: 2 } }],
  ['every third answer is the one before it', { repeatPage: { every: 3 } }],
  ['the last page has the end_time zero', { emptyEnd: 'zero' }],
  ['every page is short', { shortPages: { size: 6 } }],
  ['pages have 6 items, regardless of limit', { maxPage: 6, agentsMaxPage: 6, bansMaxPage: 6 }],
  ['there is no next_page and no count', { envelope: { omit: ['next_page', 'count'] } }],
  ['there is no end_time, but a next_page', { envelope: { omit: ['end_time'] } }],
  ['end_time and end_id are null', { envelope: { nulls: ['end_time', 'end_id'] } }],
  ['no id leads on', { envelope: { omit: ['end_id', 'next_page'] } }, smallBursts],
  ['timespans are sorted by their start', { timelineSort: 'start' }],
  ['the clock of the API is an hour ahead', { clockOffsetSeconds: 3600 }],
  ['the clock of the API is an hour behind', { clockOffsetSeconds: -3600 }, anHourOld],
  ['the limit of bans is meant per array', { bansLimit: 'perArray' }],
  ['bans and agents come by threes', { bansMaxPage: 3, agentsMaxPage: 3 }],
  ['agents refuse the limit', { agentsLimitCeiling: 5 }],
  ['since_id is exclusive', { sinceId: 'exclusive' }],
  ['since_id gives the whole list each time', { sinceId: 'unpaged' }],
  [
    'since_id is ignored, and the list is shorter than a page',
    { sinceId: 'ignored' },
    { agents: 6, bans: { ip: 4, visitor: 3 } },
  ],
];

const failing: readonly FailingRow[] = [
  ['start_id is ignored among ties', { startId: 'ignored' }, {}, tooMany],
  [
    'start_id is ignored among ties, and nothing follows them',
    { startId: 'ignored' },
    { newestAgeSeconds: 600, chats: 30, ties: [{ at: 'head', count: 25 }] },
    tooMany,
  ],
  ['ties have no end_id', { endIds: [] }, {}, tooMany],
  ['ties have no id that leads on', { envelope: { omit: ['end_id', 'next_page'] } }, {}, tooMany],
  ['timespans tie beyond a page', {}, { timelineTies: 13 }, tooMany],
  ['every second page is empty', { maxPage: 20, emptyPages: { every: 2 } }, { chats: 90 }, hides],
  ['no position is sent', { envelope: { omit: ['end_time', 'next_page'] } }, {}, noEndTime],
  ['end_time is in the wrong unit', { envelope: { wrongUnit: true } }, {}, wrongUnit],
  ['since_id is ignored', { sinceId: 'ignored' }, {}, ignoresSinceId],
];

/** Cases that take too long for `npm test` and are similar to one above. */
const more: readonly Row[] = [
  ...[1, 2, 3].flatMap((times) =>
    (['null', 'echo', 'zero'] as const).map((endTime): Row => {
      const title = `a page in the middle is empty ${times} times, its end_time ${endTime}`;
      return [title, { emptyPages: { atItem: 25, times, endTime } }];
    }),
  ),
  ...(['exclusive', 'inclusive', 'lookup'] as const).flatMap((startId) =>
    (['start', 'middle', 'head'] as const).map((at): Row => {
      const title = `25 chats of one second at the ${at}, start_id ${startId}`;
      return [title, { startId }, { newestAgeSeconds: 600, chats: 30, ties: [{ at, count: 25 }] }];
    }),
  ),
  ...[2, 4, 5].map((every): Row => {
    return [`of ${every} answers one is the one before it`, { repeatPage: { every } }];
  }),
  ['empty pages repeat the start_time', { emptyPages: { every: 4, endTime: 'echo' } }],
  ['empty pages have the end_time zero', { emptyPages: { every: 4, endTime: 'zero' } }],
  ['a page in the middle is empty once', { emptyPages: { atItem: 12 } }],
  ['the last page has no end_time', { emptyEnd: 'null' }],
  ['every second page is short', { shortPages: { every: 2, size: 4 } }],
  ['there is no end_id, but a next_page', { envelope: { omit: ['end_id'] } }],
  ['pages hold 1,000 items', { maxPage: 1000, agentsMaxPage: 1000, bansMaxPage: 1000 }],
  ['the API holds back fourteen minutes', { minimumAgeSeconds: 840 }],
  ['a page among ties is empty once', { emptyPages: { atItem: 30, endTime: 'zero' } }],
  ['every second page holds one item', { shortPages: { every: 2, size: 1 } }],
  ['each page holds one item, and each has an id', { maxPage: 1, endIds: exportNames }],
  ['a start of less than ten minutes is refused', { minimumAgeSeconds: 600 }],
];

/** Without a usable id, the items of a second must fit into a page, also if nothing follows and a run resumes there. */
const tiesWithoutId = (['start', 'middle', 'head'] as const).flatMap((at) =>
  [15, 25].flatMap((count) =>
    [{ startId: 'ignored' } as const, { endIds: [] }].map((switches): FailingRow => {
      const account = { newestAgeSeconds: 600, chats: count + 5, ties: [{ at, count }] };
      const title = `${count} chats of one second at the ${at} and ${JSON.stringify(switches)}`;
      return [title, switches, account, tooMany];
    }),
  ),
);

const moreFailing: readonly FailingRow[] = [
  ['each page holds one item, also where no id leads on', { shortPages: { size: 1 } }, {}, tooMany],
  [
    'one page has neither end_time nor next_page',
    { envelope: { every: 2, omit: ['end_time', 'next_page'] } },
    {},
    noEndTime,
  ],
  ['one page is in the wrong unit', { envelope: { every: 2, wrongUnit: true } }, {}, wrongUnit],
];

function habitOf([title, switches, account = {}]: Row, says?: RegExp): Habit {
  // Which request gets the response to another one is not defined if several are in flight. The model of exports
  // (test/unit/zendesk/export/model.test.ts) tests reading ahead with such a server.
  const config = switches.repeatPage === undefined ? {} : { read_ahead: 1 };
  const failure = says === undefined ? {} : { says };
  return { title, switches, account, config, mostRequests: 900, ...failure };
}

/** Each switch alone. The first case has no switch. */
export const habits: readonly Habit[] = [
  ...[
    ...harmless.map((row) => habitOf(row)),
    ...failing.map(([title, switches, account, says]) => habitOf([title, switches, account], says)),
  ].map((habit) => Object.assign(habit, { isLean: true })),
  ...more.map((row) => habitOf(row)),
  ...[...tiesWithoutId, ...moreFailing].map(([title, switches, account, says]) =>
    habitOf([title, switches, account], says),
  ),
];
