import { expect, test } from '@jest/globals';

import { HttpError } from '../../../src/errors.ts';
import type { JsonObject } from '../../../src/json.ts';
import { microseconds, seconds } from '../../../src/zendesk/export-bookmark.ts';
import { exportPages, type ExportSpec } from '../../../src/zendesk/export-pages.ts';
import { now, readAll, scriptedApi, type Answer } from '../../helpers/scripted-api.ts';

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
  foreignTimes: [['chat.end_timestamp', 'offline_msg.timestamp'], ['chats-incremental.end_time']],
  foreignBookmarkKeys: ['offset'],
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
/** An export that has nothing: an empty page is believed when it comes twice, and nothing lies beyond. */
const nothing = [empty, empty, empty, empty];

/** As many distinct chats of one second as a full page holds. */
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

test('a stream without a bookmark starts at start_date with all fields and full pages', async () => {
  const api = scriptedApi(nothing);
  const { queries } = await readAll(chats, { api, settings: start });
  expect(queries[0]).toEqual({ fields: 'chats(*)', limit: 1000, start_time: t0 });
});

test('the bookmark is the server position, not the largest time of a record', async () => {
  const odd = { ...page('a1', 'b2'), end_time: t0 + 3, end_id: 'b' };
  const { checkpoints } = await readAll(chats, {
    api: scriptedApi([odd, ...Array<JsonObject>(9).fill(empty)]),
    settings: start,
  });
  expect(checkpoints).toEqual([own(3), undefined]);
});

test('a chat on the seam of two pages is emitted once', async () => {
  const api = scriptedApi([page('a1', 'b2'), page('b2', 'c3'), page('c3'), empty, empty]);
  const { ids, queries } = await readAll(chats, { api, settings: start });
  expect(ids).toEqual(['a', 'b', 'c']);
  expect(queries.map((query) => query['start_time'])).toEqual([t0, t0 + 2, t0 + 3, t0 + 3, t0 + 4]);
});

test('a chat that was edited between two pages is emitted again, newest last', async () => {
  const api = scriptedApi([page('a1', 'b2'), page('b2', 'a3'), page('a3'), empty, empty]);
  const { pages } = await readAll(chats, { api, settings: start });
  expect(pages[1]?.items).toEqual([chat('a3')]);
});

test('an old version that a server repeats does not overwrite the newer one', async () => {
  const repeated = { ...page('a1', 'a2'), end_time: t0 + 2 };
  const api = scriptedApi([page('a1', 'a2'), repeated, empty, empty]);
  const { pages } = await readAll(chats, { api, settings: start });
  expect(pages.flatMap(({ items }) => items)).toEqual([chat('a1'), chat('a2')]);
});

test('an old version that comes once more after the next page does not overwrite the newer one', async () => {
  const late = page('a1', 'a3', 'c4');
  const api = scriptedApi([page('a1', 'b2'), page('b2', 'a3'), late, page('c4'), empty, empty]);
  const { pages } = await readAll(chats, { api, settings: start });
  const items = pages.flatMap((one) => one.items);
  expect(items).toEqual([chat('a1'), chat('b2'), chat('a3'), chat('c4')]);
});

test('items without an id do not keep the stream from ending', async () => {
  const keyless = { chats: [{ at: iso(1) }], count: 1, end_time: t0 + 1, end_id: null };
  const whole = exportPages({ ...spec, identify: (item) => JSON.stringify(item) });
  const { pages } = await readAll(whole, {
    api: scriptedApi([keyless, keyless, empty, empty]),
    settings: start,
  });
  expect(pages.flatMap(({ items }) => items)).toEqual([{ at: iso(1) }]);
});

test('a short page is not taken for the end', async () => {
  const api = scriptedApi([page('a1'), page('a1', 'b2'), page('b2'), empty, empty]);
  expect((await readAll(chats, { api, settings: start })).ids).toEqual(['a', 'b']);
});

test('an empty page in the middle is not taken for the end, and changes no position', async () => {
  const api = scriptedApi([page('a1'), empty, page('b2'), page('b2'), page('b2'), empty, empty]);
  const { ids, queries } = await readAll(chats, { api, settings: start });
  expect(ids).toEqual(['a', 'b']);
  expect(queries[2]).toMatchObject({ start_time: t0 + 1, start_id: 'a' });
});

