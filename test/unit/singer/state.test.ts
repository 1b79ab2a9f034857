import { test } from '@jest/globals';

import { TapError } from '../../../src/core/errors.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { State } from '../../../src/singer/state.ts';
import { expect } from '../../support/readable.ts';

const streams = [
  { name: 'accounts', aliases: ['account'] },
  { name: 'agents', aliases: [] },
  { name: 'chats', aliases: [] },
];

const parse = (value: Json | undefined): State => State.parse(value, { streams });

const ours = {
  update_timestamp: '2024-01-02T00:00:00Z',
  position: { end_time: 1704153600, end_id: null },
};

test('a run without a state starts from nothing', () => {
  const state = parse(undefined);
  expect(state.value()).toEqual({ bookmarks: {}, currently_syncing: null });
  expect(state.getBookmark('chats', ['chats'])).toBeUndefined();
  expect(state.currentlySyncing).toBeUndefined();
});

test('an empty state is a state', () => {
  expect(parse({}).value()).toEqual({ bookmarks: {}, currently_syncing: null });
});

test('the whole input state is written again', () => {
  const given = {
    chats_last_full_sync: '2019-01-01',
    activate_versions: { chats: 3 },
    bookmarks: { orders: { id: 5 }, chats: { id: 1, list: [1, { a: 2 }] }, agents: null },
    currently_syncing: 'chats',
  };
  const state = parse(given);
  state.writeBookmark('agents', { id: 7 }, []);
  state.setCurrentlySyncing(null);
  expect(state.value()).toEqual({
    ...given,
    bookmarks: { ...given.bookmarks, agents: { id: 7 } },
    currently_syncing: null,
  });
});

test.each<[string, Json, RegExp]>([
  ['a text', 'chats', /it must be an object with "bookmarks", not string/],
  ['null, as jq prints for a missing key', null, /it must be an object with "bookmarks", not null/],
  ['a number', 7, /not number/],
  ['an Airbyte state', [{ type: 'STREAM', stream: {} }], /it is an array, as in Airbyte/],
  ['a whole STATE message', { type: 'STATE', value: { bookmarks: {} } }, /whole message.*"value"/],
  ['another message', { type: 'RECORD', stream: 'chats', record: {} }, /whole message/],
  ['a wrapped value', { value: { bookmarks: {} } }, /Pass only the value of "value"/],
  [
    "Meltano's stored payload",
    { singer_state: { bookmarks: {} } },
    /Pass only the value of "singer_state"/,
  ],
  ['a stream at the top', { chats: { id: 1 } }, /"chats" is at the top level.*"bookmarks"/],
  ['an old stream name at the top', { account: {} }, /"account" is at the top level/],
  ['a misspelt key', { bookmark: { chats: {} } }, /"bookmark" instead of "bookmarks"/],
  ['bookmarks in a list', { bookmarks: [] }, /"bookmarks" must be an object, not array/],
  ['bookmarks in a text', { bookmarks: '{}' }, /"bookmarks" must be an object, not string/],
  [
    'a bookmark that is a text',
    { bookmarks: { chats: '2024-01-01' } },
    /"bookmarks.chats" must be/,
  ],
  ['a bookmark that is a list', { bookmarks: { account: [] } }, /"bookmarks.account" must be/],
  ['a bookmark that is a number', { bookmarks: { agents: 0 } }, /"bookmarks.agents" must be/],
])('a state that is %s is refused before anything is read', (_what, given, message) => {
  expect(() => parse(given)).toThrow(message);
  expect(() => parse(given)).toThrow(expect.objectContaining({ kind: 'config' }));
  expect(() => parse(given)).toThrow(TapError);
});

test('an entry of an unknown stream may have any value', () => {
  expect(parse({ bookmarks: { orders: 'x', users: [1] } }).value()).toEqual({
    bookmarks: { orders: 'x', users: [1] },
    currently_syncing: null,
  });
});

test.each<[string, JsonObject, JsonObject | undefined]>([
  ['its own entry', { accounts: { id: 1 }, account: { id: 2 } }, { id: 1 }],
  ['the entry under its old name', { account: { id: 2 } }, { id: 2 }],
  ['the old entry if its own is empty', { accounts: {}, account: { id: 2 } }, { id: 2 }],
  ['the old entry if its own is null', { accounts: null, account: { id: 2 } }, { id: 2 }],
  ['none for an empty entry', { accounts: {} }, undefined],
  ['none for null', { accounts: null }, undefined],
  ['none if there is no entry', { chats: { id: 1 } }, undefined],
])('a stream resumes from %s', (_what, bookmarks, expected) => {
  expect(parse({ bookmarks }).getBookmark('accounts', ['accounts', 'account'])).toEqual(expected);
});

