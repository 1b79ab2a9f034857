/** Everything the API may do that nobody has documented: one by one, and mixed by seed. */
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import type { Switches } from '../../src/sandbox/switches.ts';
import { seeded } from '../helpers/export-model.ts';

export interface Habit {
  readonly title: string;
  readonly switches: Partial<Switches>;
  /** What the account holds besides the usual. */
  readonly account: SandboxOptions;
  /** The run may end with 1, if it says one of `namedErrors`; left out: everything is complete. */
  readonly mayFail?: boolean;
  /** It must say this. */
  readonly says?: RegExp;
  /** More requests than this are a loop. Default 500. */
  readonly mostRequests?: number;
}

/** Bursts that fit into any page, for servers that do not lead on inside them. */
const smallBursts: SandboxOptions = {
  ties: [
    { at: 'start', count: 5 },
    { at: 'middle', count: 6 },
    { at: 220, count: 3 },
  ],
  timelineTies: 4,
};

/** Data that a server whose clock is an hour behind does not take for the future. */
const anHourOld: SandboxOptions = { newestAgeSeconds: 3700 };

export const tooMany =
  /: the API holds more records at one instant \(.*\) than a page can hold, and does not lead on inside it/;
export const noEndTime = /: the API's page of \d+ items has no end_time/;
export const wrongUnit = /: the API's end_time \d+ is not in (micro)?seconds/;
export const ignoresSinceId = /: the API ignores since_id and sends 20 items at most/;
export const hides = /: the API hides records after 20/;

function lacks({ envelope }: Partial<Switches>, key: 'end_time' | 'end_id'): boolean {
  const missing = new Set([...(envelope?.omit ?? []), ...(envelope?.nulls ?? [])]);
  return missing.has(key) && missing.has('next_page');
}

function cannotLeadOn(switches: Partial<Switches>): boolean {
  const { startId, endIds = ['chats'] } = switches;
  const hasNoId = !endIds.includes('chats') || lacks(switches, 'end_id');
  return startId === 'ignored' || hasNoId;
}

interface NamedError {
  readonly text: RegExp;
  readonly isDueTo: (switches: Partial<Switches>) => boolean;
}

/** The errors a run may end with, each only where the server gives reason to. */
const namedErrors: readonly NamedError[] = [
  { text: tooMany, isDueTo: cannotLeadOn },
  { text: noEndTime, isDueTo: (switches) => lacks(switches, 'end_time') },
  { text: wrongUnit, isDueTo: ({ envelope }) => envelope?.wrongUnit ?? false },
  { text: ignoresSinceId, isDueTo: ({ sinceId }) => sinceId === 'ignored' },
  {
    text: hides,
    isDueTo: ({ hidden = null, emptyPages = null }) =>
      hidden !== null || emptyPages?.every !== undefined,
  },
];

