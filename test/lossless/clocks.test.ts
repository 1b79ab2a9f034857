/**
 * A machine whose clock is wrong by ten minutes: nothing is lost, nothing fails as long as the API says what
 * time it is, and it is said once.
 */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import type { SandboxOptions, SeenRequest } from '../../src/sandbox/options.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { catalogOf } from '../helpers/catalogs.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { runTap, type TapResult } from '../helpers/run-tap.ts';
import { criticalLines } from '../helpers/with-sandbox.ts';
import { lossesOf } from './fault-account.ts';
import { withFront } from './front-server.ts';
import { chosen } from './whole-set.ts';

const streams = ['agents', 'agent_timeline', 'chats'];
const catalog = catalogOf(streams);

/** The newest chat is 20 seconds old: what is later than five minutes ago must be read again next time. */
const account: SandboxOptions = {
  chats: 60,
  days: 3,
  history: { min: 2, max: 3 },
  agents: 3,
  timeline: 40,
  newestAgeSeconds: 20,
};

interface Clocks {
  readonly name: string;
  /** The tap's machine is so much ahead of the API. */
  readonly aheadSeconds: number;
  readonly date: 'with Date' | 'without Date';
}

const dates = ['with Date', 'without Date'] as const;

const clocks: readonly Clocks[] = [
  { name: 'ten minutes fast', aheadSeconds: 600 },
  { name: 'ten minutes slow', aheadSeconds: -600 },
].flatMap((one) => dates.map((date) => Object.assign({ date }, one)));

/** Chats that come late, edits, a deletion, new chats: as the account has them at this moment of the API. */
function change({ account: changed }: Sandbox, nowSeconds: number): void {
  changed.late({ count: 2, at: nowSeconds - 200 });
  changed.edit({ count: 3, at: nowSeconds });
  changed.delete({ at: nowSeconds });
  changed.add({ count: 2, at: nowSeconds - 1 });
}

function clockWarnings({ warnings }: TapResult): readonly string[] {
  return warnings.filter((text) => text.startsWith("this machine's clock is "));
}

/** What the log says about the clock. */
function expectedWarnings({ aheadSeconds, date }: Clocks): readonly unknown[] {
  if (date === 'without Date') return [];
  const side = aheadSeconds > 0 ? 'ahead of' : 'behind';
  return [expect.stringContaining(`this machine's clock is 600 s ${side} the API's; `)];
}

interface World {
  readonly sandbox: Sandbox;
  readonly serverClock: FakeClock;
  readonly tapClock: FakeClock;
  run(state?: JsonObject): Promise<TapResult>;
}

const startMs = Date.UTC(2026, 0, 5, 12);

interface WorldOptions extends Omit<SandboxOptions, 'clock' | 'onRequest'> {
  readonly onRequest?: (world: World, request: SeenRequest) => void;
}

/** Two clocks that stand still, and by default small pages. */
async function withWorld(
  { aheadSeconds, date }: Clocks,
  { onRequest, ...options }: WorldOptions,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const serverClock = createFakeClock(startMs);
  const tapClock = createFakeClock(startMs + aheadSeconds * 1000);
  const sandbox = await startSandbox({
    ...account,
    switches: { maxPage: 7 },
    ...options,
    clock: serverClock.now,
    onRequest: (request) => onRequest?.(world, request),
  });
  let origin = sandbox.url;
  const world: World = {
    sandbox,
    serverClock,
    tapClock,
    run: (state) =>
      runTap({
        sandboxUrl: origin,
        config: { ...sandbox.config },
        catalog,
        clock: tapClock,
        ...(state === undefined ? {} : { state }),
      }),
  };
  try {
    await withFront(sandbox.url, { isTimeless: date === 'without Date' }, (front) => {
      origin = front;
      return work(world);
    });
  } finally {
    await sandbox.close();
  }
}

function pass({ serverClock, tapClock }: World, seconds: number): void {
  serverClock.set(serverClock.now() + seconds * 1000);
  tapClock.set(tapClock.now() + seconds * 1000);
}