test('a stream that is read under its old name prefers the entry with this name', () => {
  const state = parse({ bookmarks: { accounts: { id: 1 }, account: { id: 2 } } });
  expect(state.getBookmark('account', ['accounts', 'account'])).toEqual({ id: 2 });
});

test('a name that every object inherits is no bookmark', () => {
  expect(parse({ bookmarks: {} }).getBookmark('constructor')).toBeUndefined();
});

test('a returned bookmark is immutable', () => {
  const bookmark = parse({ bookmarks: { chats: { position: { end_time: 1 } } } }).getBookmark(
    'chats',
  );
  expect(Object.isFrozen(bookmark)).toBe(true);
  expect(Object.isFrozen(bookmark?.['position'])).toBe(true);
});

test.each<[Json, string | undefined]>([
  ['chats', 'chats'],
  [null, undefined],
  [{}, undefined],
])('with currently_syncing %j the run begins with %j', (value, expected) => {
  expect(parse({ currently_syncing: value }).currentlySyncing).toBe(expected);
});

test('currently_syncing names the stream in progress and is null at the end', () => {
  const state = parse(undefined);
  state.setCurrentlySyncing('chats');
  expect(state.value()).toEqual({ bookmarks: {}, currently_syncing: 'chats' });
  expect(state.currentlySyncing).toBe('chats');
  state.setCurrentlySyncing(null);
  expect(state.value()).toEqual({ bookmarks: {}, currently_syncing: null });
});

test('advancing a bookmark does not change other keys of its entry', () => {
  const state = parse({
    bookmarks: { chats: { note: 'mine', position: { end_time: 1, extra: 2 } } },
  });
  state.writeBookmark('chats', { position: { end_time: 5 } }, []);
  expect(state.getBookmark('chats')).toEqual({ note: 'mine', position: { end_time: 5, extra: 2 } });
});

test('scalars in the keys of another tap become null, and objects stay objects', () => {
  const state = parse({
    bookmarks: {
      chats: {
        'chat.end_timestamp': '2019-01-01T00:00:00Z',
        offset: { 'chat.next_url': 'https://example.com', deeper: { list: [1, 2], none: null } },
        empty: {},
      },
    },
  });
  state.writeBookmark('chats', ours, [
    'chat.end_timestamp',
    'offset',
    'empty',
    'offline_msg.timestamp',
  ]);
  expect(state.getBookmark('chats')).toEqual({
    'chat.end_timestamp': null,
    offset: { 'chat.next_url': null, deeper: { list: null, none: null } },
    empty: {},
    ...ours,
  });
});

test('an object in a bookmark is never replaced by null', () => {
  const state = parse({ bookmarks: { chats: ours } });
  state.writeBookmark('chats', { position: null }, []);
  expect(state.getBookmark('chats')).toEqual({
    ...ours,
    position: { end_time: null, end_id: null },
  });
});

test('a scalar in a bookmark may become null and a scalar again', () => {
  const state = parse({ bookmarks: { chats: { id: 3 } } });
  state.writeBookmark('chats', { id: null }, []);
  expect(state.getBookmark('chats')).toEqual({ id: null });
  state.writeBookmark('chats', { id: 4 }, []);
  expect(state.getBookmark('chats')).toEqual({ id: 4 });
});

test('a written state does not change during the run', () => {
  const state = parse(undefined);
  state.setCurrentlySyncing('chats');
  state.writeBookmark('chats', ours, []);
  const first = state.value();
  const text = JSON.stringify(first);
  state.writeBookmark('chats', { position: { end_time: 9, end_id: 'x' } }, []);
  state.setCurrentlySyncing(null);
  expect(JSON.stringify(first)).toBe(text);
  expect(text).toBe(
    '{"bookmarks":{"chats":{"update_timestamp":"2024-01-02T00:00:00Z","position":{"end_time":1704153600,"end_id":null}}},"currently_syncing":"chats"}',
  );
});

test('the bookmark that was passed to advance may change afterwards', () => {
  const state = parse(undefined);
  const bookmark = { position: { end_time: 1 } };
  state.writeBookmark('chats', bookmark, []);
  bookmark.position.end_time = 2;
  expect(state.getBookmark('chats')).toEqual({ position: { end_time: 1 } });
});

test('a state without changes is detected', () => {
  const state = parse(undefined);
  expect(state.equals(undefined)).toBe(false);
  state.writeBookmark('chats', ours, []);
  const earlier = state.value();
  state.writeBookmark('chats', ours, []);
  expect(state.equals(earlier)).toBe(true);
  state.setCurrentlySyncing('chats');
  expect(state.equals(earlier)).toBe(false);
});
