/**
 * Whatever an answer suffers: it is asked for again or not, never earlier than the API asks, nothing is lost,
 * no run with something missing ends green, and the token goes nowhere.
 *
 * A page too large at once is shown beside the slow ones in `faults-pages.test.ts`.
 */
import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/fault-rules.ts';
import type { LoggedRequest } from '../../src/sandbox/request-log.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import type { TapResult } from '../helpers/run-tap.ts';
import { criticalLines, lastWords, leaks, withSandbox } from '../helpers/with-sandbox.ts';
import {
  addFault,
  faultAccount,
  faultStreams,
  lossesAmongFirst,
  lossesOf,
  requestPlaces,
  runOn,
  timeLimit,
  type RequestPlace,
} from './fault-account.ts';
import { lasting, passing, type FaultCase, type PassingCase } from './fault-cases.ts';
import { chosen } from './whole-set.ts';

function met({ requests }: Sandbox): readonly LoggedRequest[] {
  return requests.filter(({ fault }) => fault !== null);
}

/** The request behind another one in the log. */
function after({ requests }: Sandbox, request: LoggedRequest | undefined): LoggedRequest {
  const next = requests[request?.number ?? 0];
  if (next === undefined) throw new Error('No request was made after it.');
  return next;
}

/** How long nobody asked for anything, counted from before the answer was sent. */
function pauseAfter(sandbox: Sandbox, request: LoggedRequest | undefined): number {
  return after(sandbox, request).at - (request?.at ?? Number.NaN);
}

function waitsOf({ stderrLines }: TapResult): readonly string[] {
  return stderrLines.filter((line) => line.startsWith('INFO waiting '));
}

/** What must be true of every run that fails because of one stream. */
function expectOneFailure(result: TapResult, { stream }: RequestPlace, says: RegExp): void {
  expect(result.code).toBe(1);
  expect(criticalLines(result)).toEqual([lastWords(result)]);
  expect(lastWords(result)).toMatch(new RegExp(`^CRITICAL ${stream}: `));
  expect(lastWords(result)).toMatch(says);
  expect(result.messages.at(-1)?.type).toBe('STATE');
  expect(leaks(result)).toEqual([]);
}

function othersThan({ stream }: RequestPlace): readonly string[] {
  return faultStreams.filter((name) => name !== stream);
}

/** Every case at every place; in `npm test` those that the two lists of names pick. */
function atPlaces<T extends FaultCase>(
  cases: readonly T[],
  quick: readonly (readonly [name: string, place: string])[],
): (T & RequestPlace)[] {
  const all = cases.flatMap((one) => requestPlaces.map((place) => ({ ...one, ...place })));
  return chosen(all, ({ name, place }) =>
    quick.some(([case_, where]) => case_ === name && place === where),
  );
}

const [firstChats, moreChats, departments, moreAgents] = [
  'the first request of the chats',
  'the second page of the chats',
  'the only request of the departments',
  'the second page of the agents',
];

const passingOnce: readonly (readonly [string, string])[] = [
  ['429 with Retry-After in seconds', firstChats],
  ['429 with Retry-After as a date', moreChats],
  ['200 with a web page', moreAgents],
];

test.each<PassingCase & RequestPlace>(atPlaces(passing, passingOnce))(
  'After $name, $place is made again, no earlier than the API asks, and nothing is missing',
  async ({ says, pauseMs, ...where }) => {
    await withSandbox(faultAccount, async (sandbox) => {
      addFault(sandbox, where, { fault: where.fault, times: 1 });
      const result = await runOn(sandbox, timeLimit(where.fault));

      expect(result.code).toBe(0);
      expect(criticalLines(result)).toEqual([]);
      expect(lossesOf(sandbox, [result])).toEqual([]);
      const [refused, ...more] = met(sandbox);
      expect(more).toEqual([]);
      const { path, query } = after(sandbox, refused);
      expect({ path, query }).toEqual({ path: refused?.path, query: refused?.query });
      expect(pauseAfter(sandbox, refused)).toBeGreaterThanOrEqual(pauseMs);
      expect(waitsOf(result)).toEqual([expect.stringMatching(says)]);
      expect(leaks(result)).toEqual([]);
    });
  },
);

/** Those that ask for a pause have a test of their own. */
const impatient = passing.filter(({ pauseMs }) => pauseMs === 0);

const passingNever: readonly (readonly [string, string])[] = [
  ['200 with a web page', moreChats],
  ['a gzip body cut in half', moreAgents],
];

test.each<FaultCase & RequestPlace>(atPlaces(impatient, passingNever))(
  '$name that does not end at $place fails that stream alone when patience is used up, and the next run completes it',
  async ({ says, ...where }) => {
    await withSandbox(faultAccount, async (sandbox) => {
      addFault(sandbox, where, { fault: where.fault });
      const broken = await runOn(sandbox, { max_retry_seconds: 1, ...timeLimit(where.fault) });
      expectOneFailure(broken, where, says);
      expect(lastWords(broken)).toMatch(/, at attempt 2 after 1 s of waiting/);
      expect(met(sandbox)).toHaveLength(2);
      expect(lossesAmongFirst(sandbox, broken, where)).toEqual([]);
      expect(lossesOf(sandbox, [broken], othersThan(where))).toEqual([]);

      sandbox.faults.clear();
      const next = await runOn(sandbox, {}, broken.lastState);
      expect(next.code).toBe(0);
      expect(lossesOf(sandbox, [broken, next])).toEqual([]);
      expect(leaks(next)).toEqual([]);
    });
  },
);

