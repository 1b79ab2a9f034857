import { PassThrough } from 'node:stream';

import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../../src/core/json.ts';
import { Progress } from '../../../src/cli/progress.ts';
import type { Message, StreamStatus } from '../../../src/singer/messages.ts';

const start = Date.UTC(2024, 5, 15, 12);
const clear = '\r\u001B[K';

/** The output of one redraw of the line. */
function line(text: string): string {
  return `\r${text}\u001B[K`;
}

function terminal({ isTTY = true, columns = 120 } = {}) {
  const written: string[] = [];
  let nowMs = start;
  const stderr = Object.assign(new PassThrough(), { isTTY, columns });
  stderr.on('data', (piece) => written.push(String(piece)));
  const progress = new Progress(stderr, () => nowMs);
  const at = (ms: number, message: Message): void => {
    nowMs = start + ms;
    progress.observe(message);
  };
  return { progress, written, at };
}

function status(word: StreamStatus): Message {
  return { type: 'STATUS', stream: 'chats', status: word };
}

function records(count: number): Message {
  const page = Array.from({ length: count }, () => ({}));
  return { type: 'RECORDS', stream: 'chats', records: page, timeExtractedMs: start };
}

function state(bookmark: JsonObject): Message {
  return { type: 'STATE', value: { bookmarks: { chats: bookmark } }, tapStreamId: 'chats' };
}

test('The line shows the stream, its records, its rate and its position in time', () => {
  const { written, at } = terminal();
  at(0, status('started'));
  at(2000, records(1000));
  at(2300, state({ update_timestamp: '2024-05-03T10:15:59Z', position: { end_time: 1 } }));
  at(10_000, records(233_567));
  expect(written).toEqual([
    line('chats: 0 records'),
    line('chats: 1,000 records (500/s)'),
    line('chats: 1,000 records (435/s), up to 2024-05-03 10:15, 43 days behind'),
    line('chats: 234,567 records (23,457/s), up to 2024-05-03 10:15, 43 days behind'),
  ]);
});

test('The line is drawn at most four times a second', () => {
  const { written, at } = terminal();
  at(0, status('started'));
  at(100, records(1));
  at(249, records(1));
  at(250, records(1));
  expect(written).toEqual([line('chats: 0 records'), line('chats: 3 records')]);
});

test.each([
  [12, 'chats: 0 re'],
  [0, ''],
])('In a terminal of %j columns the line is %j', (columns, text) => {
  const { written, at } = terminal({ columns });
  at(0, status('started'));
  expect(written).toEqual([line(text)]);
});

test('The line is erased before a log line and drawn again with the next message', () => {
  const { progress, written, at } = terminal();
  at(0, status('started'));
  progress.clear();
  progress.clear();
  at(1, records(1));
  expect(written).toEqual([line('chats: 0 records'), clear, line('chats: 1 record')]);
});

test.each<StreamStatus>(['complete', 'failed', 'absent'])('It goes with %s', (word) => {
  const { written, at } = terminal();
  at(0, status('started'));
  at(10, status(word));
  expect(written).toEqual([line('chats: 0 records'), clear]);
});

test('Each stream counts from zero', () => {
  const { written, at } = terminal();
  at(0, status('started'));
  at(300, records(5));
  at(600, { type: 'STATUS', stream: 'bans', status: 'started' });
  expect(written.at(-1)).toBe(line('bans: 0 records'));
});

test('A wait is shown when it begins, in the line of its stream', () => {
  const { progress, written, at } = terminal();
  progress.waitUntil(start + 9000);
  at(0, status('started'));
  progress.waitUntil(start + 60_000);
  at(600, status('running'));
  at(61_000, records(1));
  expect(written).toEqual([
    line('chats: 0 records'),
    clear,
    line('chats: 0 records, waiting 60 s for the API'),
    line('chats: 0 records, waiting 59 s for the API'),
    line('chats: 1 record (0/s)'),
  ]);
});

test.each<[string, JsonObject, string]>([
  ['today', { start_time: '2024-06-15T11:59:59.123456Z' }, ', up to 2024-06-15 11:59'],
  ['yesterday', { start_time: '2024-06-14T08:00:00Z' }, ', up to 2024-06-14 08:00, 1 day behind'],
  ['no instant', { id: 7 }, ''],
  ['text that is no instant', { note: '2024-99-99T00:00:00Z', other: 'x' }, ''],
])('A bookmark of %s is shown as what it is', (_when, bookmark, expected) => {
  const { written, at } = terminal();
  at(0, status('started'));
  at(300, state(bookmark));
  expect(written.at(-1)).toBe(line(`chats: 0 records${expected}`));
});

test('States that do not change a bookmark are ignored', () => {
  const { written, at } = terminal();
  at(0, { type: 'STATE', value: {} });
  at(300, status('started'));
  at(600, { type: 'STATE', value: {}, tapStreamId: 'chats' });
  at(900, { type: 'STATE', value: { bookmarks: { chats: null } }, tapStreamId: 'chats' });
  expect(new Set(written)).toEqual(new Set([line('chats: 0 records')]));
});

test('A schema and a state before any stream draw nothing', () => {
  const { written, at } = terminal();
  at(0, {
    type: 'SCHEMA',
    stream: 'chats',
    schema: {},
    keyProperties: ['id'],
    bookmarkProperties: [],
  });
  at(300, state({ update_timestamp: '2024-05-03T10:15:59Z' }));
  expect(written).toEqual([]);
});

test('Nothing is drawn when stderr is no terminal', () => {
  const { progress, written, at } = terminal({ isTTY: false });
  at(0, status('started'));
  progress.waitUntil(start + 60_000);
  at(300, records(1));
  progress.clear();
  expect(written).toEqual([]);
});

test('The line shows what is read ahead', () => {
  const { progress, written, at } = terminal();
  at(0, status('started'));
  const counts = { used: 92, wasted: 3, failed: 1, dropped: 1, ownAskedAgain: 0 };
  progress.setReadAhead({ ahead: 0, ...counts, used: 0, wasted: 0, failed: 0, dropped: 0 });
  at(1000, records(1000));
  progress.setReadAhead({ ahead: 4, ...counts });
  at(2000, records(1000));
  expect(written).toEqual([
    line('chats: 0 records'),
    line('chats: 1,000 records (1,000/s)'),
    line('chats: 2,000 records (1,000/s), 4 ahead, 92 of 97 used'),
  ]);
});
