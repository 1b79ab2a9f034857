/** A death after every line of a run, with one more run from each of its states. */
import type { JsonObject } from '../../src/json.ts';
import { createDeathWorld, inPairs, type DeathWorld, type Ending } from './death-world.ts';
import { failuresIn, isAllowed, type Habit } from './server-habits.ts';
import { contentFaults, contentsAfter, everyDeath, lastStateOf, repeatsAfter } from './union.ts';
import type { Story } from './union.ts';

export interface Trial {
  /** What was lost, invented, repeated without need, or ended in an unexpected way. */
  readonly faults: readonly string[];
  /** Lines after which the run was thought dead. */
  readonly lines: number;
  readonly runs: number;
  /** The most records that one run repeated although they lay before its state. */
  readonly mostRepeated: number;
  /** What the runs failed with, each text once. */
  readonly failures: readonly string[];
}

/** A run, and where it failed the one that follows it once the server behaves. */
interface Chain {
  readonly first: Ending;
  readonly stories: readonly Story[];
  readonly faults: readonly string[];
}

function endingFaults(ending: Ending, habit: Habit): readonly string[] {
  const failures = failuresIn(ending.stderr);
  const unexpected = failures.filter((failure) => !isAllowed(failure, habit));
  const isConsistent = ending.code === (failures.length === 0 ? 0 : 1);
  return [
    ...unexpected,
    ...(isConsistent ? [] : [`exit ${ending.code} ${ending.signal}: ${ending.stderr}`]),
    ...(ending.requests < (habit.mostRequests ?? 500) ? [] : [`${ending.requests} requests`]),
  ];
}

async function runChain(
  world: DeathWorld,
  healthy: DeathWorld,
  habit: Habit,
  state?: JsonObject,
): Promise<Chain> {
  const first = await world.run(state);
  const faults = endingFaults(first, habit);
  if (first.code === 0) return { first, faults, stories: [first.story] };
  const last = lastStateOf(first.story) ?? state;
  const healed = await healthy.run(last);
  const healedFaults = endingFaults(healed, { title: 'healthy', switches: {}, account: {} });
  return { first, faults: [...faults, ...healedFaults], stories: [first.story, healed.story] };
}

function statesOf(story: Story): ReadonlyMap<string, JsonObject> {
  return new Map(story.flatMap(({ state }) => (state ? [[JSON.stringify(state), state]] : [])));
}

/** The lines before the last time that this state was told. */
function before(story: Story, text: string): Story {
  const end = story.findLastIndex(({ state }) => state && JSON.stringify(state) === text);
  return story.slice(0, end);
}

/** One run, one more from each of its states, and a death after each of its lines. */
export async function tryEveryDeath(habit: Habit): Promise<Trial> {
  const world = await createDeathWorld(habit.switches, habit.account);
  const healthy = world.but({
    startId: 'exclusive',
    endIds: ['chats', 'agent_timeline'],
    emptyPages: null,
    envelope: null,
    repeatPage: null,
    sinceId: 'inclusive',
  });
  const whole = await runChain(world, healthy, habit);
  const states = [...statesOf(whole.first.story)];
  const chains = await inPairs(states, ([, state]) => runChain(world, healthy, habit, state));
  const byState = new Map(states.map(([text], index) => [text, chains[index] ?? whole]));
  const chainAfter = (state: JsonObject | undefined): Chain =>
    byState.get(JSON.stringify(state)) ?? whole;
  const deaths = everyDeath(
    whole.first.story,
    (state) => chainAfter(state).stories,
    world.contents,
  );
  const repeats = states.map(([text, state]) =>
    repeatsAfter(
      before(whole.first.story, text),
      state,
      chainAfter(state).first.story,
      world.rules,
    ),
  );
  const all = [whole, ...chains];
  const failures = [...new Set(all.flatMap(({ first }) => failuresIn(first.stderr)))];
  const isSaid = habit.says === undefined || failures.some((text) => habit.says?.test(text));
  return {
    faults: [
      ...new Set(all.flatMap(({ faults }) => faults)),
      ...(isSaid ? [] : ['the run did not say what is wrong']),
      ...contentFaults(contentsAfter(whole.stories), world.contents),
      ...deaths.faults,
      ...repeats.flatMap(({ faults }) => faults).slice(0, 10),
    ],
    lines: deaths.lines,
    runs: all.reduce((sum, { stories }) => sum + stories.length, 0),
    mostRepeated: Math.max(0, ...repeats.map(({ count }) => count)),
    failures,
  };
}
