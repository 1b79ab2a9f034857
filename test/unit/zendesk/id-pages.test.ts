import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../../src/core/json.ts';
import { idPages } from '../../../src/zendesk/id-pages.ts';
import { bareArray, namedArrays } from '../../../src/zendesk/response-shape.ts';
import { readAll, scriptedApi } from '../../support/scripted-api.ts';

const agents = idPages({ path: 'agents', limit: 'agents_page_limit', shape: bareArray });
const bans = idPages({
  path: 'bans',
  limit: 'bans_page_limit',
  shape: namedArrays('ip', 'visitor'),
});
const ids = (...numbers: number[]): JsonObject[] => numbers.map((id) => ({ id }));
const settings = { agents_page_limit: 3, bans_page_limit: 3 };

test('the next page starts after the last id, and only an empty page is the end', async () => {
  const api = scriptedApi([ids(5, 7), ids(9), []]);
  const reading = await readAll(agents, { api, settings });
  expect(reading.ids).toEqual([5, 7, 9]);
  expect(reading.queries).toEqual([
    { limit: 3, since_id: 0 },
    { limit: 3, since_id: 8 },
    { limit: 3, since_id: 10 },
  ]);
  expect(reading.checkpoints).toEqual([{ id: 7 }, { id: 9 }, { id: 9 }]);
});

test('a bookmark resumes after its id and never decreases', async () => {
  const api = scriptedApi([[]]);
  const reading = await readAll(agents, { api, settings, bookmark: { id: 41 } });
  expect(reading.queries).toEqual([{ limit: 3, since_id: 42 }]);
  expect(reading.checkpoints).toEqual([undefined]);
});

test('bans: the array that is behind is not skipped, and its bookmark is not the largest id', async () => {
  const api = scriptedApi([
    { ip: ids(1, 2, 3), visitor: ids(900, 901, 902) },
    { ip: ids(4), visitor: ids(900, 901, 902) },
    { ip: [], visitor: ids(900, 901, 902) },
    { ip: [], visitor: ids(903) },
    { ip: [], visitor: [] },
  ]);
  const reading = await readAll(bans, { api, settings });
  expect(reading.ids).toEqual([1, 2, 3, 900, 901, 902, 4, 903]);
  expect(reading.queries.map((query) => query['since_id'])).toEqual([0, 4, 5, 903, 904]);
  expect(reading.checkpoints).toEqual([
    { id: 3 },
    { id: 4 },
    { id: 902 },
    { id: 903 },
    { id: 903 },
  ]);
});

test('bans: the same id in both arrays is two bans', async () => {
  const api = scriptedApi([
    { ip: ids(1), visitor: ids(1) },
    { ip: [], visitor: [] },
  ]);
  expect((await readAll(bans, { api, settings })).ids).toEqual([1, 1]);
});

test('bans: an array that is missing is empty', async () => {
  const api = scriptedApi([{ ip: ids(1) }, { ip: [] }]);
  expect((await readAll(bans, { api, settings })).ids).toEqual([1]);
});

test('a server that ignores since_id ends the stream after the whole list', async () => {
  const api = scriptedApi([ids(5, 7), ids(5, 7)]);
  const reading = await readAll(agents, { api, settings });
  expect(reading.ids).toEqual([5, 7]);
});

test('a server that ignores since_id and returns full pages causes an error, because the rest cannot be read', async () => {
  const api = scriptedApi([ids(5, 7, 9), ids(5, 7, 9)]);
  await expect(readAll(agents, { api, settings })).rejects.toThrow(/ignores since_id/);
});

test('a page without ids is an error, because the next page cannot be requested', async () => {
  const api = scriptedApi([[{ name: 'x' }]]);
  await expect(readAll(agents, { api, settings })).rejects.toThrow(/no ids/);
});

test('ids that are strings work like numbers', async () => {
  const api = scriptedApi([[{ id: '5' }], []]);
  const reading = await readAll(agents, { api, settings });
  expect(reading.queries[1]).toMatchObject({ since_id: 6 });
});

test('an item without an id is passed on, so that it can be named', async () => {
  const api = scriptedApi([[{ id: 1 }, { name: 'x' }], []]);
  const reading = await readAll(agents, { api, settings });
  expect(reading.pages[0]?.items).toEqual([{ id: 1 }, { name: 'x' }]);
});

test.each<[string, JsonObject, number]>([
  ['a whole number', { id: 5 }, 6],
  ['digits', { id: '5' }, 6],
  [
    'Airbyte slices',
    { state_type: 'integer', slices: [{ end: 5, most_recent_cursor_value: 5 }] },
    6,
  ],
  ['null', { id: null }, 0],
  ['an empty object', { id: {} }, 0],
  ['the offset of a tap that read the list whole', { offset: { id: 77 } }, 0],
])('a bookmark that holds %s asks from there', async (_, bookmark, sinceId) => {
  const reading = await readAll(agents, { api: scriptedApi([[]]), settings, bookmark });
  expect(reading.queries[0]).toMatchObject({ since_id: sinceId });
});

test.each([[{ id: 'x' }], [{ id: 1.5 }], [{ id: -1 }], [{ id: true }]])(
  'the bookmark %j is an error before any request',
  async (bookmark) => {
    const api = scriptedApi([]);
    await expect(readAll(agents, { api, bookmark })).rejects.toThrow(/is invalid/);
    expect(api.asked).toEqual([]);
  },
);
