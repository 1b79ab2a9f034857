/**
 * For every fault of a response: it is retried or not, never earlier than the API requests, nothing is lost,
 * no run with something missing ends green, and the token goes nowhere.
 *
 * `faults-pages.test.ts` has the test of a page that is too large at once.
 */
import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import type { LoggedRequest } from '../../src/sandbox/api/request-log.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { lossesOf } from '../support/oracle.ts';
import type { TapResult } from '../support/run-tap.ts';
import { criticalLines, lastErrorLine, leaks } from '../support/with-sandbox.ts';
import {
  addFault,
  faultStreams,
  lossesAmongFirst,
  requestPlaces,
  withFaultAccount,
  type RequestPlace,
} from './fault-account.ts';
import { lasting, passing, type FaultCase, type PassingCase } from './fault-cases.ts';
import { chosen } from './full-set.ts';

const [firstPlace, middlePlace] = requestPlaces as [RequestPlace, RequestPlace];

function met({ requests }: Sandbox): readonly LoggedRequest[] {
  return requests.filter(({ fault }) => fault !== null);
}

/** The request after another one in the log. */
function after({ requests }: Sandbox, request: LoggedRequest | undefined): LoggedRequest {
  const next = requests[request?.number ?? 0];
  if (next === undefined) throw new Error('No request was made after it.');
  return next;
}

/** The longest pause between requests, measured from before the response was sent. */
function pauseAfter(sandbox: Sandbox, request: LoggedRequest | undefined): number {
  return after(sandbox, request).at - (request?.at ?? Number.NaN);
}

function waitsOf({ stderrLines }: TapResult): readonly string[] {
  return stderrLines.filter((line) => line.startsWith('INFO waiting '));
}

/** The conditions for every run that fails because of one stream. */
function expectOneFailure(
  result: TapResult,
  { stream }: RequestPlace,
  { says, exitCode = 1 }: Pick<FaultCase, 'says' | 'exitCode'>,
): void {
  expect(result.code).toBe(exitCode);
  expect(criticalLines(result)).toEqual([lastErrorLine(result)]);
  expect(lastErrorLine(result)).toMatch(new RegExp(`^CRITICAL ${stream}: `));
  expect(lastErrorLine(result)).toMatch(says);
  expect(result.messages.at(-1)?.type).toBe('STATE');
  expect(leaks(result)).toEqual([]);
}

function othersThan({ stream }: RequestPlace): readonly string[] {
  return faultStreams.filter((name) => name !== stream);
}

/** Every case at every place; in `npm test` each case at one, and all places in turn. */
function atPlaces<T extends object>(cases: readonly T[]): (T & RequestPlace)[] {
  return cases.flatMap((one, index) => {
    const all = requestPlaces.map((place) => ({ ...one, ...place }));
    return chosen(all, (at) => at.place === requestPlaces[index % requestPlaces.length]?.place);
  });
}

test.each<PassingCase & RequestPlace>(atPlaces(passing))(
  'After $name, $place is retried, no earlier than the API requests, and nothing is missing',
  async ({ says, pauseMs, ...where }) => {
    await withFaultAccount({}, async ({ sandbox, run }) => {
      addFault(sandbox, where, { fault: where.fault, times: 1 });
      const result = await run();

      expect(result.code).toBe(0);
      expect(criticalLines(result)).toEqual([]);
      expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
      const [refused, ...more] = met(sandbox);
      expect(more).toEqual([]);
      const { path, query } = after(sandbox, refused);
      expect({ path, query }).toEqual({ path: refused?.path, query: refused?.query });
      expect(pauseAfter(sandbox, refused)).toBeGreaterThanOrEqual(pauseMs);
      expect(waitsOf(result)).toEqual([expect.stringMatching(says)]);
      expect(leaks(result)).toEqual([]);
      const ids = result.records('chats').map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)]);
    });
  },
);

test.each(chosen(passing, ({ name }) => /^429|502/.test(name)))(
  'After $name at the second page of the chats, while pages are read ahead, nothing is missing',
  async ({ fault }) => {
    await withFaultAccount({}, async ({ sandbox, run }) => {
      addFault(sandbox, middlePlace, { fault, times: 2 });
      const result = await run({ read_ahead: 4 });
      expect(result.code).toBe(0);
      expect(lossesOf(sandbox, [result], faultStreams)).toEqual([]);
      expect(leaks(result)).toEqual([]);
    });
  },
);

test.each(chosen(lasting, ({ name }) => /^4|no object/.test(name)))(
  '$name that does not end at the second page of the chats, while pages are read ahead, fails that stream alone',
  async ({ fault, ...failure }) => {
    await withFaultAccount({}, async ({ sandbox, run }) => {
      addFault(sandbox, middlePlace, { fault });
      const broken = await run({ read_ahead: 4, max_retry_seconds: 1 });
      expectOneFailure(broken, middlePlace, failure);
      expect(lossesAmongFirst(sandbox, broken, middlePlace)).toEqual([]);

      sandbox.faults.clear();
      const next = await run({ read_ahead: 4 }, broken.lastState);
      expect(next.code).toBe(0);
      expect(lossesOf(sandbox, [broken, next], faultStreams)).toEqual([]);
    });
  },
);

