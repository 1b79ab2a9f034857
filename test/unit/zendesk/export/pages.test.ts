import { test } from '@jest/globals';

import { HttpError } from '../../../../src/core/errors.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import { microseconds, seconds } from '../../../../src/zendesk/export/bookmark.ts';
import { exportPages, type ExportSpec } from '../../../../src/zendesk/export/pages.ts';
import { expect } from '../../../support/readable.ts';
import {
  now,
  readAll,
  scriptedApi,
  type Answer,
  type ReadingOptions,
} from '../../../support/scripted-api.ts';

/** 2026-01-05T00:00:00Z in seconds; the tests count from here. */
const t0 = Date.UTC(2026, 0, 5) / 1000;
const iso = (second: number): string =>
  new Date((t0 + second) * 1000).toISOString().replace('.000Z', 'Z');

const version = (item: JsonObject): string => JSON.stringify([item['id'], item['at']]);
const spec: ExportSpec = {
  name: 'chats',
  path: 'incremental/chats',
  unit: seconds,
  replicationKey: 'at',
  foreignTimeKeys: [
    ['chat.end_timestamp', 'offline_msg.timestamp'],
    ['chats-incremental.end_time'],
  ],
  foreignBookmarkKeys: ['offset'],
  requiredFields: ['id', 'at'],
  identify: version,
};
const chats = exportPages(spec);

/** `'b3'`: the chat b, updated at second 3. */
const chat = (text: string): JsonObject => ({ id: text[0] ?? '', at: iso(Number(text.slice(1))) });

/** A page of chats, its end that of the last one. */
function page(...texts: string[]): JsonObject {
  const items = texts.map((text) => chat(text));
  const last = texts.at(-1) ?? '';
  const count = items.length;
  if (count === 0) return { chats: [], count: 0, end_time: null, end_id: null, next_page: null };
  return { chats: items, count, end_time: t0 + Number(last.slice(1)), end_id: last[0] ?? '' };
}
const empty = page();
/** An empty export: an empty page counts if it is repeated and nothing is beyond it. */
const nothing = [empty, empty, empty, empty];

/** A full page of different chats with the same second. */
function fullPage(second: number, from = 0): JsonObject {
  const items = Array.from({ length: 1000 }, (_, index) => ({
    id: `x${from + index}`,
    at: iso(second),
  }));
  return { chats: items, count: 1000, end_time: t0 + second, end_id: `x${from + 999}` };
}

const own = (second: number, endId: string | null = null): JsonObject => ({
  at: iso(second),
  position: { end_time: t0 + second, end_id: endId },
});
const start = { hasStartDate: true, startDateMs: t0 * 1000 };
const refused = (status: number, serverTimeMs = now): HttpError =>
  new HttpError('refused', { kind: 'system', failure: 'status', path: '/x', status, serverTimeMs });
const throwing = (error: HttpError) => (): never => {
  throw error;
};

const textOf = (item: JsonObject): string => {
  const { id, at } = item as { id: string; at: string | number };
  return `${id}${(typeof at === 'number' ? at : Date.parse(at) / 1000) - t0}`;
};
const chatsIn = (text: string): string[] => text.split(' ').filter(Boolean);

/** The rest of the ties of a full page. */
const rest = page('y5');

interface Case extends Partial<Omit<ReadingOptions, 'api'>> {
  /** A text is a page of these chats. */
  readonly script: readonly Answer[];
  /** The chats that were emitted, as in the script, or how many. */
  readonly emits?: string | number;
  /** Second and `start_id` of each request; `...` stands for further ones. */
  readonly asks?: readonly string[];
  readonly bookmarks?: readonly (JsonObject | undefined)[];
}

