/**
 * A machine whose clock is wrong by ten minutes: nothing is lost, nothing fails while the API sends the time, and
 * the log reports it once.
 */
import { expect, test } from '@jest/globals';

import type { TapResult } from '../support/run-tap.ts';
import { criticalLines } from '../support/with-sandbox.ts';
import {
  pass,
  secondsOf,
  staleness,
  withChanges,
  type ChangingOptions,
  type ChangingWorld,
} from './changing-account.ts';
import { chosen } from './full-set.ts';

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
function change(world: ChangingWorld): void {
  const { account: changed } = world.sandbox;
  const nowSeconds = secondsOf(world);
  changed.late({ count: 2, at: nowSeconds - 200 });
  changed.edit({ count: 3, at: nowSeconds });
  changed.delete({ at: nowSeconds });
  changed.add({ count: 2, at: nowSeconds - 1 });
}

function clockWarnings({ warnings }: TapResult): readonly string[] {
  return warnings.filter((text) => text.startsWith("this machine's clock is "));
}

/** The log lines about the clock. */
function expectedWarnings({ aheadSeconds, date }: Clocks): readonly unknown[] {
  if (date === 'without Date') return [];
  const side = aheadSeconds > 0 ? 'ahead of' : 'behind';
  return [expect.stringContaining(`this machine's clock is 600 s ${side} the API's; `)];
}

/** By default in small pages. */
function optionsFor({ aheadSeconds, date }: Clocks, maxPage = 7): ChangingOptions {
  const sandbox = { chats: 60, timeline: 40 };
  return { sandbox, switches: { maxPage }, aheadSeconds, isTimeless: date === 'without Date' };
}

/** The results of later runs, after the clocks have advanced. */
async function changeAndReadOn(world: ChangingWorld, first: TapResult): Promise<TapResult[]> {
  change(world);
  const second = await world.run(first.lastState);
  pass(world, 1000);
  change(world);
  pass(world, 3600);
  return [second, await world.run(second.lastState)];
}

function expectWhole(world: ChangingWorld, runs: readonly TapResult[]): void {
  expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 0));
  expect(staleness(world, runs)).toEqual([]);
}

test.each(clocks)(
  'With a clock that is $name, $date, neither late nor changed items are lost',
  async (one) => {
    await withChanges(optionsFor(one, 1000), async (world) => {
      const first = await world.run();
      expectWhole(world, [first]);
      expect(criticalLines(first)).toEqual([]);
      expect(clockWarnings(first)).toEqual(expectedWarnings(one));

      change(world);
      const second = await world.run(first.lastState);
      expectWhole(world, [first, second]);
      expect(clockWarnings(second)).toEqual(expectedWarnings(one));
      // No request is for items that are too recent for the API.
      expect(world.sandbox.requests.map(({ status }) => status)).not.toContain(400);
    });
  },
);

test.each(chosen(clocks, ({ date }) => date === 'with Date'))(
  'With small pages and a clock that is $name, $date, nothing is lost either, however often it is read',
  async (one) => {
    await withChanges(optionsFor(one), async (world) => {
      const first = await world.run();
      expectWhole(world, [first, ...(await changeAndReadOn(world, first))]);
      expect(clockWarnings(first)).toHaveLength(one.date === 'with Date' ? 1 : 0);
    });
  },
);

test.each(chosen(clocks, ({ date }) => date === 'without Date'))(
  'If a clock becomes $name between two runs, $date, nothing is lost permanently',
  async (one) => {
    await withChanges({ ...optionsFor(one), aheadSeconds: 0 }, async (world) => {
      const runs = [await world.run()];
      world.aheadSeconds = one.aheadSeconds;
      runs.push(...(await changeAndReadOn(world, runs[0] as TapResult)));
      world.aheadSeconds = 0;
      change(world);
      pass(world, 3600);
      runs.push(await world.run(runs.at(-1)?.lastState));
      expectWhole(world, runs);
    });
  },
);

const leaps = clocks.flatMap((one) => [2, 5, 9].map((nth) => Object.assign({ nth }, one)));

test.each(chosen(leaps, ({ nth, date }) => nth === 5 && date === 'with Date'))(
  'If a clock is set during a run (at request $nth, to $name, $date), nothing is lost',
  async ({ nth, ...one }) => {
    const onRequest: ChangingOptions['onRequest'] = (world, { number }) => {
      if (number === nth) world.aheadSeconds = one.aheadSeconds;
    };
    await withChanges({ ...optionsFor(one), aheadSeconds: 0, onRequest }, async (world) => {
      const first = await world.run();
      expectWhole(world, [first, ...(await changeAndReadOn(world, first))]);
      expect(clockWarnings(first).length).toBeLessThanOrEqual(1);
    });
  },
);

const dated = clocks.filter(({ date }) => date === 'with Date');

test.each(dated)(
  "With a clock that is $name, a Retry-After that is a date is measured by the API's own time",
  async (one) => {
    const fault = { kind: 'status', status: 429, retryAfter: { inSeconds: 4 } } as const;
    await withChanges(optionsFor(one), async (world) => {
      world.sandbox.faults.add({ path: 'incremental/chats', nth: 1, fault });
      const result = await world.run();
      expectWhole(world, [result]);
      expect(result.stderr).toMatch(/^INFO waiting 4 s: /m);
      expect(world.clock.sleeps).toEqual([4000]);
    });
  },
);