interface Failing extends FaultCase {
  /** Number of attempts. More than one means that the retry budget of one second is exhausted. */
  readonly attempts: number;
}

/** Those that ask for a pause have a test of their own. In `npm test`: one of each kind. */
const impatient = chosen(
  passing.filter(({ pauseMs }) => pauseMs === 0),
  ({ name }) => /^429 without|502|broken JSON|reset connection|silence in the middle/.test(name),
).map(({ name, fault, says }): Failing => ({ name, fault, says, attempts: 2 }));

const failing = [...impatient, ...lasting.map((one) => Object.assign({ attempts: 1 }, one))];

/** An account may do without departments: reporting/stream-status. */
const isNoFailure = ({ name, stream }: FaultCase & RequestPlace): boolean =>
  name === '404' && stream === 'departments';

test.each<Failing & RequestPlace>(atPlaces(failing).filter((one) => !isNoFailure(one)))(
  '$name that does not end at $place fails that stream alone, at attempt $attempts, and the next run completes it',
  async ({ attempts, ...where }) => {
    await withFaultAccount({}, async ({ sandbox, run }) => {
      addFault(sandbox, where, { fault: where.fault });
      const broken = await run({ max_retry_seconds: 1 });
      expectOneFailure(broken, where, where);
      if (attempts > 1)
        expect(lastErrorLine(broken)).toMatch(/, at attempt 2 after 1 s of waiting/);
      expect(met(sandbox)).toHaveLength(attempts);
      expect(waitsOf(broken)).toHaveLength(attempts - 1);
      expect(lossesAmongFirst(sandbox, broken, where)).toEqual([]);
      expect(lossesOf(sandbox, [broken], othersThan(where))).toEqual([]);

      sandbox.faults.clear();
      const next = await run({}, broken.lastState);
      expect(next.code).toBe(0);
      expect(lossesOf(sandbox, [broken, next], faultStreams)).toEqual([]);
      expect(leaks(next)).toEqual([]);
    });
  },
);

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

test.each(atPlaces(beyondPatience))(
  '$name at $place ends the run at once and names the end of the wait; no stream sends a request earlier',
  async ({ fault, config, pauseMs, ...where }) => {
    await withFaultAccount({}, async ({ sandbox, run }) => {
      addFault(sandbox, where, { fault });
      const broken = await run(config);
      expectOneFailure(broken, where, {
        says: /allows no request before .* exceeds max_retry_seconds/,
      });
      const [refused] = met(sandbox);
      expect(sandbox.requests.at(-1)).toBe(refused);
      const [until = ''] = /(?<=no request before )\S+Z/.exec(lastErrorLine(broken)) ?? [];
      expect(Date.parse(until)).toBeGreaterThanOrEqual((refused?.at ?? 0) + pauseMs);

      sandbox.faults.clear();
      const next = await run({}, broken.lastState);
      expect(next.code).toBe(0);
      expect(lossesOf(sandbox, [broken, next], faultStreams)).toEqual([]);
    });
  },
);

test('When the retry budget is exhausted, the error names the setting, and later streams get one attempt each', async () => {
  await withFaultAccount({}, async ({ sandbox, run }) => {
    sandbox.faults.add({ fault: { kind: 'status', status: 503 } });
    const result = await run({ max_retry_seconds: 1 }, {});
    expect(result.code).toBe(1);
    expect(lastErrorLine(result)).toMatch(
      /^CRITICAL 3 of 3 streams failed \(departments, agents, chats\): departments: .*max_retry_seconds/,
    );
    expect(sandbox.requests).toHaveLength(4);
    expect(result.messages.map(({ type }) => type)).toEqual(['STATE']);
  });
});

test('Without a retry budget, a request without a response fails its stream at once, and the error names the time limit', async () => {
  await withFaultAccount({}, async ({ sandbox, run }) => {
    addFault(sandbox, middlePlace, { fault: { kind: 'stall', where: 'headers' } });
    const result = await run({ max_retry_seconds: 0, request_timeout: 3 });
    expectOneFailure(result, middlePlace, {
      says: /does not answer within 3 s.*request_timeout/,
    });
    expect(met(sandbox)).toHaveLength(1);
    expect(waitsOf(result)).toEqual([]);
  });
});

test('When the retry budget is exhausted, a pause that the only attempt of the next stream receives also applies to the stream after it', async () => {
  await withFaultAccount({}, async ({ sandbox, run }) => {
    addFault(sandbox, firstPlace, { fault: { kind: 'status', status: 500 } });
    sandbox.faults.add({
      path: '=departments',
      fault: { kind: 'status', status: 503, retryAfter: 4 },
    });
    const result = await run({ max_retry_seconds: 5 });
    expect(result.code).toBe(1);
    expect(criticalLines(result)).toEqual([lastErrorLine(result)]);
    expect(lastErrorLine(result)).toMatch(
      /^CRITICAL 2 of 3 streams failed \(chats, departments\): /,
    );
    const refused = sandbox.requests.filter(({ path }) => path.endsWith('/departments'));
    expect(refused).toHaveLength(1);
    expect(pauseAfter(sandbox, refused[0])).toBeGreaterThanOrEqual(4000);
    expect(lossesOf(sandbox, [result], ['agents'])).toEqual([]);
  });
});
