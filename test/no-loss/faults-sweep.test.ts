/** A fault at each single request of a run, one run for each: wherever it strikes, nothing is missing in the end. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import type { Fault, FaultRule } from '../../src/sandbox/faults/fault-rules.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Switches } from '../../src/sandbox/program/switches.ts';
import { catalogOf } from '../support/catalogs.ts';
import { lossesOf } from '../support/oracle.ts';
import type { TapResult } from '../support/run-tap.ts';
import { criticalLines } from '../support/with-sandbox.ts';
import { withWorld, type World } from '../support/world.ts';
import { createDice } from './dice.ts';
import { chosen, isWhole } from './full-set.ts';

/** One of each way of reading, and two that are read whole. */
const streams = ['accounts', 'departments', 'agents', 'bans', 'agent_timeline', 'chats'];
const catalog = catalogOf(streams);

const account: SandboxOptions = {
  chats: 26,
  // A start within 15 minutes may be refused with 400 for its youth: that would be another matter.
  newestAgeSeconds: 1200,
  days: 3,
  history: { min: 2, max: 3 },
  agents: 6,
  bans: { ip: 3, visitor: 5 },
  timeline: 12,
  ties: [{ at: 'middle', count: 13 }],
  switches: { maxPage: 10, agentsMaxPage: 5, bansMaxPage: 6 },
};

interface SweepWorld extends Omit<World, 'run'> {
  readonly run: (state?: JsonObject, config?: object) => Promise<TapResult>;
}

function withSweep(
  switches: Partial<Switches>,
  work: (world: SweepWorld) => Promise<void>,
): Promise<void> {
  const options = { ...account, switches: { ...account.switches, ...switches } };
  return withWorld(options, ({ run, ...world }) =>
    work({ ...world, run: (state = {}, config = {}) => run({ catalog, config, state }) }),
  );
}

/** How many requests a run makes that nothing befalls. */
async function countRequests({ sandbox, run }: SweepWorld, config: object): Promise<number> {
  const result = await run({}, config);
  expect(lossesOf(sandbox, [result], streams)).toEqual([]);
  const count = sandbox.requests.length;
  sandbox.requests.length = 0;
  return count;
}

type Judge = (broken: TapResult) => readonly string[] | Promise<readonly string[]>;

/** Makes a run for each of its requests, with that request alone struck by `rule`. */
async function strikeEach(
  world: SweepWorld,
  rule: FaultRule,
  judge: Judge,
  config: object = {},
): Promise<readonly string[]> {
  const count = await countRequests(world, config);
  const wrong: string[] = [];
  for (let nth = 1; nth <= count; nth += isWhole ? 1 : 4) {
    world.sandbox.faults.set([{ ...rule, nth }]);
    const found = await judge(await world.run({}, config));
    wrong.push(...found.map((fault) => `struck at request ${nth}: ${fault}`));
  }
  return wrong;
}

/** The exit code, and as many sentences for the user as it means. */
function endFaults(result: TapResult, code: number): readonly string[] {
  const told = criticalLines(result).length;
  return [
    ...(result.code === code ? [] : [`exit ${result.code}: ${result.stderr}`]),
    ...(told === code ? [] : [`${told} CRITICAL lines`]),
  ];
}

const emptyPage = '{"chats":[],"agent_timeline":[],"count":0,"end_time":null,"next_page":null}';

interface Strike {
  readonly befalls: string;
  readonly fault: Fault;
  readonly path?: string;
  readonly startId?: Switches['startId'];
  readonly lean?: boolean;
}

/** Temporary faults. An empty page of an export must be requested again, whatever `start_id` means. */
const passing: readonly Strike[] = [
  { befalls: 'answered with a web page', fault: { kind: 'html' }, lean: true },
  { befalls: 'answered 503', fault: { kind: 'status', status: 503 } },
  { befalls: 'answered 429', fault: { kind: 'status', status: 429, retryAfter: 7 } },
  { befalls: 'answered with an empty body', fault: { kind: 'emptyBody' } },
  { befalls: 'answered with half a body', fault: { kind: 'cutGzip' } },
  { befalls: 'not answered', fault: { kind: 'reset' } },
  ...(['exclusive', 'inclusive', 'lookup'] as const).map((startId) => ({
    befalls: `a page of an export and answered with nothing (start_id: ${startId})`,
    fault: { kind: 'wrongShape', body: emptyPage } as const,
    path: 'incremental/',
    startId,
    lean: startId === 'exclusive',
  })),
];

test.each(chosen(passing, ({ lean }) => lean === true))(
  'Any request may be $befalls once, and the run is complete',
  async ({ fault, path = '', startId = 'exclusive' }) => {
    await withSweep({ startId }, async (world) => {
      const wrong = await strikeEach(world, { path, fault }, (result) => [
        ...endFaults(result, 0),
        ...lossesOf(world.sandbox, [result], streams),
      ]);
      expect(wrong).toEqual([]);
    });
  },
);

const lasting: readonly Strike[] = [
  { befalls: 'refused with 400', fault: { kind: 'status', status: 400 } },
  { befalls: 'refused with 401', fault: { kind: 'status', status: 401 } },
  { befalls: 'answered with JSON of another shape', fault: { kind: 'wrongShape' }, lean: true },
];

test.each(chosen(lasting, ({ lean }) => lean === true))(
  'If any request is $befalls, the run fails with one error, and the next run completes it',
  async ({ fault }) => {
    await withSweep({}, async (world) => {
      const judge: Judge = async (broken) => {
        world.sandbox.faults.clear();
        const next = await world.run(broken.lastState);
        const losses = lossesOf(world.sandbox, [broken, next], streams);
        return [...endFaults(broken, 1), ...endFaults(next, 0), ...losses];
      };
      // A request that was sent ahead may fail without a consequence.
      const wrong = await strikeEach(world, { fault }, judge, { read_ahead: 1 });
      expect(wrong).toEqual([]);
    });
  },
);

const kinds: readonly Fault[] = [
  ...[...passing.slice(0, 6), ...lasting].map(({ fault }) => fault),
  { kind: 'status', status: 404 },
  { kind: 'brokenJson' },
  { kind: 'resetInBody' },
  { kind: 'foreignNextPage', origin: 'https://elsewhere.test' },
  { kind: 'redirect', location: 'https://elsewhere.test/api/v2/chat/incremental/chats' },
];

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

test.each(chosen(seeds, (seed) => seed <= 2))(
  'With many random faults (seed %i) no incomplete run succeeds, and the first successful one completes it',
  async (seed) => {
    await withSweep({}, async ({ sandbox, clock, run }) => {
      const dice = createDice(seed);
      const runs: TapResult[] = [];
      let state: JsonObject = {};
      do {
        // Ever fewer, so that it ends; 404 on a first request would mean "absent".
        const calm = runs.length + 3;
        sandbox.faults.set(
          Array.from({ length: 4 }, () => ({
            path: dice.one(['incremental/', '=agents', '=bans', '']),
            every: dice.between(calm, calm * 4),
            fault: dice.one(kinds.filter((kind) => !('status' in kind) || kind.status !== 404)),
          })),
        );
        runs.push(
          await run(state, { max_retry_seconds: dice.one([0, 5, 900]), on_absent: 'fail' }),
        );
        state = runs.at(-1)?.lastState ?? {};
        clock.set(clock.now() + 60_000);
      } while (runs.at(-1)?.code !== 0 && runs.length < 80);
      expect(runs.at(-1)?.code).toBe(0);
      expect(lossesOf(sandbox, runs, streams)).toEqual([]);
    });
  },
);
