/** A run that is stopped by a signal leaves a state from which the next run continues. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { startTap, type StartedTap } from '../support/spawn-tap.ts';
import { criticalLines, holdRequest, lastErrorLine, withSandbox } from '../support/with-sandbox.ts';
import { withWorld, worldStartMs, type World } from '../support/world.ts';
import { account, faultsAfter, inputOf, wholeLines } from './cut-runs.ts';
import { createDice } from './dice.ts';
import { chosen, isWhole } from './full-set.ts';

const stoppedLine =
  'CRITICAL stopped by a signal: the last state covers all written records. Run again with it to read the rest';

function expectStopped(stopped: TapResult): void {
  expect(stopped.stderr).toContain('1 interrupted');
  expect(criticalLines(stopped)).toEqual([stoppedLine]);
  expect(lastErrorLine(stopped)).toBe(stoppedLine);
  expect(stopped.messages.at(-1)?.type).toBe('STATE');
}

/** A run that is stopped, as by a signal, after its reader has read this number of bytes. The reader pauses first. */
function stopAfter({ run }: World, afterBytes: number): Promise<TapResult> {
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
  return run({ ...inputOf({}), read, signal: stop.signal });
}

const times = isWhole ? 50 : 4;

test(`Stopped at ${times} moments of a run: the current page and its state are written, and the next run reads exactly the rest`, async () => {
  const dice = createDice(7);
  await withWorld(account, async (world) => {
    for (let count = 0; count < times; count += 1) {
      const stopped = await stopAfter(world, dice.between(1, 60_000));
      expectStopped(stopped);
      const next = await world.run(inputOf({}, stopped.lastState));
      const rules = { startedMs: worldStartMs };
      expect(faultsAfter(world.sandbox, stopped, next, rules)).toEqual([]);
    }
  });
});

const pause: Fault = { kind: 'status', status: 429, retryAfter: 600 };
const silence: Fault = { kind: 'stall', where: 'headers' };
const silenceInBody: Fault = { kind: 'stall', where: 'body' };

const waits: readonly { what: string; path: string; nth: number; fault: Fault; lean?: true }[] = [
  { what: 'a pause in the bans', path: '=bans', nth: 3, fault: pause },
  { what: 'a pause before the first agents', path: '=agents', nth: 1, fault: pause },
  { what: 'a pause in the timeline', path: 'agent_timeline', nth: 4, fault: pause, lean: true },
  { what: 'an answer that does not come', path: '/chats', nth: 6, fault: silence, lean: true },
  { what: 'the rest of a body', path: '/chats', nth: 6, fault: silenceInBody, lean: true },
];

test.each(chosen(waits, ({ lean }) => lean === true))(
  'Stopped while it waits for $what: the run ends at once, and the next run reads exactly the rest',
  async ({ path, nth, fault }) => {
    const stop = new AbortController();
    const clock = createManualClock(worldStartMs, (ms) => {
      if (ms === 600_000) stop.abort();
    });
    const onAnswer: SandboxOptions['onAnswer'] = (answered) => {
      if (answered.fault !== 'stall') return;
      if (answered.status === null) stop.abort();
      else void clock.refreshed().then(() => stop.abort());
    };
    const options = { ...account, clock: clock.now, faults: [{ path, nth, fault }], onAnswer };
    await withSandbox(options, async (sandbox) => {
      const shared = { sandboxUrl: sandbox.url, clock };
      const input = { ...inputOf(sandbox.config), ...shared, signal: stop.signal };
      const stopped = await runTap(input);
      expectStopped(stopped);
      expect(clock.now()).toBe(worldStartMs);
      sandbox.faults.clear();
      const next = await runTap({ ...inputOf(sandbox.config, stopped.lastState), ...shared });
      expect(faultsAfter(sandbox, stopped, next, { startedMs: worldStartMs })).toEqual([]);
    });
  },
);

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
      if (wholeLines(Buffer.concat(chunks)).records('chats').length === 0) return;
      child.stdout.off('data', read).pause();
      resolve();
    });
  });
  return Buffer.concat(chunks);
}