/** Runs a case; without a bookmark it starts at second 0. */
async function expectReading({ script, emits, asks, bookmarks, ...options }: Case): Promise<void> {
  const settings = options.bookmark === undefined ? start : {};
  const api = scriptedApi(
    script.map((one) => (typeof one === 'string' ? page(...chatsIn(one)) : one)),
  );
  const { pages, queries, checkpoints } = await readAll(chats, { api, settings, ...options });
  if (emits !== undefined) {
    const items = pages.flatMap((one) => one.items);
    expect(typeof emits === 'number' ? items.length : items.map(textOf).join(' ')).toBe(emits);
  }
  if (bookmarks !== undefined) expect(checkpoints).toEqual(bookmarks);
  const asked = queries.map(({ start_time: time, start_id: id }) =>
    [Number(time) - t0, id ?? []].flat().join(' '),
  );
  const isOpen = asks?.at(-1) === '...';
  if (asks !== undefined) {
    expect(isOpen ? [...asked.slice(0, asks.length - 1), '...'] : asked).toEqual(asks);
  }
}

test('a stream without a bookmark starts at start_date with all fields and full pages', async () => {
  const api = scriptedApi(nothing);
  const { queries } = await readAll(chats, { api, settings: start });
  expect(queries[0]).toEqual({ fields: 'chats(*)', limit: 1000, start_time: t0 });
});

const whole: Answer = ({ start_time: time, start_id: id }) =>
  time === t0 + 1 && id === undefined ? page('a1', 'b1') : empty;
const zero = { chats: [], count: 0, end_time: 0, end_id: null };

test('a stream with items without an id ends', async () => {
  const keyless = { chats: [{ at: iso(1) }], count: 1, end_time: t0 + 1, end_id: null };
  const source = exportPages({ ...spec, identify: (item) => JSON.stringify(item) });
  const { pages } = await readAll(source, {
    api: scriptedApi([keyless, keyless, empty, empty]),
    settings: start,
  });
  expect(pages.flatMap(({ items }) => items)).toEqual([{ at: iso(1) }]);
});

// Rule 1: the position.

test.each([
  [
    'no list',
    { count: 0 },
    /an object with "count", but an object with the array of objects "chats" was expected/,
  ],
  [
    'a list without objects',
    { chats: ['a'], end_time: t0 },
    /"chats" is an array that contains a string/,
  ],
  ['items without a position', { chats: [chat('a1')], count: 1 }, /no end_time/],
  ['an end before the start', { chats: [chat('a1')], end_time: t0 - 1 }, /is before the requested/],
  ['microseconds for seconds', { chats: [chat('a1')], end_time: t0 * 1e6 }, /not in seconds/],
])('a page with %s is an error, not an end', async (_, body, message) => {
  const reading = readAll(chats, { api: scriptedApi([body]), settings: start });
  await expect(reading).rejects.toThrow(message);
});

test('missing keys of the envelope are read from next_page, but never its host, fields or limit', async () => {
  const next =
    'https://evil.example/x?fields=chats(id)&limit=1&start_id=a&start_time=' + String(t0 + 1);
  const linked = { chats: [chat('a1')], count: 1, next_page: next };
  const api = scriptedApi([linked, linked, empty, empty]);
  const { queries, checkpoints } = await readAll(chats, { api, settings: start });
  expect(checkpoints[0]).toEqual(own(1));
  expect(queries[2]).toEqual({
    fields: 'chats(*)',
    limit: 1000,
    start_time: t0 + 1,
    start_id: 'a',
  });
});

// Rule 2: the head.

const head = now / 1000 - 310;
const atHead = (offset: number): string => iso(head + offset - t0);
const late = (offset: number): JsonObject => ({ ...page('a0'), end_time: head + offset });
const times = [0, 1, 2, 3].map((second) => ({ id: `n${second}`, at: t0 + second }));

test('with a clock that is ahead of the server, no request starts later than the server accepts', async () => {
  const api = scriptedApi([late(0)], { serverTimeMs: now - 600_000 });
  const { checkpoints } = await readAll(chats, { api, settings: start });
  expect(checkpoints).toEqual([own(head - t0 - 600)]);
});

// Rule 4 and 5: ties, and the proof of the end.