test('an empty page where something has been read is not believed before it comes twice', async () => {
  const whole: Answer = ({ start_time: time, start_id: id }) =>
    time === t0 + 1 && id === undefined ? page('a1', 'b1') : empty;
  const api = scriptedApi([page('a1'), empty, empty, empty, ...Array<Answer>(9).fill(whole)]);
  expect((await readAll(chats, { api, settings: start })).ids).toEqual(['a', 'b']);
});

test('an empty page beyond is not believed where start_id leads nowhere, before it comes twice', async () => {
  const ignored = page('a1', 'b2');
  const api = scriptedApi([
    ignored,
    page('b2'),
    page('b2'),
    empty,
    page('c3'),
    page('b2', 'c3'),
    page('c3'),
    empty,
    empty,
  ]);
  const { ids, queries } = await readAll(chats, { api, settings: start });
  expect(ids).toEqual(['a', 'b', 'c']);
  expect(queries.slice(3, 5).map((query) => query['start_time'])).toEqual([t0 + 3, t0 + 3]);
});

test('an empty page with a zero end_time does not send the stream back to 1970', async () => {
  const zero = { chats: [], count: 0, end_time: 0, end_id: null };
  const api = scriptedApi([page('a1'), zero, zero, zero, zero, zero, zero]);
  const { queries, checkpoints } = await readAll(chats, { api, settings: start });
  expect(queries.at(-1)).toMatchObject({ start_time: t0 + 2 });
  expect(checkpoints).toEqual([own(1), undefined]);
});

test('a quiet run costs three requests more than its page, and the bookmark stays', async () => {
  const api = scriptedApi([page('a1'), page('a1'), empty, empty]);
  const { queries, ids, checkpoints } = await readAll(chats, { api, bookmark: own(1) });
  expect(ids).toEqual(['a']);
  expect(checkpoints).toEqual([own(1), undefined]);
  expect(queries.map(({ start_time, start_id }) => [start_time, start_id])).toEqual([
    [t0 + 1, undefined],
    [t0 + 1, undefined],
    [t0 + 1, 'a'],
    [t0 + 2, undefined],
  ]);
});

// Rule 1: the position.

test.each([
  [
    'no list',
    { count: 0 },
    /an object with "count", but an object with the list of objects "chats" was expected/,
  ],
  ['a list of no objects', { chats: ['a'], end_time: t0 }, /"chats" is a list that holds a text/],
  ['items without a position', { chats: [chat('a1')], count: 1 }, /no end_time/],
  ['an end before the start', { chats: [chat('a1')], end_time: t0 - 1 }, /lies before/],
  ['microseconds for seconds', { chats: [chat('a1')], end_time: t0 * 1e6 }, /not in seconds/],
])('a page with %s is an error, not an end', async (_, body, message) => {
  const reading = readAll(chats, { api: scriptedApi([body]), settings: start });
  await expect(reading).rejects.toThrow(message);
});

