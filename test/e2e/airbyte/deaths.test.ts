/** Whatever byte a sync dies at, the next one, from the last state that was delivered, completes it. */
import { afterAll, expect, test } from '@jest/globals';

import type { Sandbox } from '../../../src/sandbox/server.ts';
import { isWhole } from '../../helpers/run-source.ts';
import { contentsNow, createDeathWorld, inPairs } from '../../lossless/death-world.ts';
import { createDice } from '../../lossless/dice.ts';
import { contentFaults } from '../../lossless/union.ts';
import type { Death } from '../../platform/source-run.ts';
import { delivered, dieAndResume, syncIn, type DeathTrial } from './death-runs.ts';

const told: string[] = [];

/** The whole set tells its figures; `npm test` does not. */
afterAll(() => {
  if (isWhole) process.stderr.write(`${told.join('\n')}\n`);
});

/** Each ends a process of the built source; the sync behind it is one in this process. */
const deaths = isWhole ? 200 : 1;

/** More than a page of records is never brought again. */
const page = 20;

function plan(seed: number, wholeBytes: number): readonly Death[] {
  const dice = createDice(seed);
  // What lies in pipes when the only death of `npm test` strikes must not be all the rest.
  const latest = isWhole ? wholeBytes : wholeBytes / 4;
  return Array.from({ length: deaths }, () => ({
    afterBytes: dice.between(1, latest),
    how: dice.one(['SIGKILL', 'SIGKILL', 'closed pipe'] as const),
  }));
}

function expectNothingLost(title: string, trials: readonly DeathTrial[]): void {
  const died = trials.filter(({ hasDied }) => hasDied).length;
  const repeated = Math.max(...trials.map((trial) => trial.repeated));
  told.push(JSON.stringify({ title, trials: trials.length, died, mostRepeated: repeated }));
  expect(trials.flatMap(({ faults }) => faults)).toEqual([]);
  expect(died).toBeGreaterThan(deaths / 2);
  expect(repeated).toBeLessThanOrEqual(page);
}

test(`${deaths} times a first sync dies at a random byte, and the next one brings the rest`, async () => {
  const world = await createDeathWorld();
  const whole = await world.within((sandbox) => syncIn(sandbox));

  const trials = await inPairs(plan(5, whole.stdout.length), (death) =>
    world.within((sandbox) => dieAndResume(sandbox, death, world.contents)),
  );

  expect(contentFaults(delivered([whole]), world.contents)).toEqual([]);
  expectNothingLost('first sync', trials);
});

function seconds(sandbox: Sandbox, index: number): string {
  return new Date(sandbox.account.timeAt('chats', index) * 1000).toISOString();
}

/** What an old version of Airbyte's connector left in the middle of this account, all streams in one. */
function blobOf(sandbox: Sandbox): object {
  const { account } = sandbox;
  const ids = (resource: 'agents' | 'bans'): number[] =>
    [...account.dump(resource)].map(({ id }) => Number(id)).sort((a, b) => a - b);
  const timeline = new Date(account.timeAt('agent_timeline', 70) / 1000).toISOString();
  return {
    agents: { id: ids('agents')[25] },
    bans: { id: ids('bans')[17] },
    agent_timeline: { start_time: timeline.replace(/\.\d+/, '') },
    chats: { update_timestamp: seconds(sandbox, 110).replace(/\.\d+/, '') },
  };
}

test(`${deaths} times a sync from the one state of an old version dies, and no stream's position is lost`, async () => {
  const world = await createDeathWorld();
  const { blob, whole, everything } = await world.within(async (sandbox) => {
    const state = blobOf(sandbox);
    const run = await syncIn(sandbox, state);
    return { blob: state, whole: run, everything: contentsNow(sandbox) };
  });
  const expected = delivered([whole]);

  const trials = await inPairs(plan(7, whole.stdout.length), (death) =>
    world.within((sandbox) => dieAndResume(sandbox, death, expected, blob)),
  );

  expect(expected.size).toBeLessThan(everything.size - 200);
  expectNothingLost('from a blob', trials);
});
