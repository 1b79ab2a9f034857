import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../../../../src/core/json.ts';
import { microseconds, seconds } from '../../../../../src/zendesk/export/bookmark.ts';
import { Allowance } from '../../../../../src/zendesk/export/read-ahead/allowance.ts';
import {
  anchorOf,
  cutAtAnchor,
  holdsInstant,
} from '../../../../../src/zendesk/export/read-ahead/anchor.ts';
import { summarizeTail } from '../../../../../src/zendesk/export/read-ahead/page-summary.ts';
import { SpanPredictor } from '../../../../../src/zendesk/export/read-ahead/span-predictor.ts';

// Anchors.

const spec = {
  replicationKey: 'at',
  unit: seconds,
  identify: ({ id }: JsonObject) => JSON.stringify(id),
};
/** `'b3'`: the item b of second 3. */
const items = (text: string): JsonObject[] =>
  text.split(' ').map((one) => ({ id: one[0] ?? '', at: 1_600_000_000 + Number(one.slice(1)) }));
const idsOf = (found: readonly JsonObject[] | undefined): string | undefined =>
  found?.map(({ id }) => (typeof id === 'string' ? id : '?')).join('');
const anchor = { time: 1_600_000_003, identity: '"c"' };

test.each([
  ['from the anchor on', 'a1 b2 c3 d4', 'cd'],
  ['with what belongs to the same instant before it', 'a1 b3 c3 d4', 'bcd'],
  ['not by time: an export may be in another order', 'a1 d9 c3 e2', 'ce'],
  ['at the first of two copies', 'c3 d4 c3 e5', 'cdce'],
  ['not at all without the anchor', 'a1 b3 d4', undefined],
])('an early page is cut %s', (_, page, expected) => {
  expect(idsOf(cutAtAnchor(items(page), anchor, spec))).toBe(expected);
});

test('a page follows if it contains the anchor or another item with its time', () => {
  expect(holdsInstant(items('c9 d9'), anchor, spec)).toBe(true);
  expect(holdsInstant(items('x3 d9'), anchor, spec)).toBe(true);
  expect(holdsInstant(items('x4 d9'), anchor, spec)).toBe(false);
});

test('the anchor is the last item at the position of its page', () => {
  const page = { items: items('a1 b2'), limit: 10 };
  expect(anchorOf({ ...page, end: { time: 7, endId: null } }, spec)).toEqual({
    time: 7,
    identity: '"b"',
  });
  expect(anchorOf({ ...page, end: undefined }, spec)).toBeUndefined();
});

// The envelope without the items.

const end = { time: 1_600_000_009, endId: 'x9' };
test.each([
  ['{"chats":[{"tags":["]"]},{}],"count":2,"end_time":1600000009,"end_id":"x9"}', { end, size: 2 }],
  ['{"chats":[{}],"count":1,"end_time":1600000009}', { end: { ...end, endId: null }, size: 1 }],
  ['{"chats":[],"count":0,"end_time":null}', { end: undefined, size: 0 }],
  ['{"count":1,"end_time":1600000009,"chats":[{}]}', undefined],
  ['{"chats":[{}],"end_time":1600000009}', undefined],
  ['{"chats":[{}],"count":1.5,"end_time":1600000009}', undefined],
  ['{"chats":[{}],"count":1,"end_time":"soon"}', undefined],
  ['[{"end_time":1600000009}', undefined],
  ['no JSON', undefined],
])('the position behind the items of %s', (text, expected) => {
  expect(summarizeTail(Buffer.from(text), seconds)).toEqual(expected);
});

test('a position in the wrong unit is rejected', () => {
  const body = Buffer.from('{"chats":[{}],"count":1,"end_time":1600000009}');
  expect(() => summarizeTail(body, microseconds)).toThrow(/not in microseconds/);
});

// Spans.

test('a span is that of the nearest known page before it, scaled to a full page', () => {
  const spans = new SpanPredictor();
  expect(spans.span(0, 10)).toBeUndefined();
  spans.learn({ start: 100, end: 200, size: 10 });
  spans.learn({ start: 500, end: 520, size: 5 });
  expect(spans.span(50, 10)).toBe(100);
  expect(spans.span(499, 10)).toBe(100);
  expect(spans.span(500, 10)).toBe(40);
  expect(spans.span(500, 20)).toBe(80);
});

test('a span is at most eight times the mean of the last four, and at least one unit', () => {
  const spans = new SpanPredictor();
  spans.learn({ start: 0, end: 100_000, size: 10 });
  for (const start of [1, 2, 3, 4])
    spans.learn({ start: 200_000 + start, end: 200_001 + start, size: 10 });
  expect(spans.span(50, 10)).toBe(8);
  expect(spans.span(200_004, 1)).toBe(1);
});

test('a page that is not the next one is expected to have about the mean span at least', () => {
  const spans = new SpanPredictor();
  spans.learn({ start: 0, end: 300, size: 10 });
  spans.learn({ start: 300, end: 400, size: 10 });
  expect(spans.span(400, 10, false)).toBe(100);
  expect(spans.span(400, 10, true)).toBe(190);
});

// How much may be in flight.

test('an overload halves the limit of requests in flight, once per response time, and ten good responses increase it by one', () => {
  const allowance = new Allowance(8);
  allowance.recordAnswer(1000);
  allowance.recordOverload(5000);
  allowance.recordOverload(5900);
  expect(allowance.allowed).toBe(4);
  allowance.recordOverload(6000);
  allowance.recordOverload(7000);
  allowance.recordOverload(8000);
  expect(allowance.allowed).toBe(1);
  for (let count = 0; count < 19; count += 1) allowance.recordAnswer(1000);
  expect(allowance.allowed).toBe(2);
  for (let count = 0; count < 100; count += 1) allowance.recordAnswer(1000);
  expect(allowance.allowed).toBe(8);
});

test('nothing more is read ahead if responses take as long as one after another', () => {
  const allowance = new Allowance(4);
  allowance.recordAnswer(1000);
  for (let count = 0; count < 20; count += 1) allowance.recordEarlyRequest();
  for (let count = 0; count < 30; count += 1) allowance.recordAnswer(4000);
  expect(allowance.hasRetreated).toBe(false);
  allowance.recordEarlyRequest();
  allowance.recordAnswer(3000);
  expect(allowance.hasRetreated).toBe(true);
});

test('a server that responds a little more slowly is still read ahead', () => {
  const allowance = new Allowance(4);
  allowance.recordAnswer(1000);
  for (let count = 0; count < 50; count += 1) {
    allowance.recordEarlyRequest();
    allowance.recordAnswer(3100);
  }
  expect(allowance.hasRetreated).toBe(false);
});
