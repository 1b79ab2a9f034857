import { expect, test } from '@jest/globals';

import type { EarlyPage } from '../../../../../src/zendesk/export/client.ts';
import { Allowance } from '../../../../../src/zendesk/export/read-ahead/allowance.ts';
import type { Flight } from '../../../../../src/zendesk/export/read-ahead/inventory.ts';
import { Planner, type Actions } from '../../../../../src/zendesk/export/read-ahead/planner.ts';
import type { ExportRequest } from '../../../../../src/zendesk/export/walk.ts';

const head = 100_000;
const limit = 10;
const plenty = 200;

const regular = (time: number): ExportRequest => ({ kind: 'regular', time, startId: null });

function answer(end: number | undefined, size = limit) {
  return { end: end === undefined ? undefined : { time: end, endId: `id${end}` }, size, limit };
}

function earlyPage(end: number | undefined, size = limit, bytes = 10): EarlyPage {
  const read = (): never => {
    throw new Error('A planner reads no items.');
  };
  return { ...answer(end, size), bytes: Buffer.alloc(bytes), durationMs: 100, read };
}

/** `own 100`, `guess 190`, in the order they are sent. */
const textsOf = ({ send }: Actions): string[] =>
  send.map(({ kind, request }) => `${kind} ${request.time}`);

interface Started {
  readonly planner: Planner;
  readonly allowance: Allowance;
  readonly actions: Actions;
  readonly flights: readonly Flight[];
}

/** A walk whose first page, from 0, ended at 100, and that requests the next page. */
function start({ readAhead = 4, size = limit, spareStarts = plenty, to = head } = {}): Started {
  const allowance = new Allowance(readAhead);
  const planner = new Planner({ readAhead, allowance, head: () => to });
  planner.ask(regular(0), false);
  const [first] = planner.plan(0, plenty).send;
  if (first === undefined) throw new Error('The first request was not sent.');
  planner.ownEnded(first);
  allowance.recordAnswer(400);
  planner.learn(first.request, answer(100, size));
  planner.give(first.request, answer(100, size), false);
  planner.ask(regular(100), true);
  const actions = planner.plan(100, spareStarts);
  return { planner, allowance, actions, flights: actions.send };
}

function flightAt({ flights }: Pick<Started, 'flights'>, index: number): Flight {
  const flight = flights[index];
  if (flight === undefined) throw new Error(`Nothing was sent at place ${index}.`);
  return flight;
}

test('guesses are at 90 % of the expected span, and the own request is first', () => {
  expect(textsOf(start().actions)).toEqual(['own 100', 'guess 190', 'guess 280', 'guess 370']);
  expect(textsOf(start({ readAhead: 2 }).actions)).toEqual(['own 100', 'guess 190']);
});

test.each([
  ['before a full page', { size: 4 }, ['own 100', 'tail 100', 'tail 101']],
  ['near the head', { to: 195 }, ['own 100']],
  ['where a guess would bring little', { to: 285 }, ['own 100', 'guess 190']],
  ['without two starts beside the own one', { spareStarts: 2 }, ['own 100']],
  ['with two of them', { spareStarts: 3 }, ['own 100', 'guess 190']],
])('nothing more is guessed %s', (_, options, expected) => {
  expect(textsOf(start(options).actions)).toEqual(expected);
});

test('a guess may end earlier than expected: the gap after a short span is filled', () => {
  const started = start();
  const { planner } = started;
  const own = flightAt(started, 0);
  planner.ownEnded(own);
  planner.learn(own.request, answer(150));
  planner.give(own.request, answer(150), false);
  expect(textsOf(planner.plan(200, plenty))).toEqual(['guess 150']);
});

test('the next page is requested before the items of a response are parsed', () => {
  const started = start({ readAhead: 5, to: 500 });
  const { planner } = started;
  planner.peek(flightAt(started, 0), answer(150));
  expect(textsOf(planner.plan(200, plenty))).toEqual(['guess 150']);
});

