/** Whatever moment a run dies at, the next one completes what it began. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { seeded } from '../helpers/export-model.ts';
import { tryEveryDeath } from './death-trial.ts';
import {
  contentsNow,
  createDeathWorld,
  dieIn,
  inPairs,
  runIn,
  type Death,
  type DeathWorld,
  type Ending,
} from './death-world.ts';
import { mixtures, singleHabits } from './server-habits.ts';
import { contentFaults, contentsAfter, lastStateOf, repeatsAfter, type Story } from './union.ts';
import { isWhole, tellFigures } from './whole-set.ts';

const habits = isWhole ? [...singleHabits, ...mixtures] : singleHabits.slice(0, 1);

test.each(habits)(
  'after a death behind any line the next run brings the rest: $title',
  async (habit) => {
    const { faults, failures, ...figures } = await tryEveryDeath(habit);

    tellFigures({ title: habit.title, ...figures, failures });
    expect(faults).toEqual([]);
    expect(figures.lines).toBeGreaterThan(100);
    expect(figures.runs).toBeGreaterThan(10);
  },
);

/** Everything a run of this account writes, roughly; where it is less, the run just ends before its death. */
const wholeBytes = 880_000;

/** Runs until one of them has really died. */
async function dieOnce(
  sandbox: Sandbox,
  how: Death['how'],
  random: () => number,
  state?: JsonObject,
): Promise<Ending> {
  for (;;) {
    const afterBytes = 1 + Math.floor(random() * wholeBytes);
    const ending = await dieIn(sandbox, { how, afterBytes }, state);
    if (ending.code !== 0) return ending;
  }
}

/** What changes while nobody reads. Edited chats are too young to be asked for, but they lie on the last page. */
function editSome({ account }: Sandbox): void {
  account.edit({ count: 2 });
}

interface Outcome {
  readonly faults: readonly string[];
  readonly repeated: number;
}

/** A run that dies somewhere, edits, and a run from the last state that was received. */
async function dieAndResume(
  world: DeathWorld,
  how: Death['how'],
  random: () => number,
): Promise<Outcome> {
  return world.within(async (sandbox) => {
    const dead = await dieOnce(sandbox, how, random);
    const state = lastStateOf(dead.story);
    editSome(sandbox);
    const next = await runIn(sandbox, state);
    const got = contentsAfter([dead.story, next.story]);
    const end = dead.story.findLastIndex((line) => line.state !== undefined);
    const repeats = state && repeatsAfter(dead.story.slice(0, end), state, next.story, world.rules);
    return {
      faults: [
        ...(next.code === 0 ? [] : [next.stderr]),
        ...contentFaults(got, contentsNow(sandbox)),
        ...(repeats?.faults ?? []),
      ],
      repeated: repeats?.count ?? 0,
    };
  });
}

/** Each ends a process of the built program; the run behind it is one in this process. */
const deaths = isWhole ? 50 : 1;

test.each(['SIGKILL', 'closed pipe'] as const)(
  `${deaths} times a run ends by %s at a random byte, and the next one completes it, edits included`,
  async (how) => {
    const world = await createDeathWorld();
    const random = seeded(how.length);

    const outcomes = await inPairs(Array.from({ length: deaths }), () =>
      dieAndResume(world, how, random),
    );

    const mostRepeated = Math.max(...outcomes.map(({ repeated }) => repeated));
    tellFigures({ title: how, deaths, mostRepeated });
    expect(outcomes.flatMap(({ faults }) => faults)).toEqual([]);
  },
);

const chainLength = isWhole ? 10 : 2;
const chains = isWhole ? [1, 2, 3, 4] : [1];

/** Runs that die one after another, each begun from the last state there is, and one that may live. */
async function runChain(sandbox: Sandbox, random: () => number): Promise<readonly Ending[]> {
  const endings: Ending[] = [];
  let state: JsonObject | undefined;
  for (let count = 0; count < chainLength; count += 1) {
    const how = random() < 0.5 ? 'SIGKILL' : 'closed pipe';
    const afterBytes = 1 + Math.floor((random() * wholeBytes) / chainLength);
    const ending = await dieIn(sandbox, { how, afterBytes }, state);
    endings.push(ending);
    state = lastStateOf(ending.story) ?? state;
    sandbox.account.edit();
  }
  return [...endings, await runIn(sandbox, state)];
}

test.each(chains)(
  `${chainLength} runs die one after another, and the next one completes them all (chain %i)`,
  async (seed) => {
    const world = await createDeathWorld();

    await world.within(async (sandbox) => {
      const endings = await runChain(sandbox, seeded(seed * 104_729));
      const stories: Story[] = endings.map(({ story }) => story);
      const dead = endings.filter(({ code }) => code !== 0);
      expect(dead.length).toBeGreaterThanOrEqual(chainLength - 1);
      expect(endings.at(-1)?.code).toBe(0);
      expect(contentFaults(contentsAfter(stories), contentsNow(sandbox))).toEqual([]);
    });
  },
);