/** The responses at the end of an export whose server ignores start_id: all its items have the requested time. */
const ignored = (...texts: string[]): JsonObject[] => [
  ...Array<JsonObject>(3).fill(page(...texts)),
  empty,
  empty,
];
const tail = page('y5', 'z6');
const before = { ...page('z6'), chats: [{ id: 'x999', at: iso(5) }, chat('z6')] };
const again = [empty, empty];
const lostTies = (answer: Answer): Case => ({
  script: [fullPage(5), answer, answer, answer, rest, empty, empty],
  bookmark: own(5),
  emits: 1001,
  asks: ['5', '5 x999', '5 x998', '5 x997', '5 x995', '...'],
});

test.each<[string, JsonObject[], RegExp]>([
  [
    'a server that ignores start_id causes an error, not a loop and not a success',
    Array<JsonObject>(9).fill(fullPage(5)),
    /more records at one time/,
  ],
  [
    'a server that clamps the limit and ignores start_id causes an error, too',
    [page('d1', 'e2', 'f3'), ...Array<JsonObject>(9).fill(page('a4', 'b4', 'c4'))],
    /more records at one time/,
  ],
  [
    'a server that clamps the limit and ignores start_id causes an error even if nothing follows the ties',
    [...ignored('a4', 'b4', 'c4'), ...Array<JsonObject>(9).fill(page('d1', 'a4', 'b4'))],
    /more records at one time/,
  ],
  [
    'records hidden behind empty pages cause an error that names the position',
    [page('a1'), ...again, page('b9'), ...again, ...again, ...again],
    /hides records after 2026-01-05T00:00:01Z/,
  ],
])('%s', async (_, script, message) => {
  const reading = readAll(chats, { api: scriptedApi(script), settings: start });
  await expect(reading).rejects.toThrow(message);
});

// Rule 6: resuming.

test.each<[string, JsonObject]>([
  ['Airbyte 1.0, ISO text', { at: iso(1000) }],
  ['Airbyte 1.2, seconds as text', { at: String(t0 + 1000) }],
  ['Airbyte 1.1, milliseconds as text', { at: `${t0 + 1000}000` }],
  ['microseconds as text', { at: `${t0 + 1000}000000` }],
  ['an offset', { at: '2026-01-05T01:16:40+01:00' }],
  ['a stale position', { ...own(900), at: iso(1000) }],
  ['a number', { at: t0 + 1000 }],
  [
    'the Singer tap, the older of two',
    { 'chat.end_timestamp': iso(2000), 'offline_msg.timestamp': iso(1000) },
  ],
  ['the fork that reads the export', { 'chats-incremental.end_time': t0 + 1000 }],
  [
    'Airbyte, slices',
    {
      state_type: 'date-range',
      slices: [
        { start: iso(0), end: iso(800) },
        { start: iso(800), end: iso(1000) },
        { start: iso(5000), end: iso(6000) },
      ],
    },
  ],
])('a bookmark of another tap (%s) is read from 310 s before it', async (_, bookmark) => {
  const api = scriptedApi(nothing);
  const { queries } = await readAll(chats, { api, bookmark });
  expect(queries[0]).toMatchObject({ start_time: t0 + 690 });
});

test.each<[string, JsonObject]>([
  ['nothing', {}],
  ['nulls', { at: null, position: null }],
  ['an empty object where a time was meant', { 'chat.end_timestamp': {}, offset: {} }],
  [
    'chats read, offline messages never',
    { 'chat.end_timestamp': iso(5), 'offline_msg.timestamp': {} },
  ],
  ['a marker of Airbyte', { __ab_full_refresh_sync_complete: true }],
])('a bookmark that holds %s reads from start_date', async (_, bookmark) => {
  const api = scriptedApi(nothing);
  const { queries, checkpoints } = await readAll(chats, { api, bookmark, settings: start });
  expect(queries[0]).toMatchObject({ start_time: t0 });
  expect(checkpoints).toEqual([undefined]);
});

