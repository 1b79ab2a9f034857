/** A run that is told to stop leaves a state from which the next one goes on. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/options.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { seeded } from '../helpers/export-model.ts';
import type { StartedTap } from '../helpers/spawn-tap.ts';
import {
  contentsNow,
  createDeathWorld,
  dieIn,
  inPairs,
  runIn,
  startIn,
  type DeathWorld,
} from './death-world.ts';
import {
  contentFaults,
  contentsAfter,
  lastStateOf,
  readStory,
  repeatsAfter,
  type Story,
} from './union.ts';
import { chosen, isWhole } from './whole-set.ts';

const signals = ['SIGTERM', 'SIGINT'] as const;

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

/** What is wrong after the next run. */
async function faultsAfter(
  world: DeathWorld,
  sandbox: Sandbox,
  stopped: Story,
): Promise<readonly string[]> {
  sandbox.faults.clear();
  const state = lastStateOf(stopped);
  const next = await runIn(sandbox, state);
  const end = stopped.findLastIndex((line) => line.state !== undefined);
  const before = stopped.slice(0, Math.max(0, end));
  const repeats = state && repeatsAfter(before, state, next.story, world.rules);
  return [
    ...(next.code === 0 ? [] : [next.stderr]),
    ...contentFaults(contentsAfter([stopped, next.story]), contentsNow(sandbox)),
    ...(repeats?.faults ?? []),
  ];
}

const times = isWhole ? 10 : 2;

test.each(signals)(
  `%s at ${times} moments of a run: the next run brings exactly the rest`,
  async (signal) => {
    const world = await createDeathWorld({}, { latencyMs: 10 });
    const random = seeded(signal.length);

    const outcomes = await inPairs(Array.from({ length: times }), () =>
      world.within(async (sandbox) => {
        const afterBytes = 1 + Math.floor(random() * 300_000);
        const stopped = await dieIn(sandbox, { how: signal, afterBytes });
        const faults = await faultsAfter(world, sandbox, stopped.story);
        return { signal: stopped.signal, last: stopped.story.at(-1), faults };
      }),
    );

    expect(outcomes.flatMap(({ faults }) => faults)).toEqual([]);
    expect(outcomes.map((outcome) => outcome.signal)).toEqual(outcomes.map(() => signal));
    expect(outcomes.filter(({ last }) => last?.state === undefined)).toEqual([]);
  },
  120_000,
);

/** The API asks for a pause far longer than any test. */
function pauseIn(path: string, nth: number): SandboxOptions {
  return { faults: [{ path, nth, fault: { kind: 'status', status: 429, retryAfter: 600 } }] };
}

const pauses = [
  { where: 'in the bans', path: '=bans', nth: 3 },
  { where: 'in the timeline', path: 'agent_timeline', nth: 4 },
  { where: 'among chats of one second', path: 'incremental/chats', nth: 9 },
  { where: 'before the first agents', path: '=agents', nth: 1 },
];

/** A tap whose output is read all the time. */
function collect({ child }: StartedTap): () => Buffer {
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

const waits = chosen(
  pauses.flatMap((pause) => signals.map((signal) => [pause.where, signal, pause] as const)),
  ([, , { nth }]) => nth === 9,
);

test.each(waits)(
  'while a pause is waited for %s, %s stops the run: the next one brings exactly the rest',
  async (_where, signal, { path, nth }) => {
    const world = await createDeathWorld({}, pauseIn(path, nth));

    await world.within(async (sandbox) => {
      const tap = await startIn(sandbox);
      const received = collect(tap);
      let log = '';
      tap.child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
      await until(() => log.includes('INFO waiting 600 s'));
      tap.child.kill(signal);
      const [stopped] = await Promise.all([tap.result, once(tap.child.stdout, 'close')]);
      expect(stopped).toMatchObject({ code: null, signal });
      const story = readStory(received());
      expect(story.at(-1)?.state).toBeDefined();
      expect(await faultsAfter(world, sandbox, story)).toEqual([]);
    });
  },
  60_000,
);

/** More than a pipe holds, in pages of which it holds several. */
const plenty: SandboxOptions = { history: { min: 10, max: 14 } };

/** Resolves when the tap asks for nothing any more: it cannot get rid of what it has. */
async function blocked({ requests }: Sandbox): Promise<void> {
  let before = -1;
  while (requests.length !== before || requests.length === 0) {
    before = requests.length;
    await delay(700);
  }
}

/** What a tap that nobody read leaves in its pipe. */
async function leftIn(tap: StartedTap): Promise<Buffer> {
  const { child } = tap;
  return new Promise((resolve) => {
    // A moment later the bytes would be thrown away.
    child.once('exit', () => {
      const received = collect(tap);
      child.stdout.once('close', () => resolve(received()));
    });
  });
}

const blockades = [
  { title: 'SIGTERM', sent: ['SIGTERM'] },
  { title: 'SIGINT', sent: ['SIGINT'] },
  { title: 'SIGTERM and at once SIGINT', sent: ['SIGTERM', 'SIGINT'] },
  { title: 'SIGINT twice', sent: ['SIGINT', 'SIGINT'] },
] as const;

test.each(isWhole ? blockades : blockades.slice(1, 3))(
  '$title while nobody reads: what lies in the pipe is enough for the next run to bring the rest',
  async ({ sent }) => {
    const world = await createDeathWorld({}, plenty);

    await world.within(async (sandbox) => {
      const tap = await startIn(sandbox);
      await blocked(sandbox);
      const left = leftIn(tap);
      for (const signal of sent) tap.child.kill(signal);
      const [stopped, bytes] = await Promise.all([tap.result, left]);
      expect(sent).toContain(stopped.signal);
      const story = readStory(bytes);
      expect(story.some(({ written }) => written?.stream === 'chats')).toBe(true);
      expect(await faultsAfter(world, sandbox, story)).toEqual([]);
    });
  },
  60_000,
);

test('A reader that wakes up after the signal gets the page in hand and its state', async () => {
  const world = await createDeathWorld({}, plenty);

  await world.within(async (sandbox) => {
    const tap = await startIn(sandbox);
    await blocked(sandbox);
    tap.child.kill('SIGTERM');
    const received = collect(tap);
    const [stopped] = await Promise.all([tap.result, once(tap.child.stdout, 'close')]);
    expect(stopped.signal).toBe('SIGTERM');
    expect(received().toString().endsWith('\n')).toBe(true);
    const story = readStory(received());
    expect(story.at(-1)?.state).toBeDefined();
    expect(await faultsAfter(world, sandbox, story)).toEqual([]);
  });
});
