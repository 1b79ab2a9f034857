/** A run may end at any time, with any behavior of the API. The next run completes it. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import { exportNames } from '../../src/sandbox/data/resources.ts';
import { contentsOf, differencesOf, lossesOf } from '../support/oracle.ts';
import { runTap, type Output } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { runOnce, withWorld, worldStartMs, type WorldRun } from '../support/world.ts';
import { account, cutsOf, dieIn, inputOf, repeatFaults, streams } from './cut-runs.ts';
import { createDice } from './dice.ts';
import { failuresIn, habits, type Habit } from './server-habits.ts';
import { isWhole } from './full-set.ts';

function endingFaults({ result, sandbox }: WorldRun, habit: Habit): readonly string[] {
  const failures = failuresIn(result.stderr);
  const isConsistent = result.code === (failures.length === 0 ? 0 : 1);
  const { length } = sandbox.requests;
  return [
    ...failures.filter((failure) => habit.says?.test(failure) !== true),
    ...(isConsistent ? [] : [`exit ${result.code}: ${result.stderr}`]),
    ...(length < (habit.mostRequests ?? 500) ? [] : [`${length} requests`]),
  ];
}

/** A run against its own server, which has the same data each time. */
function runWith({ switches, account: more, config = {} }: Habit, state?: JsonObject) {
  const options = { ...account, ...more, switches: { ...account.switches, ...switches } };
  return runOnce(options, inputOf(config, state));
}

/** A server without faults, with its other special properties. */
const healed = {
  startId: 'exclusive',
  endIds: exportNames,
  emptyPages: null,
  envelope: null,
  repeatPage: null,
  sinceId: 'inclusive',
} as const;

interface Chain {
  readonly first: WorldRun;
  readonly outputs: readonly Output[];
  readonly faults: readonly string[];
}

/** A run and, if it failed, the next one with a server without faults. */
async function runChain(habit: Habit, state?: JsonObject): Promise<Chain> {
  const first = await runWith(habit, state);
  const faults = endingFaults(first, habit);
  const { result } = first;
  if (result.code === 0) return { first, faults, outputs: [result] };
  const calm = { title: '', account: habit.account, switches: { ...habit.switches, ...healed } };
  const next = await runWith(calm, result.states.at(-1) ?? state);
  return {
    first,
    faults: [...faults, ...endingFaults(next, calm)],
    outputs: [result, next.result],
  };
}

/** The faults of a run, and of the runs that continue from these of its states. */
async function faultsWith(
  habit: Habit,
  chosenCuts: (cuts: ReturnType<typeof cutsOf>) => ReturnType<typeof cutsOf>,
): Promise<readonly string[]> {
  const whole = await runChain(habit);
  const { sandbox, result } = whole.first;
  const failures = failuresIn(result.stderr);
  const contents = contentsOf(sandbox, whole.outputs, streams);
  const faults = [...whole.faults, ...differencesOf(whole.outputs, contents)];
  const { clockOffsetSeconds = 0, timelineSort = 'end' } = habit.switches;
  const rules = { timelineSort, startedMs: worldStartMs + Math.min(0, clockOffsetSeconds) * 1000 };
  for (const cut of chosenCuts(cutsOf(result))) {
    const { first, outputs, faults: found } = await runChain(habit, cut.state);
    failures.push(...failuresIn(first.result.stderr));
    faults.push(
      ...found,
      ...differencesOf([cut.before, ...outputs], contents),
      ...repeatFaults(cut, first.result, rules),
    );
  }
  const isSaid = habit.says === undefined || failures.some((text) => habit.says?.test(text));
  return isSaid ? faults : [...faults, 'the run did not report the failure'];
}

const [usual, ...others] = habits as [Habit, ...Habit[]];

test('a run that ended after any of its states is completed by the next one', async () => {
  const faults = await faultsWith(usual, (cuts) => {
    expect(cuts.length).toBeGreaterThan(12);
    return isWhole ? cuts : cuts.filter((_, index) => index % 5 === 0);
  });
  expect(faults).toEqual([]);
});

/** In `npm test`: each habit alone, and one more run from the middle, or from where the first one failed. */
const tried = isWhole ? others : others.filter(({ isLean }) => isLean);

test.each(tried)(
  'everything is read, in one run and in two, or the run fails: $title',
  async (habit) => {
    const faults = await faultsWith(habit, (cuts) =>
      isWhole ? cuts : cuts.slice(habit.says === undefined ? cuts.length / 2 : -1).slice(0, 1),
    );
    expect(faults).toEqual([]);
  },
);