test.each<[string, JsonObject]>([
  ['a word', { at: 'yesterday' }],
  ['a truth', { at: true }],
  ['18 digits', { at: '176757120000000000' }],
  ['another key', { since: 5 }],
  ['broken slices', { slices: [5] }],
])('a bookmark that holds %s is an error before any request', async (_, bookmark) => {
  const api = scriptedApi([]);
  await expect(readAll(chats, { api, bookmark })).rejects.toThrow(/is invalid/);
  expect(api.asked).toEqual([]);
});

// Rule 7: recent starts.

test.each([
  ['in the future', 3600, 1],
  ['within the five minutes', 310, 0],
])('a bookmark %s makes no request and stays', async (_, offset, warnings) => {
  const bookmark = { at: atHead(offset) };
  const reading = await readAll(chats, { api: scriptedApi([]), bookmark });
  expect(reading.queries).toEqual([]);
  expect(reading.checkpoints).toEqual([undefined]);
  expect(reading.warnings).toHaveLength(warnings);
});

const lostBookmark = (answer: Answer): Case => ({
  script: [answer, page('a5', 'b5'), page('a5', 'b5'), empty, page('b5'), empty, empty],
  bookmark: own(5, 'x'),
  emits: 'a5 b5',
  asks: ['5 x', '5', '...'],
  // Never lower than it was read.
  bookmarks: [undefined, undefined],
});
const lookback = { ...start, lookback_minutes: 1 };