/** An account may do without departments: that is a test of its own. */
const isNoFailure = ({ name, stream }: FaultCase & RequestPlace): boolean =>
  name === '404' && stream === 'departments';

const lastingQuick: readonly (readonly [string, string])[] = [
  ['401', moreAgents],
  ['403', firstChats],
  ['JSON of another shape', moreChats],
];

test.each<FaultCase & RequestPlace>(
  atPlaces(lasting, lastingQuick).filter((one) => !isNoFailure(one)),
)(
  '$name at $place is not asked for again: that stream fails alone, and the next run completes it',
  async ({ says, ...where }) => {
    await withSandbox(faultAccount, async (sandbox) => {
      addFault(sandbox, where, { fault: where.fault });
      const broken = await runOn(sandbox);
      expectOneFailure(broken, where, says);
      expect(met(sandbox)).toHaveLength(1);
      expect(waitsOf(broken)).toEqual([]);
      expect(lossesAmongFirst(sandbox, broken, where)).toEqual([]);
      expect(lossesOf(sandbox, [broken], othersThan(where))).toEqual([]);

      sandbox.faults.clear();
      const next = await runOn(sandbox, {}, broken.lastState);
      expect(next.code).toBe(0);
      expect(lossesOf(sandbox, [broken, next])).toEqual([]);
    });
  },
);

test('Departments that answer 404 are absent: that is said, and everything else is read', async () => {
  await withSandbox({ ...faultAccount, switches: { absent: { departments: 404 } } }, async (at) => {
    const result = await runOn(at);
    expect(result.code).toBe(0);
    expect(result.warnings).toEqual([
      expect.stringMatching(
        /^departments: this is not there for this account or its token \(.* answers 404 /,
      ),
    ]);
    expect(lossesOf(at, [result], ['agents', 'chats'])).toEqual([]);
  });
});

const beyondPatience: readonly {
  readonly name: string;
  readonly fault: Fault;
  readonly config: object;
  readonly pauseMs: number;
}[] = [
  {
    name: '429 with a Retry-After of an hour',
    fault: { kind: 'status', status: 429, retryAfter: 3600 },
    config: {},
    pauseMs: 3_600_000,
  },
  {
    name: '429 with a Retry-After that lies a day ahead',
    fault: { kind: 'status', status: 429, retryAfter: { inSeconds: 86_400 } },
    config: {},
    pauseMs: 86_399_000,
  },
  {
    name: '503 with a Retry-After of three seconds, which is more than max_retry_seconds',
    fault: { kind: 'status', status: 503, retryAfter: 3 },
    config: { max_retry_seconds: 2 },
    pauseMs: 3000,
  },
];

const beyondPlaces = beyondPatience.flatMap((one) =>
  requestPlaces.map((place) => ({ ...one, ...place })),
);

test.each(
  chosen(beyondPlaces, ({ name, place }) =>
    name.includes('an hour') ? place === moreChats : place === departments,
  ),
)(
  '$name at $place ends the run at once and says until when; no stream asks earlier',
  async ({ fault, config, pauseMs, ...where }) => {
    await withSandbox(faultAccount, async (sandbox) => {
      addFault(sandbox, where, { fault });
      const broken = await runOn(sandbox, config);
      expectOneFailure(broken, where, /asks for no request before .*\(max_retry_seconds\)/);
      const [refused] = met(sandbox);
      expect(sandbox.requests.at(-1)).toBe(refused);
      const [until = ''] = /(?<=no request before )\S+Z/.exec(lastWords(broken)) ?? [];
      expect(Date.parse(until)).toBeGreaterThanOrEqual((refused?.at ?? 0) + pauseMs);

      sandbox.faults.clear();
      const next = await runOn(sandbox, {}, broken.lastState);
      expect(next.code).toBe(0);
      expect(lossesOf(sandbox, [broken, next])).toEqual([]);
    });
  },
);

const [firstPlace, middlePlace] = requestPlaces as [RequestPlace, RequestPlace];

test('A stream that fails behind a pause has kept it, and the next stream goes on', async () => {
  await withSandbox(faultAccount, async (sandbox) => {
    const refusal = { kind: 'status', status: 400 } as const;
    addFault(sandbox, middlePlace, {
      fault: { kind: 'status', status: 429, retryAfter: 3 },
      times: 1,
    });
    addFault(sandbox, middlePlace, { fault: refusal });
    const result = await runOn(sandbox);
    expectOneFailure(result, middlePlace, /answers 400/);
    expect(pauseAfter(sandbox, met(sandbox)[0])).toBeGreaterThanOrEqual(3000);
    expect(lossesOf(sandbox, [result], othersThan(middlePlace))).toEqual([]);
  });
});

test('When patience is used up, a pause that the one attempt of the next stream is told is kept by the one after it', async () => {
  await withSandbox(faultAccount, async (sandbox) => {
    addFault(sandbox, firstPlace, { fault: { kind: 'status', status: 500 } });
    sandbox.faults.add({
      path: '=departments',
      fault: { kind: 'status', status: 503, retryAfter: 4 },
    });
    const result = await runOn(sandbox, { max_retry_seconds: 5 });
    expect(result.code).toBe(1);
    expect(criticalLines(result)).toEqual([lastWords(result)]);
    expect(lastWords(result)).toMatch(/^CRITICAL 2 of 3 streams failed \(chats, departments\): /);
    const refused = sandbox.requests.filter(({ path }) => path.endsWith('/departments'));
    expect(refused).toHaveLength(1);
    expect(pauseAfter(sandbox, refused[0])).toBeGreaterThanOrEqual(4000);
    expect(lossesOf(sandbox, [result], ['agents'])).toEqual([]);
  });
});