/** The output that remains in the pipe of a tap without a reader. */
async function leftIn(tap: StartedTap): Promise<Buffer> {
  const { stdout } = tap.child;
  // An empty pipe may close before the exit is noticed.
  const closed = once(stdout, 'close');
  let received = (): Buffer => Buffer.alloc(0);
  // A moment later the bytes would be thrown away.
  tap.child.once('exit', () => {
    received = collect(tap);
  });
  await closed;
  return received();
}

/** Starts the built program, `stop` ends it, and the next run continues from the output. */
async function stopProcess(
  options: SandboxOptions,
  stop: (tap: StartedTap) => Promise<{ readonly end: TapResult; readonly bytes: Buffer }>,
  config: object = {},
): Promise<TapResult> {
  const startedMs = Date.now();
  return withSandbox({ ...account, now: startedMs, ...options }, async (sandbox) => {
    const shared = { sandboxUrl: sandbox.url };
    const { end, bytes } = await stop(
      await startTap({ ...inputOf({ ...sandbox.config, ...config }), ...shared }, false),
    );
    const stopped = wholeLines(bytes);
    const next = await runTap({ ...inputOf(sandbox.config, stopped.states.at(-1)), ...shared });
    expect(faultsAfter(sandbox, stopped, next, { startedMs })).toEqual([]);
    return end;
  });
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends the process with this signal, and the next run reads exactly the rest',
  async (signal) => {
    const third = holdRequest(3, '/incremental/chats');
    const end = await stopProcess({ onRequest: third.onRequest }, async (tap) => {
      const received = collect(tap);
      await third.come;
      tap.child.kill(signal);
      const [stopped] = await Promise.all([tap.result, once(tap.child.stdout, 'close')]);
      // Whether or not the current page was written in time.
      return { end: stopped, bytes: received() };
    });
    expect(end).toMatchObject({ code: null, signal });
    expect(lastErrorLine(end)).toBe(stoppedLine);
  },
);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  '%s with four requests in flight, none of them answered: it ends, and the next run brings exactly the rest',
  async (signal) => {
    const fifth = holdRequest(5, '/incremental/chats', 2);
    const options = { onRequest: fifth.onRequest };
    const config = { chats_page_limit: 10 };
    const end = await stopProcess(
      options,
      async (tap) => {
        const received = collect(tap);
        await fifth.come;
        tap.child.kill(signal);
        const [stopped] = await Promise.all([tap.result, once(tap.child.stdout, 'close')]);
        return { end: stopped, bytes: received() };
      },
      config,
    );
    expect(end).toMatchObject({ code: null, signal });
  },
);

const blockades = [
  { title: 'SIGTERM', sent: ['SIGTERM'] },
  { title: 'SIGINT', sent: ['SIGINT'] },
  { title: 'SIGTERM and at once SIGINT', sent: ['SIGTERM', 'SIGINT'] },
  { title: 'SIGINT twice', sent: ['SIGINT', 'SIGINT'] },
] as const;

test.each(isWhole ? blockades : blockades.slice(1, 3))(
  '$title when the reader has stopped: with the output in the pipe, the next run reads the rest',
  async ({ sent }) => {
    // More than a pipe holds, in pages that are smaller than the pipe.
    const end = await stopProcess({ chats: 300, history: { min: 10, max: 14 } }, async (tap) => {
      const begun = await readFirstChat(tap);
      const left = leftIn(tap);
      for (const signal of sent) tap.child.kill(signal);
      const [stopped, bytes] = await Promise.all([tap.result, left]);
      return { end: stopped, bytes: Buffer.concat([begun, bytes]) };
    });
    expect(sent).toContain(end.signal);
    expect(lastErrorLine(end)).toMatch(/^CRITICAL stopped by a signal/);
  },
);