const cases: Readonly<Record<string, Case>> = {
  // Rule 1: the position, and pages that are not the end.

  'the bookmark is the server position, not the largest time of a record': {
    script: [{ ...page('a1', 'b2'), end_time: t0 + 3 }, ...Array<Answer>(9).fill('')],
    bookmarks: [own(3), undefined],
  },
  'a chat on two consecutive pages is emitted once': {
    script: ['a1 b2', 'b2 c3', 'c3', '', ''],
    emits: 'a1 b2 c3',
    asks: ['0', '2', '3', '3 c', '4'],
  },
  'a chat that was edited between two pages is emitted again, newest last': {
    script: ['a1 b2', 'b2 a3', 'a3', '', ''],
    emits: 'a1 b2 a3',
  },
  'an old version that a server repeats does not overwrite the newer one': {
    script: ['a1 a2', 'a1 a2', '', ''],
    emits: 'a1 a2',
  },
  'an old version that is repeated after the next page does not overwrite the newer one': {
    script: ['a1 b2', 'b2 a3', 'a1 a3 c4', 'c4', '', ''],
    emits: 'a1 b2 a3 c4',
  },
  'a short page does not count as the end': {
    script: ['a1', 'a1 b2', 'b2', '', ''],
    emits: 'a1 b2',
  },
  'an empty page in the middle does not count as the end and does not change the position': {
    script: ['a1', '', 'b2', 'b2', 'b2', '', ''],
    emits: 'a1 b2',
    asks: ['0', '1', '1 a', '...'],
  },
  'an empty page at a position with items counts only if it is repeated': {
    script: ['a1', '', '', '', ...Array<Answer>(9).fill(whole)],
    emits: 'a1 b1',
  },
  'an empty page beyond counts only if it is repeated, if start_id leads nowhere': {
    script: ['a1 b2', 'b2', 'b2', '', 'c3', 'b2 c3', 'c3', '', ''],
    emits: 'a1 b2 c3',
    asks: ['0', '2', '2 b', '3', '3', '...'],
  },
  'an empty page with a zero end_time does not send the stream back to 1970': {
    script: ['a1', zero, zero, zero, zero, zero, zero],
    asks: ['0', '1', '1 a', '2', '1', '1 a', '2'],
    bookmarks: [own(1), undefined],
  },
  'a run without new items needs three requests more than its page and does not change the bookmark':
    {
      script: ['a1', 'a1', '', ''],
      bookmark: own(1),
      emits: 'a1',
      asks: ['1', '1', '1 a', '2'],
      bookmarks: [own(1), undefined],
    },

  // Rule 2: the head.

  'a fraction of a second in end_time never skips the rest of that second': {
    script: [{ ...page('a1'), end_time: t0 + 1.9 }, 'a1', '', ''],
    bookmarks: [own(1), undefined],
  },
  'items that arrive late are read again, because no bookmark is later than the head': {
    script: [late(100)],
    emits: 'a0',
    asks: ['0'],
    bookmarks: [own(head - t0)],
  },
  'end_date is inclusive, is the newest bookmark, and later items are not emitted': {
    script: ['a1 b2 c3'],
    settings: { ...start, endDateMs: (t0 + 2) * 1000 },
    emits: 'a1 b2',
    bookmarks: [own(2)],
  },
  'end_date also applies to times that are integers': {
    script: [{ chats: times, count: 4, end_time: t0 + 3, end_id: 'n3' }],
    settings: { ...start, endDateMs: (t0 + 2) * 1000 },
    emits: 'n00 n11 n22',
  },

  // Rule 4 and 5: ties, and the proof of the end.

  '1,500 chats of one second are all read, by start_id where the page is full': {
    script: [fullPage(5), fullPage(5), tail, 'z6', '', ''],
    emits: 1002,
    asks: ['0', '5', '5 x999', '6', '...'],
  },
  'a full page that ends in the requested second is not requested twice': {
    script: [fullPage(5), 'z6', before, 'z6', '', ''],
    bookmark: own(5),
    asks: ['5', '5 x999', '...'],
  },
  'only inside ties the bookmark contains end_id': {
    script: [fullPage(5), fullPage(5), fullPage(5, 1000), 'z6', tail, 'z6', '', ''],
    emits: 2002,
    bookmarks: [own(5), own(5, 'x1999'), own(6), undefined],
  },
  'a server that repeats every response is read completely, including ties': {
    script: [fullPage(1), fullPage(1), 'y1', 'y1', '', ''],
    bookmark: own(1),
    emits: 1001,
    asks: ['1', '1 x999', '1 x999', '...'],
  },
  'items of the request beyond are neither emitted nor remembered': {
    script: ['a1', '', '', 'b2', 'a1 b2', 'b2', '', ''],
    emits: 'a1 b2',
  },
  'the envelope of the request beyond is not checked: an old end_time there is not an error': {
    script: ['a1', 'a1', '', 'a1'],
    emits: 'a1',
  },
  'ties whose last chat has just moved are not skipped: the request uses the previous id': {
    script: [fullPage(5), fullPage(5), 'q9', rest, 'q9', 'q9', 'q9', '', ''],
    emits: 1002,
    asks: ['0', '5', '5 x999', '5 x998', '...'],
  },
  'ties whose last chats have just moved are not skipped: the requests use earlier ids': lostTies(
    page('q9'),
  ),
  'ties whose last chats the server no longer knows are not skipped: the requests use earlier ids':
    lostTies(empty),
  'a chat that the server no longer knows does not end its ties: the request uses the previous id':
    {
      script: [fullPage(5), fullPage(5), '', rest, '', ''],
      emits: 1001,
      asks: ['0', '5', '5 x999', '5 x998', '...'],
    },

  'ties are complete although start_id is ignored, if the server sends a larger page': {
    script: [...ignored('a4', 'b4'), 'd1 a4 b4'],
    bookmark: own(4),
    emits: 'a4 b4',
    asks: ['4', '4', '4 b', '5', '5', `${-t0}`],
    bookmarks: [own(4), undefined],
  },
  'ties are complete although start_id is ignored, if a larger page was returned before': {
    script: ['a1 b2 c4 d4', 'c4 d4', 'c4 d4', '', ''],
    emits: 'a1 b2 c4 d4',
    asks: ['0', '4', '4 d', '5', '5'],
  },
  'ties are complete although start_id is ignored, if the export has no other items': {
    script: [...ignored('a4', 'b4'), 'a4 b4'],
    bookmark: own(4),
    emits: 'a4 b4',
  },
  'a short page from the start of the export does not mean that the server clamps the limit': {
    script: [...ignored('a4', 'b4'), 'd1', '', 'd1 a4 b4'],
    bookmark: own(4),
    emits: 'a4 b4',
  },

  // Rules 6 and 7: resuming, and recent starts.

  'a bookmark inside ties resumes after its id': {
    script: [rest, '', ''],
    bookmark: own(5, 'x'),
    asks: ['5 x', '...'],
    bookmarks: [own(5, 'y'), undefined],
  },
  'a bookmark inside ties whose chat no longer exists reads its whole second again':
    lostBookmark(empty),
  'a bookmark inside ties whose chat has moved reads its whole second again': lostBookmark(
    page('q9'),
  ),
  'a bookmark of another tap does not change until the position is later or the end is proven': {
    script: ['a1', 'b2', 'b2', '', ''],
    bookmark: { at: iso(5) },
    bookmarks: [undefined, undefined, own(5)],
  },
  'a bookmark of another tap that was replaced does not return at the end': {
    script: ['a1', 'b6', 'c7', 'c7', '', ''],
    bookmark: { at: iso(5) },
    bookmarks: [undefined, own(6), own(7), undefined],
  },
  'the default start never takes precedence over a bookmark': {
    script: nothing,
    bookmark: own(-500),
    settings: { ...start, hasStartDate: false },
    asks: ['-500', '...'],
  },
  'lookback_minutes starts earlier, without start_id, and keeps the bookmark until the position is later':
    {
      script: ['a1 b5', 'b5 c6', 'c6', '', ''],
      bookmark: own(5, 'x'),
      settings: lookback,
      asks: ['0', '5', '...'],
      bookmarks: [undefined, own(6), undefined],
    },
  'a page that ends before the bookmark does not move it back': {
    script: ['a1 b2', 'b2 c6', 'c6', '', ''],
    bookmark: own(5),
    settings: lookback,
    bookmarks: [undefined, own(6), undefined],
  },
};