/** What streams failed with, one line each. */
export function failuresIn(stderr: string): readonly string[] {
  const lines = stderr.split('\n');
  return lines.filter(
    (line) => /^(?:ERROR|CRITICAL) /.test(line) && !/ streams failed \(/.test(line),
  );
}

/** Is this failure one that such a server gives reason to? */
export function isAllowed(failure: string, { switches, mayFail, says }: Habit): boolean {
  if (says?.test(failure) === true) return true;
  if (mayFail !== true) return false;
  return namedErrors.some(({ text, isDueTo }) => text.test(failure) && isDueTo(switches));
}

type Row = readonly [title: string, switches: Partial<Switches>, account?: SandboxOptions];

const harmless: readonly Row[] = [
  ['nothing special', {}],
  ['start_id goes on at an item', { startId: 'inclusive' }],
  ['start_id goes on behind the place an item has now', { startId: 'lookup' }],
  ['start_id is ignored', { startId: 'ignored' }, smallBursts],
  ['no export has an end_id', { endIds: [] }, smallBursts],
  ['all exports have an end_id', { endIds: ['chats', 'agent_timeline'] }, { timelineTies: 45 }],
  ['every fourth page is empty', { emptyPages: { every: 4 } }],
  ['empty pages repeat the start_time', { emptyPages: { every: 4, endTime: 'echo' } }],
  ['empty pages have the end_time zero', { emptyPages: { every: 4, endTime: 'zero' } }],
  ['a page in the middle is empty once', { emptyPages: { atItem: 50 } }],
  ['a page in the middle is empty twice', { emptyPages: { atItem: 50, times: 2 } }],
  ['a page among ties is empty once', { emptyPages: { atItem: 150, endTime: 'zero' } }],
  ['every fifth answer is the one before it', { repeatPage: { every: 5 } }],
  ['the last page has no end_time', { emptyEnd: 'null' }],
  ['the last page has the end_time zero', { emptyEnd: 'zero' }],
  ['every second page is short', { shortPages: { every: 2, size: 7 } }],
  ['every page is short', { shortPages: { size: 11 } }],
  ['pages hold 9 items, whatever is asked for', { maxPage: 9, agentsMaxPage: 9, bansMaxPage: 9 }],
  ['pages hold 1,000 items', { maxPage: 1000, agentsMaxPage: 1000, bansMaxPage: 1000 }],
  ['there is no next_page and no count', { envelope: { omit: ['next_page', 'count'] } }],
  ['there is no end_id, but a next_page', { envelope: { omit: ['end_id'] } }],
  ['there is no end_time, but a next_page', { envelope: { omit: ['end_time'] } }],
  ['end_time and end_id are null', { envelope: { nulls: ['end_time', 'end_id'] } }],
  ['no id leads on', { envelope: { omit: ['end_id', 'next_page'] } }, smallBursts],
  ['timespans are sorted by their start', { timelineSort: 'start' }],
  ['the API holds back fourteen minutes', { minimumAgeSeconds: 840 }],
  ['the clock of the API is an hour ahead', { clockOffsetSeconds: 3600 }],
  ['the clock of the API is an hour behind', { clockOffsetSeconds: -3600 }, anHourOld],
  ['the limit of bans is meant per array', { bansLimit: 'perArray' }],
  ['bans and agents come by sevens', { bansMaxPage: 7, agentsMaxPage: 7 }],
  ['since_id is exclusive', { sinceId: 'exclusive' }],
  ['since_id gives the whole list each time', { sinceId: 'unpaged' }],
  ['there are no paging headers', { pagingHeaders: false }],
];

const failing: readonly (readonly [...Row, says: RegExp])[] = [
  ['start_id is ignored among ties', { startId: 'ignored' }, {}, tooMany],
  ['ties have no end_id', { endIds: [] }, {}, tooMany],
  ['ties have no id that leads on', { envelope: { omit: ['end_id', 'next_page'] } }, {}, tooMany],
  ['timespans tie beyond a page', {}, { timelineTies: 25 }, tooMany],
  ['every second page is empty', { emptyPages: { every: 2 } }, {}, hides],
  ['no position is told', { envelope: { omit: ['end_time', 'next_page'] } }, {}, noEndTime],
  ['end_time is in the wrong unit', { envelope: { wrongUnit: true } }, {}, wrongUnit],
  ['since_id is ignored', { sinceId: 'ignored' }, {}, ignoresSinceId],
];

/** Each switch alone; `harmless[0]` is none of them. */
export const singleHabits: readonly Habit[] = [
  ...harmless.map(([title, switches, account = {}]) => ({ title, switches, account })),
  ...failing.map(([title, switches, account = {}, says]) => ({ title, switches, account, says })),
];

/** What each switch may be set to in a mixture; the first is what it is by default. */
const choices: readonly (readonly Partial<Switches>[])[] = [
  [{}, { startId: 'inclusive' }, { startId: 'lookup' }, { startId: 'ignored' }],
  [{}, { endIds: [] }, { endIds: ['chats', 'agent_timeline'] }],
  [
    {},
    { emptyPages: { every: 4 } },
    { emptyPages: { every: 5, endTime: 'zero' } },
    { emptyPages: { atItem: 50, times: 2, endTime: 'echo' } },
  ],
  [{}, { emptyEnd: 'null' }, { emptyEnd: 'zero' }],
  [{}, { shortPages: { every: 2, size: 7 } }, { shortPages: { size: 11 } }],
  [{}, { maxPage: 9 }, { maxPage: 33 }],
  [
    {},
    { envelope: { omit: ['next_page', 'count'] } },
    { envelope: { omit: ['end_id'] } },
    { envelope: { nulls: ['end_time'] } },
  ],
  [{}, { timelineSort: 'start' }],
  [{}, { minimumAgeSeconds: 840 }, { clockOffsetSeconds: 3600 }],
  [{}, { bansLimit: 'perArray' }],
  // Where since_id is ignored, a page that is clamped cannot be told from a list that is as short.
  [
    {},
    { bansMaxPage: 7, agentsMaxPage: 7 },
    { sinceId: 'exclusive', bansMaxPage: 7, agentsMaxPage: 7 },
    { sinceId: 'exclusive' },
    { sinceId: 'unpaged' },
    { sinceId: 'ignored' },
  ],
];

/** About half of the switches away from their default, the same ones for the same seed. */
function mixture(seed: number): Habit {
  const random = seeded(seed * 7919);
  const pick = (values: readonly Partial<Switches>[]): Partial<Switches> =>
    (random() < 0.5 ? values[Math.floor(random() * values.length)] : undefined) ?? {};
  const parts = choices.map((values) => pick(values));
  const switches: Partial<Switches> = Object.assign({}, ...parts);
  const account = random() < 0.5 ? {} : smallBursts;
  const bursts = account === smallBursts ? 'small bursts' : 'large bursts';
  return {
    title: `${bursts} and ${JSON.stringify(switches)}`,
    switches,
    account,
    mayFail: true,
  };
}

export const mixtures: readonly Habit[] = Array.from({ length: 30 }, (_, index) =>
  mixture(index + 1),
);
