/** A sync may be killed at any byte. The next one, from the last delivered state, completes it. */
import { expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { newestOf, recordFaults } from '../support/oracle.ts';
import {
  connection,
  isWhole,
  messagesOf,
  recordsOf,
  runIn,
  spawnIn,
  statusesOf,
} from '../support/run-source.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { account, inputOf, streams } from '../no-loss/cut-runs.ts';
import { createDice } from '../no-loss/dice.ts';
import { partFaults, readFaults } from './judge/checks.ts';
import { storedState } from './judge/configure.ts';
import { streamOf } from './judge/expectation.ts';
import type { SourceRun } from './judge/source-run.ts';

/** Each one kills a process of the built source. The sync after it runs in this process. */
const deaths = isWhole ? 50 : 1;

/** Ids of the records of a stream that its last state covers. */
function coveredBy(run: SourceRun, stream: string): ReadonlySet<unknown> {
  const messages = messagesOf(run).filter((message) => streamOf(message) === stream);
  const last = messages.findLastIndex(({ type }) => type === 'STATE');
  const covered = messages.slice(0, Math.max(0, last));
  return new Set(covered.flatMap((one) => (one.type === 'RECORD' ? [one.record.data['id']] : [])));
}

/** The state of an old version of Airbyte's connector in the middle of this account, for all streams. */
function blobOf({ account: held }: Sandbox): object {
  const ids = (resource: 'agents' | 'bans'): number[] =>
    [...held.dump(resource)].map(({ id }) => Number(id)).sort((a, b) => a - b);
  const textOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '');
  return {
    agents: { id: ids('agents')[8] },
    bans: { id: ids('bans')[7] },
    agent_timeline: { start_time: textOf(held.timeAt('agent_timeline', 10) / 1000) },
    chats: { update_timestamp: textOf(held.timeAt('chats', 20) * 1000) },
  };
}

test.each([
  { seed: 5, what: 'a first sync', stateOf: () => [], mostChats: 90 },
  { seed: 7, what: 'a sync from the one state of an old version', stateOf: blobOf, mostChats: 75 },
])(
  `${deaths} times $what dies at a random byte, and the next one brings the rest`,
  async ({ seed, stateOf, mostChats }) => {
    const dice = createDice(seed);
    // More than pipes can hold, so that no sync ends before it is killed.
    const options = { ...account, chats: 90, history: { min: 10, max: 14 }, now: Date.now() };
    const catalog = await connection(streams);
    const { config } = inputOf({});
    const whole = await withSandbox(options, (sandbox) =>
      runIn(sandbox, { catalog, config, state: stateOf(sandbox) }),
    );
    expect(recordsOf(whole, 'chats').length).toBeLessThanOrEqual(mostChats);

    for (let count = 0; count < deaths; count += 1) {
      await withSandbox(options, async (sandbox) => {
        const death = {
          afterBytes: dice.between(1, whole.stdout.length / 4),
          how: dice.one(['SIGKILL', 'SIGKILL', 'closed pipe'] as const),
        };
        const state = stateOf(sandbox);
        const first = await spawnIn(sandbox, { catalog, config, state, death });
        expect(first.code).not.toBe(0);
        expect(partFaults(first, { catalog })).toEqual([]);
        const stored = storedState([first]);
        const rest = await runIn(sandbox, {
          catalog,
          config,
          state: stored.length > 0 ? stored : state,
        });
        expect(readFaults(rest, { catalog })).toEqual([]);

        const losses = streams.flatMap((stream) => {
          const got = [...recordsOf(first, stream), ...recordsOf(rest, stream)];
          return recordFaults(stream, newestOf(got), newestOf(recordsOf(whole, stream)));
        });
        // A crash between the positions of a blob omits some of them, and their streams are read completely.
        const isAmongPositions = stored.length > 0 && statusesOf(first).length === 0;
        expect(
          losses.filter((fault) => !(isAmongPositions && fault.endsWith('is invented'))),
        ).toEqual([]);
        const repeated = streams.map((stream) => {
          const covered = coveredBy(first, stream);
          return recordsOf(rest, stream).filter(({ id }) => covered.has(id)).length;
        });
        // At most one page of records is repeated.
        expect(Math.max(...repeated)).toBeLessThanOrEqual(10);
      });
    }
  },
);