test('an early page is only used for a position after its start and before its end, with an anchor there', () => {
  const started = start();
  const { planner } = started;
  planner.earlyArrived(flightAt(started, 1), earlyPage(290));
  expect(planner.takeCandidate()).toBeUndefined();
  planner.ask(regular(189), true);
  expect(planner.takeCandidate()).toBeUndefined();
  planner.ask(regular(290), true);
  expect(planner.takeCandidate()).toBeUndefined();
  planner.ask(regular(190), false);
  expect(planner.takeCandidate()).toBeUndefined();
  planner.ask({ ...regular(190), startId: 'id190' }, true);
  expect(planner.takeCandidate()).toBeUndefined();
  planner.ask(regular(190), true);
  expect(planner.takeCandidate()?.end).toBe(290);
});

test('the page with the latest end is used, and an earlier one is dropped', () => {
  const started = start();
  const { planner } = started;
  const own = flightAt(started, 0);
  planner.earlyArrived(flightAt(started, 1), earlyPage(285));
  planner.earlyArrived(flightAt(started, 2), earlyPage(380));
  planner.ownEnded(own);
  planner.give(own.request, answer(280), false);
  planner.ask(regular(280), true);
  const page = planner.takeCandidate();
  expect(page?.end).toBe(380);
  planner.give(regular(280), answer(380), true);
  expect(planner.stats).toMatchObject({ used: 1, wasted: 1 });
});

test.each([
  ['empty', undefined, 0],
  ['one that ends where it began', 190, 3],
])('an early page that is %s is dropped: only an own request proves anything', (_, end, size) => {
  const started = start();
  started.planner.earlyArrived(flightAt(started, 1), earlyPage(end, size));
  started.planner.ask(regular(190), true);
  expect(started.planner.takeCandidate()).toBeUndefined();
  expect(started.planner.stats).toMatchObject({ used: 0, wasted: 1 });
});

test('after a short page nothing is guessed until a full one starts there', () => {
  const started = start();
  const { planner } = started;
  planner.earlyArrived(flightAt(started, 3), earlyPage(400, 3));
  planner.earlyArrived(flightAt(started, 2), earlyPage(380));
  expect(textsOf(planner.plan(200, plenty))).toEqual([]);
  planner.learn(regular(400), answer(500));
  expect(textsOf(planner.plan(200, plenty))).toEqual(['guess 400', 'guess 490']);
});

test('after a time that fills a page planning continues, and the walk reads this time', () => {
  const started = start();
  const { planner } = started;
  planner.earlyArrived(flightAt(started, 3), earlyPage(370, limit));
  planner.earlyArrived(flightAt(started, 2), earlyPage(370));
  expect(textsOf(planner.plan(200, plenty))).toEqual(['guess 371', 'guess 452']);
});

test('a page that is full of its own start is the response to the request for that start alone', () => {
  const started = start();
  const { planner } = started;
  planner.earlyArrived(flightAt(started, 1), earlyPage(190));
  planner.ask(regular(191), true);
  expect(planner.takeCandidate()).toBeUndefined();
  planner.ask(regular(190), false);
  expect(planner.takeCandidate()).toBeUndefined();
  planner.ask(regular(190), true);
  expect(planner.takeCandidate()?.end).toBe(190);
});

test('inside ties nothing is planned before the walk has requested them', () => {
  const started = start();
  const { planner } = started;
  const own = flightAt(started, 0);
  for (const index of [1, 2, 3]) planner.earlyFailed(flightAt(started, index), 'no-room');
  planner.ownEnded(own);
  planner.give(own.request, answer(100), false);
  expect(textsOf(planner.plan(200, plenty))).toEqual([]);
  planner.ask({ kind: 'ties', time: 100, startId: 'id100' }, true);
  expect(textsOf(planner.plan(200, plenty))).toEqual([
    'own 100',
    'guess 190',
    'guess 280',
    'guess 370',
  ]);
});

test.each([
  ['failed', ['guess 280', 'guess 532', 'guess 694']],
  ['refused', []],
  ['unauthorized', []],
] as const)(
  'after an early request that is %s its position is not requested again',
  (failure, more) => {
    const started = start();
    const { planner } = started;
    planner.earlyFailed(flightAt(started, 1), failure);
    planner.earlyFailed(flightAt(started, 2), 'no-room');
    expect(textsOf(planner.plan(200, plenty))).toEqual([]);
    planner.learn(regular(100), answer(280));
    planner.peek(flightAt(started, 0), answer(280));
    expect(textsOf(planner.plan(200, plenty))).toEqual(more);
    expect(planner.stats.failed).toBe(1);
  },
);