/** More than a pipe can hold, so that no run ends before it is killed. All items are old enough to be requested. */
const large = { ...account, chats: 90, newestAgeSeconds: 600, history: { min: 10, max: 14 } };
const deaths = isWhole ? 10 : 2;
const seeds = Array.from({ length: isWhole ? 10 : 1 }, (_, index) => index + 1);

test.each(seeds)(
  `${deaths} consecutive runs of the built program are killed at random bytes, and the next one completes them, including edits (seed %i)`,
  async (seed) => {
    const dice = createDice(seed);
    const startedMs = Date.now();
    await withSandbox({ ...large, now: startedMs }, async (sandbox) => {
      const runs: Output[] = [];
      let state: JsonObject | undefined;
      for (let count = 0; count < deaths; count += 1) {
        const how = count % 2 === 0 ? 'SIGKILL' : 'closed pipe';
        const afterBytes = dice.between(1, 300_000 / deaths);
        const dead = await dieIn(sandbox, { how, afterBytes }, state);
        expect(dead.code).not.toBe(0);
        runs.push(dead);
        state = dead.states.at(-1) ?? state;
        sandbox.account.edit({ count: 2, at: Math.floor(startedMs / 1000) - 400 });
      }
      const input = { ...inputOf(sandbox.config, state), sandboxUrl: sandbox.url };
      const last = await runTap(input);
      expect(last.code).toBe(0);
      expect(lossesOf(sandbox, [...runs, last], streams)).toEqual([]);
      const cuts = runs.slice(-1).flatMap(cutsOf).slice(-1);
      expect(cuts.flatMap((cut) => repeatFaults(cut, last, { startedMs }))).toEqual([]);
    });
  },
);

test('a start_date in the future makes no request and leaves no bookmark that would skip items', async () => {
  await withWorld(account, async ({ sandbox, run }) => {
    const early = await run(inputOf({ start_date: '2098-01-01' }));
    const asked = sandbox.requests.filter(({ path }) => path.includes('/incremental/')).length;
    const later = await run(inputOf({}, early.lastState));
    expect([early.code, later.code, asked]).toEqual([0, 0, 0]);
    expect(early.stderr).toContain('INFO chats: nothing to read yet: start_date 2098-01-01');
    expect(lossesOf(sandbox, [early, later], streams)).toEqual([]);
  });
});

test('more chats of one second within the last five minutes than a page holds are complete after the next run', async () => {
  const young = { newestAgeSeconds: 200, ties: [{ at: 'head', count: 25 }] } as const;
  await withWorld({ ...account, ...young }, async ({ sandbox, clock, run }) => {
    const first = await run(inputOf({}));
    clock.pass(3_600_000);
    const second = await run(inputOf({}, first.lastState));
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(lossesOf(sandbox, [first, second], streams)).toEqual([]);
  });
});

test('a run without new items repeats the second of the bookmark and proves the end with three requests', async () => {
  const old = { newestAgeSeconds: 600, ties: [], timelineTies: 0 };
  await withWorld({ ...account, ...old }, async ({ sandbox, clock, run }) => {
    const first = await run(inputOf({}));
    clock.pass(3_600_000);
    sandbox.requests.length = 0;
    const second = await run(inputOf({}, first.lastState));
    const newest = { id: sandbox.account.idAt('chats', 59) };
    for (const stream of streams) {
      const { length } = second.records(stream);
      const chats = first.records(stream).filter(({ chat_id: id }) => id === newest.id);
      const isList = ['agents', 'bans'].includes(stream);
      const isParts = stream.startsWith('chat_');
      expect([stream, length]).toEqual([stream, isParts ? chats.length : isList ? 0 : 1]);
    }
    expect(second.lastState).toEqual(first.lastState);
    const exports = sandbox.requests.filter(({ path }) => path.includes('/incremental/'));
    const readers = streams.length - ['agents', 'bans'].length;
    expect(exports.length).toBeLessThanOrEqual(readers * (1 + 3));
  });
});

test('incremental agents and bans are only those with a higher id than the last', async () => {
  await withWorld(account, async ({ sandbox, run }) => {
    const first = await run(inputOf({}));
    sandbox.account.put('agents', { id: 999_000_000_001, display_name: 'New' });
    sandbox.account.put('bans', { id: 99_000_001, type: 'visitor', visitor_id: 'v.1' });
    const second = await run(inputOf({}, first.lastState));
    expect(second.records('agents').map(({ id }) => id)).toEqual([999_000_000_001]);
    expect(second.records('bans').map(({ id }) => id)).toEqual([99_000_001]);
  });
});