test('what the envelope lacks is taken from next_page, but never its host, fields or limit', async () => {
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

test('a fraction of a second in end_time never skips the rest of that second', async () => {
  const fractional = { ...page('a1'), end_time: t0 + 1.9 };
  const api = scriptedApi([fractional, fractional, empty, empty]);
  const { checkpoints } = await readAll(chats, { api, settings: start });
  expect(checkpoints[0]).toEqual(own(1));
});

// Rule 2: the head.

const head = now / 1000 - 310;
const atHead = (offset: number): string => iso(head + offset - t0);

test('what arrives late near the present is read again: no bookmark is later than the head', async () => {
  const late = {
    chats: [{ id: 'a', at: atHead(100) }],
    count: 1,
    end_time: head + 100,
    end_id: 'a',
  };
  const { ids, checkpoints, queries } = await readAll(chats, {
    api: scriptedApi([late]),
    settings: start,
  });
  expect(ids).toEqual(['a']);
  expect(checkpoints).toEqual([{ at: atHead(0), position: { end_time: head, end_id: null } }]);
  expect(queries).toHaveLength(1);
});

test('a clock that is ahead of the server does not ask for what the server refuses', async () => {
  const late = { chats: [{ id: 'a', at: atHead(0) }], count: 1, end_time: head, end_id: 'a' };
  const serverTimeMs = now - 600_000;
  const { checkpoints } = await readAll(chats, {
    api: scriptedApi([late], { serverTimeMs }),
    settings: start,
  });
  expect(checkpoints).toEqual([
    { at: atHead(-600), position: { end_time: head - 600, end_id: null } },
  ]);
});

test('end_date is inclusive, is the newest bookmark, and later items are not emitted', async () => {
  const api = scriptedApi([page('a1', 'b2', 'c3')]);
  const settings = { ...start, endDateMs: (t0 + 2) * 1000 };
  const { ids, checkpoints } = await readAll(chats, { api, settings });
  expect(ids).toEqual(['a', 'b']);
  expect(checkpoints).toEqual([own(2)]);
});

test('end_date measures times that are whole numbers, too', async () => {
  const items = [0, 1, 2, 3].map((second) => ({ id: `n${second}`, at: t0 + second }));
  const api = scriptedApi([{ chats: items, count: 4, end_time: t0 + 3, end_id: 'n3' }]);
  const settings = { ...start, endDateMs: (t0 + 2) * 1000 };
  const { ids } = await readAll(chats, { api, settings });
  expect(ids).toEqual(['n0', 'n1', 'n2']);
});

// Rule 4 and 5: ties, and the proof of the end.

test('1,500 chats of one second are all read, by start_id where the page is full', async () => {
  const rest = {
    chats: [{ id: 'y', at: iso(5) }, chat('z6')],
    count: 2,
    end_time: t0 + 6,
    end_id: 'z',
  };
  const api = scriptedApi([fullPage(5), fullPage(5), rest, page('z6'), empty, empty]);
  const { ids, queries } = await readAll(chats, { api, settings: start });
  expect(ids).toHaveLength(1002);
  expect(queries[2]).toMatchObject({ start_time: t0 + 5, start_id: 'x999' });
  expect(queries[3]).not.toHaveProperty('start_id');
});

test('a full page that ends in the second asked for is not asked for twice', async () => {
  const before = { ...page('z6'), chats: [{ id: 'x999', at: iso(5) }, chat('z6')] };
  const api = scriptedApi([fullPage(5), page('z6'), before, page('z6'), empty, empty]);
  const { queries } = await readAll(chats, { api, bookmark: own(5) });
  expect(queries[1]).toMatchObject({ start_time: t0 + 5, start_id: 'x999' });
});

test('inside ties the bookmark leads on by end_id, and only there', async () => {
  const api = scriptedApi([
    fullPage(5),
    fullPage(5),
    fullPage(5, 1000),
    page('z6'),
    { ...page('z6'), chats: [{ id: 'y', at: iso(5) }, chat('z6')] },
    page('z6'),
    empty,
    empty,
  ]);
  const { checkpoints, ids } = await readAll(chats, { api, settings: start });
  expect(checkpoints).toEqual([own(5), own(5, 'x1999'), own(6), undefined]);
  expect(ids).toHaveLength(2002);
});

test('a server that ignores start_id ends in an error, not in a loop and not green', async () => {
  const reading = readAll(chats, {
    api: scriptedApi(Array<JsonObject>(9).fill(fullPage(5))),
    settings: start,
  });
  await expect(reading).rejects.toThrow(/more records at one instant/);
});

test('a server whose every second answer is the one before it is read through, ties and all', async () => {
  const first = fullPage(1);
  const rest = { chats: [{ id: 'y', at: iso(1) }], count: 1, end_time: t0 + 1, end_id: 'y' };
  const api = scriptedApi([first, first, rest, rest, empty, empty]);
  const { ids, queries } = await readAll(chats, { api, bookmark: own(1) });
  expect(ids).toHaveLength(1001);
  expect(queries.slice(1, 3).map((query) => query['start_id'])).toEqual(['x999', 'x999']);
});

test('a server that clamps the limit and ignores start_id ends in an error, too', async () => {
  const clamped = (second: number): JsonObject => page(`a${second}`, `b${second}`, `c${second}`);
  const reading = readAll(chats, {
    api: scriptedApi([page('d1', 'e2', 'f3'), ...Array<JsonObject>(9).fill(clamped(4))]),
    settings: start,
  });
  await expect(reading).rejects.toThrow(/more records at one instant/);
});

test('records hidden behind empty pages end in an error that names the place', async () => {
  const round = [empty, empty];
  const api = scriptedApi([page('a1'), ...round, page('b9'), ...round, ...round, ...round]);
  const reading = readAll(chats, { api, settings: start });
  await expect(reading).rejects.toThrow(/hides records after 2026-01-05T00:00:01Z/);
});

test('items seen by the question beyond are neither emitted nor remembered', async () => {
  const api = scriptedApi([
    page('a1'),
    empty,
    empty,
    page('b2'),
    page('a1', 'b2'),
    page('b2'),
    empty,
    empty,
  ]);
  const { ids } = await readAll(chats, { api, settings: start });
  expect(ids).toEqual(['a', 'b']);
});

test('the question beyond is not judged: an old end_time there is no error', async () => {
  const api = scriptedApi([page('a1'), page('a1'), empty, page('a1')]);
  expect((await readAll(chats, { api, settings: start })).ids).toEqual(['a']);
});

test('ties whose last chat has just moved are not skipped: it is asked with the id before', async () => {
  const moved = { chats: [{ id: 'q', at: iso(9) }], count: 1, end_time: t0 + 9, end_id: 'q' };
  const behind = { chats: [{ id: 'y', at: iso(5) }], count: 1, end_time: t0 + 5, end_id: 'y' };
  const q = page('q9');
  const api = scriptedApi([fullPage(5), fullPage(5), moved, behind, q, q, q, empty, empty]);
  const { queries, ids } = await readAll(chats, { api, settings: start });
  expect(queries[3]).toMatchObject({ start_time: t0 + 5, start_id: 'x998' });
  expect(ids.slice(-2)).toEqual(['y', 'q']);
});

test.each([
  ['have just moved', page('q9')],
  ['the server no longer knows', empty],
])(
  'ties whose last chats %s are not skipped: ids further back are asked with',
  async (_, answer) => {
    const rest = { chats: [{ id: 'y', at: iso(5) }], count: 1, end_time: t0 + 5, end_id: 'y' };
    const api = scriptedApi([fullPage(5), answer, answer, answer, rest, empty, empty]);
    const { queries, ids } = await readAll(chats, { api, bookmark: own(5) });
    expect(queries.slice(1, 5).map(({ start_id: id }) => id)).toEqual([
      'x999',
      'x998',
      'x997',
      'x995',
    ]);
    expect(ids).toHaveLength(1001);
  },
);

test('a chat the server no longer knows does not end its ties: it is asked with the id before', async () => {
  const rest = { chats: [{ id: 'y', at: iso(5) }], count: 1, end_time: t0 + 5, end_id: 'y' };
  const api = scriptedApi([fullPage(5), fullPage(5), empty, rest, empty, empty]);
  const { ids, queries } = await readAll(chats, { api, settings: start });
  expect(queries[3]).toMatchObject({ start_id: 'x998' });
  expect(ids).toHaveLength(1001);
});

// Rule 6: resuming.

test('a bookmark inside ties resumes behind its id', async () => {
  const rest = { chats: [{ id: 'y', at: iso(5) }], count: 1, end_time: t0 + 5, end_id: 'y' };
  const api = scriptedApi([rest, empty, empty]);
  const { queries, checkpoints } = await readAll(chats, { api, bookmark: own(5, 'x') });
  expect(queries[0]).toMatchObject({ start_time: t0 + 5, start_id: 'x' });
  expect(checkpoints[0]).toEqual(own(5, 'y'));
});

test.each([
  ['is gone', empty],
  ['has moved', page('q9')],
])('a bookmark inside ties whose chat %s reads its whole second again', async (_, answer) => {
  const whole = page('a5', 'b5');
  const api = scriptedApi([answer, whole, whole, empty, page('b5'), empty, empty]);
  const { ids, queries, checkpoints } = await readAll(chats, { api, bookmark: own(5, 'x') });
  expect(ids).toEqual(['a', 'b']);
  expect(queries[1]).toEqual({ fields: 'chats(*)', limit: 1000, start_time: t0 + 5 });
  // Never lower than it was read.
  expect(checkpoints.filter((checkpoint) => checkpoint !== undefined)).toEqual([]);
});

test.each<[string, JsonObject, number]>([
  ['Airbyte 1.0, ISO text', { at: iso(1000) }, 1000],
  ['Airbyte 1.2, seconds as text', { at: String(t0 + 1000) }, 1000],
  ['Airbyte 1.1, milliseconds as text', { at: `${t0 + 1000}000` }, 1000],
  ['microseconds as text', { at: `${t0 + 1000}000000` }, 1000],
  ['an offset', { at: '2026-01-05T01:16:40+01:00' }, 1000],
  ['a stale position', { ...own(900), at: iso(1000) }, 1000],
  ['a number', { at: t0 + 1000 }, 1000],
  [
    'the Singer tap, the older of two',
    { 'chat.end_timestamp': iso(2000), 'offline_msg.timestamp': iso(1000) },
    1000,
  ],
  ['the fork that reads the export', { 'chats-incremental.end_time': t0 + 1000 }, 1000],
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
    1000,
  ],
])('a bookmark of another tap (%s) is read from 310 s before it', async (_, bookmark, second) => {
  const api = scriptedApi(nothing);
  const { queries } = await readAll(chats, { api, bookmark });
  expect(queries[0]).toMatchObject({ start_time: t0 + second - 310 });
});

test('a bookmark of another tap is left as it is until the position is later or the end proven', async () => {
  const api = scriptedApi([page('a1'), page('b2'), page('b2'), empty, empty]);
  const { checkpoints } = await readAll(chats, { api, bookmark: { at: iso(5) }, settings: {} });
  expect(checkpoints).toEqual([undefined, undefined, own(5)]);
});

test('a bookmark of another tap that has been left behind does not come back at the end', async () => {
  const api = scriptedApi([page('a1'), page('b6'), page('c7'), page('c7'), empty, empty]);
  const { checkpoints } = await readAll(chats, { api, bookmark: { at: iso(5) }, settings: {} });
  expect(checkpoints).toEqual([undefined, own(6), own(7), undefined]);
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
  await expect(readAll(chats, { api, bookmark })).rejects.toThrow(/cannot be understood/);
  expect(api.asked).toEqual([]);
});

// Rule 7: starts that lie late.

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

test('a configured start_date newer than the bookmark wins and is told', async () => {
  const api = scriptedApi(nothing);
  const { queries, warnings } = await readAll(chats, {
    api,
    bookmark: own(-500),
    settings: start,
  });
  expect(queries[0]).toMatchObject({ start_time: t0 });
  expect(warnings[0]).toMatch(/start_date 2026-01-05T00:00:00Z is newer than the bookmark/);
});

test('the default start never overrules a bookmark', async () => {
  const api = scriptedApi(nothing);
  const settings = { ...start, hasStartDate: false };
  const { queries } = await readAll(chats, { api, bookmark: own(-500), settings });
  expect(queries[0]).toMatchObject({ start_time: t0 - 500 });
});

test('lookback_minutes reads earlier, without start_id, and keeps the bookmark until it is passed', async () => {
  const api = scriptedApi([page('a1', 'b5'), page('b5', 'c6'), page('c6'), empty, empty]);
  const settings = { ...start, lookback_minutes: 1 };
  const { queries, checkpoints } = await readAll(chats, { api, bookmark: own(5, 'x'), settings });
  expect(queries[0]).toEqual({ fields: 'chats(*)', limit: 1000, start_time: t0 });
  expect(checkpoints).toEqual([undefined, own(6), undefined]);
});

test('a page that ends before the bookmark does not move it back', async () => {
  const api = scriptedApi([page('a1', 'b2'), page('b2', 'c6'), page('c6'), empty, empty]);
  const settings = { ...start, lookback_minutes: 1 };
  const { checkpoints } = await readAll(chats, { api, bookmark: own(5), settings });
  expect(checkpoints).toEqual([undefined, own(6), undefined]);
});

// Rule 8: a start that is refused as too young.

test('a refused young start ends the stream with a warning when an earlier one is answered', async () => {
  const young = now / 1000 - 600;
  const bookmark = { at: iso(young - t0), position: { end_time: young, end_id: null } };
  const api = scriptedApi([throwing(refused(400)), page('a1')]);
  const { ids, warnings, queries, checkpoints } = await readAll(chats, { api, bookmark });
  expect(ids).toEqual([]);
  expect(warnings[0]).toMatch(/refuses to be read up to/);
  expect(queries[1]).toMatchObject({ start_time: now / 1000 - 900 });
  expect(checkpoints).toEqual([undefined]);
});

test.each([
  ['an old start is refused', own(0), [throwing(refused(400))]],
  [
    'the earlier start is refused, too',
    { at: iso(now / 1000 - 600 - t0), position: { end_time: now / 1000 - 600, end_id: null } },
    [throwing(refused(400)), throwing(refused(400))],
  ],
])('a 400 is an error when %s', async (_, bookmark, script) => {
  await expect(readAll(chats, { api: scriptedApi(script), bookmark })).rejects.toThrow('refused');
});

test('a failure names the position it was reading from', async () => {
  const api = scriptedApi([throwing(refused(500))]);
  await expect(readAll(chats, { api, bookmark: own(7) })).rejects.toThrow(
    `refused (reading from 2026-01-05T00:00:07Z (start_time ${t0 + 7}))`,
  );
});

// The timeline: microseconds, and no end_id.

test('the timeline is asked in microseconds and keeps them in its bookmark', async () => {
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