/** What later runs find once the clocks have moved on. */
async function changeAndReadOn(world: World, first: TapResult): Promise<readonly TapResult[]> {
  change(world.sandbox, world.serverClock.now() / 1000);
  const second = await world.run(first.lastState);
  pass(world, 1000);
  change(world.sandbox, world.serverClock.now() / 1000);
  pass(world, 3600);
  const third = await world.run(second.lastState);
  return [second, third];
}

test.each(clocks)(
  'A clock that is $name, $date, loses nothing: neither what came late nor what changed',
  async (one) => {
    await withWorld(one, { switches: {} }, async (world) => {
      const { sandbox, serverClock } = world;
      const first = await world.run();
      expect(first.code).toBe(0);
      expect(criticalLines(first)).toEqual([]);
      expect(lossesOf(sandbox, [first], streams)).toEqual([]);
      expect(clockWarnings(first)).toEqual(expectedWarnings(one));

      change(sandbox, serverClock.now() / 1000);
      const second = await world.run(first.lastState);
      expect(second.code).toBe(0);
      expect(lossesOf(sandbox, [first, second], streams)).toEqual([]);
      expect(clockWarnings(second)).toEqual(expectedWarnings(one));
      // Nor does any request ask for what the API does not give out yet.
      expect(sandbox.requests.map(({ status }) => status)).not.toContain(400);
    });
  },
);

test.each(clocks)(
  'With small pages, a clock that is $name, $date, loses nothing either, however often it is read',
  async (one) => {
    await withWorld(one, {}, async (world) => {
      const first = await world.run();
      const later = await changeAndReadOn(world, first);
      expect([first, ...later].map(({ code }) => code)).toEqual([0, 0, 0]);
      expect(lossesOf(world.sandbox, [first, ...later], streams)).toEqual([]);
      expect(clockWarnings(first)).toHaveLength(one.date === 'with Date' ? 1 : 0);
    });
  },
);

test.each(clocks)(
  'A clock that becomes $name between two runs, $date, keeps nothing back for good',
  async (one) => {
    await withWorld({ ...one, aheadSeconds: 0 }, {}, async (world) => {
      const first = await world.run();
      world.tapClock.set(world.tapClock.now() + one.aheadSeconds * 1000);
      const [second, third] = (await changeAndReadOn(world, first)) as [TapResult, TapResult];
      world.tapClock.set(world.serverClock.now());
      change(world.sandbox, world.serverClock.now() / 1000);
      pass(world, 3600);
      const last = await world.run(third.lastState);
      const runs = [first, second, third, last];
      expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
      expect(lossesOf(world.sandbox, runs, streams)).toEqual([]);
    });
  },
);

const leaps = clocks.flatMap((one) => [2, 5, 9].map((nth) => Object.assign({ nth }, one)));

test.each(chosen(leaps, ({ nth, date }) => nth === 5 && date === 'with Date'))(
  'A clock that is set while a run goes on (at request $nth, to $name, $date) loses nothing',
  async ({ nth, ...one }) => {
    await withWorld(
      { ...one, aheadSeconds: 0 },
      {
        onRequest: ({ tapClock }, { number }) => {
          if (number === nth) tapClock.set(tapClock.now() + one.aheadSeconds * 1000);
        },
      },
      async (world) => {
        const first = await world.run();
        const later = await changeAndReadOn(world, first);
        expect([first, ...later].map(({ code }) => code)).toEqual([0, 0, 0]);
        expect(lossesOf(world.sandbox, [first, ...later], streams)).toEqual([]);
        expect(clockWarnings(first).length).toBeLessThanOrEqual(1);
      },
    );
  },
);

const dated = clocks.filter(({ date }) => date === 'with Date');

test.each(dated)(
  "With a clock that is $name, a Retry-After that is a date is measured by the API's own time",
  async (one) => {
    const options: WorldOptions = {
      faults: [
        {
          path: 'incremental/chats',
          nth: 1,
          fault: { kind: 'status', status: 429, retryAfter: { inSeconds: 4 } },
        },
      ],
    };
    await withWorld(one, options, async ({ sandbox, tapClock, ...world }) => {
      const result = await world.run();
      expect(result.code).toBe(0);
      expect(result.stderr).toMatch(/^INFO waiting 4 s: /m);
      expect(tapClock.sleeps).toEqual([4000]);
      expect(lossesOf(sandbox, [result], streams)).toEqual([]);
    });
  },
);