test.each(Object.entries(cases))('%s', (_, one) => expectReading(one));

test('a start_date newer than the bookmark takes precedence and is reported', async () => {
  const api = scriptedApi(nothing);
  const { queries, warnings } = await readAll(chats, {
    api,
    bookmark: own(-500),
    settings: start,
  });
  expect(queries[0]).toMatchObject({ start_time: t0 });
  expect(warnings[0]).toMatch(/start_date 2026-01-05T00:00:00Z is newer than the bookmark/);
});

// Rule 8: a start that is refused as too young.

test('a rejected recent start ends the stream with a warning if an earlier one is accepted', async () => {
  const bookmark = own(now / 1000 - 600 - t0);
  const api = scriptedApi([throwing(refused(400)), page('a1')]);
  const { ids, warnings, queries, checkpoints } = await readAll(chats, { api, bookmark });
  expect(ids).toEqual([]);
  expect(warnings[0]).toMatch(/rejects the start/);
  expect(queries[1]).toMatchObject({ start_time: now / 1000 - 900 });
  expect(checkpoints).toEqual([undefined]);
});

test.each([
  ['an old start is refused', own(0), [throwing(refused(400))]],
  [
    'the earlier start is rejected, too',
    own(now / 1000 - 600 - t0),
    [throwing(refused(400)), throwing(refused(400))],
  ],
])('a 400 is an error when %s', async (_, bookmark, script) => {
  await expect(readAll(chats, { api: scriptedApi(script), bookmark })).rejects.toThrow('refused');
});

// The timeline: microseconds, and no end_id.

test('the timeline uses microseconds in its requests and its bookmark', async () => {
  const spans = exportPages({ ...spec, name: 'spans', unit: microseconds });
  const micros = t0 * 1e6 + 5_000_001;
  const span = { id: 's', at: '2026-01-05T00:00:05.000001Z' };
  const body = { spans: [span], count: 1, end_time: micros };
  const api = scriptedApi([body, body, { spans: [] }, { spans: [] }]);
  const { queries, checkpoints } = await readAll(spans, { api, settings: start });
  expect(queries.map((query) => query['start_time'])).toEqual([
    t0 * 1e6,
    micros,
    micros + 1,
    micros + 1,
  ]);
  expect(checkpoints[0]).toEqual({ at: span.at, position: { end_time: micros, end_id: null } });
});