test('the own request replaces the early one that is farthest away', () => {
  const { planner, flights } = start();
  const own = flightAt({ flights }, 0);
  planner.ownEnded(own);
  planner.learn(own.request, answer(185));
  planner.give(own.request, answer(185), false);
  const [filler] = planner.plan(200, plenty).send;
  expect(filler?.request.time).toBe(185);
  planner.ask({ kind: 'beyond', time: 186, startId: null }, true);
  const { send, cancel } = planner.plan(210, plenty);
  expect(send.map(({ kind }) => kind)).toEqual(['own']);
  expect(cancel.map(({ request }) => request.time)).toEqual([370]);
  expect(planner.stats.dropped).toBe(1);
});

test('at most twice the allowed number of requests, and at most 64 MiB, are kept or in flight', () => {
  const started = start({ readAhead: 2 });
  const { planner } = started;
  let flight = flightAt(started, 1);
  const sent = [flight];
  for (let end = 290; ; end += 90) {
    planner.earlyArrived(flight, earlyPage(end));
    const [next] = planner.plan(200, plenty).send;
    if (next === undefined) break;
    flight = next;
    sent.push(next);
  }
  expect(sent).toHaveLength(3);

  const large = start();
  large.planner.earlyArrived(flightAt(large, 1), earlyPage(290, limit, 20 * 2 ** 20));
  expect(textsOf(large.planner.plan(200, plenty))).toEqual([]);
});

test('the walk waits for an early request that may return its page, until it is overdue', () => {
  const started = start();
  const { planner } = started;
  const own = flightAt(started, 0);
  planner.ownEnded(own);
  planner.learn(own.request, answer(200));
  planner.give(own.request, answer(200), false);
  planner.ask(regular(200), true);
  expect(textsOf(planner.plan(210, plenty))).toEqual(['guess 460']);
  expect(planner.overdueMs()).toBe(1300);
  expect(textsOf(planner.plan(1299, plenty))).toEqual([]);
  expect(textsOf(planner.plan(1300, plenty))).toContain('own 200');
});

test('a doubtful response is requested again with nothing else in flight', () => {
  const started = start();
  const { planner } = started;
  planner.askAgain(flightAt(started, 0));
  const { send, cancel } = planner.plan(200, plenty);
  expect(send.map(({ kind }) => kind)).toEqual(['own']);
  expect(cancel).toHaveLength(3);
});

test('after a short page the three requests that prove the end are sent together', () => {
  const { planner, actions } = start({ size: 4 });
  expect(actions.send.map(({ request }) => request)).toEqual([
    regular(100),
    { kind: 'ties', time: 100, startId: 'id100' },
    { kind: 'beyond', time: 101, startId: null },
  ]);
  const [own, ties, beyond] = actions.send as [Flight, Flight, Flight];
  planner.earlyArrived(ties, earlyPage(undefined, 0));
  planner.earlyArrived(beyond, earlyPage(undefined, 0));
  planner.ownEnded(own);
  planner.give(own.request, answer(100, 1), false);
  planner.ask({ kind: 'beyond', time: 101, startId: null }, true);
  expect(planner.takeCandidate()?.flight).toBe(beyond);
  planner.ask(ties.request, true);
  expect(planner.takeCandidate()?.flight).toBe(ties);
});

test('if the regular request returns new items, the other two are wasted, and the next short page is not trusted', () => {
  const { planner, actions } = start({ size: 7 });
  const [own, ties, beyond] = actions.send as [Flight, Flight, Flight];
  planner.earlyArrived(ties, earlyPage(200, 7));
  planner.ownEnded(own);
  planner.learn(own.request, answer(200, 6));
  planner.give(own.request, answer(200, 6), false);
  planner.ask(regular(200), true);
  const { send, cancel } = planner.plan(200, plenty);
  expect(send.map(({ kind }) => kind)).toEqual(['own']);
  expect(cancel).toEqual([beyond]);
  expect(planner.stats).toMatchObject({ wasted: 1, dropped: 1 });
});

test('close cancels the requests in flight and counts unused responses as wasted', () => {
  const started = start();
  const { planner } = started;
  planner.earlyArrived(flightAt(started, 1), earlyPage(290));
  const { cancel } = planner.close();
  expect(cancel.map(({ request }) => request.time)).toEqual([100, 280, 370]);
  expect(planner.stats).toEqual({ used: 0, wasted: 1, failed: 0, dropped: 2, ahead: 0 });
});
