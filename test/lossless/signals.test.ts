/** A run that is told to stop leaves a state from which the next one goes on. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/options.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { seeded } from '../helpers/export-model.ts';
import { createManualClock } from '../helpers/manual-clock.ts';
import { runTap } from '../helpers/run-tap.ts';
import type { StartedTap } from '../helpers/spawn-tap.ts';
import { holdRequest } from '../helpers/with-sandbox.ts';
import {
  contentsNow,
  createDeathWorld,
  runIn,
  startIn,
  type DeathWorld,
  type Ending,
} from './death-world.ts';
import {
  contentFaults,
  contentsAfter,
  lastStateOf,
  readStory,
  repeatsAfter,
  type Story,
} from './union.ts';
import { isWhole } from './whole-set.ts';

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

/**
 * A run in this process that is stopped, as by a signal, once its reader has had so many bytes. The reader
 * takes a rest before it goes on.
 */
function stopIn(sandbox: Sandbox, afterBytes: number): Promise<Ending> {
  const stop = new AbortController();
  const read = async (stdout: Readable): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of stdout) {
      pieces.push(piece as Buffer);
      size += (piece as Buffer).length;
      if (size < afterBytes || stop.signal.aborted) continue;
      stop.abort();
      for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    }
    return Buffer.concat(pieces);
  };
  return runIn(sandbox, undefined, (input) => runTap({ ...input, read, signal: stop.signal }));
}

const times = isWhole ? 50 : 4;

test(`Stopped at ${times} moments of a run: the page in hand and its state go out, and the next run brings exactly the rest`, async () => {
  const world = await createDeathWorld();
  const random = seeded(7);
  await world.within(async (sandbox) => {
    for (let count = 0; count < times; count += 1) {
      const stopped = await stopIn(sandbox, 1 + Math.floor(random() * 300_000));
      expect(stopped.stderr).toContain('stopped by a signal');
      expect(stopped.story.at(-1)?.state).toBeDefined();
      expect(await faultsAfter(world, sandbox, stopped.story)).toEqual([]);
    }
  });
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends the process, and the next run brings exactly the rest',
  async (signal) => {
    const third = holdRequest(3, '/incremental/chats');
    const world = await createDeathWorld({}, { onRequest: third.onRequest });
    await world.within(async (sandbox) => {
      const tap = await startIn(sandbox);
      const received = collect(tap);
      await third.come;
      tap.child.kill(signal);
      const [stopped] = await Promise.all([tap.result, once(tap.child.stdout, 'close')]);
      expect(stopped).toMatchObject({ code: null, signal });
      // Whether or not the page in hand got out in time.
      expect(await faultsAfter(world, sandbox, readStory(received()))).toEqual([]);
    });
  },
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

test.each(pauses)(
  'Stopped while a pause is waited for $where: the next run brings exactly the rest',
  async ({ path, nth }) => {
    const stop = new AbortController();
    const clock = createManualClock(Date.now(), (ms) => {
      if (ms === 600_000) stop.abort();
    });
    const options = { ...pauseIn(path, nth), now: clock.now(), clock: clock.now };
    const world = await createDeathWorld({}, options);

    await world.within(async (sandbox) => {
      const stopped = await runIn(sandbox, undefined, (input) =>
        runTap({ ...input, clock, signal: stop.signal }),
      );
      expect(stopped.stderr).toContain('INFO waiting 600 s');
      expect(stopped.story.at(-1)?.state).toBeDefined();
      expect(await faultsAfter(world, sandbox, stopped.story)).toEqual([]);
    });
  },
);

/** More than a pipe holds, in pages of which it holds several. */
const plenty: SandboxOptions = { history: { min: 10, max: 14 } };

/** A tap whose output is read all the time. */
function collect({ child }: StartedTap): () => Buffer {
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

/** Reads until a chat has come, and then no more. */
async function readFirstChat({ child }: StartedTap): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    child.stdout.on('data', function read(chunk: Buffer) {
      chunks.push(chunk);
      const story = readStory(Buffer.concat(chunks));
      if (!story.some(({ written }) => written?.stream === 'chats')) return;
      child.stdout.off('data', read).pause();
      resolve();
    });
  });
  return Buffer.concat(chunks);
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
  '$title when the reader has stopped reading: what lies in the pipe is enough for the next run to bring the rest',
  async ({ sent }) => {
    const world = await createDeathWorld({}, plenty);

    await world.within(async (sandbox) => {
      const tap = await startIn(sandbox);
      const begun = await readFirstChat(tap);
      const left = leftIn(tap);
      for (const signal of sent) tap.child.kill(signal);
      const [stopped, bytes] = await Promise.all([tap.result, left]);
      expect(sent).toContain(stopped.signal);
      const story = readStory(Buffer.concat([begun, bytes]));
      expect(await faultsAfter(world, sandbox, story)).toEqual([]);
    });
  },
);
