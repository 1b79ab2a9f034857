/**
 * The account that is read, and everything that happens to it meanwhile. Its clock runs twenty seconds
 * for each second and can jump, so that days pass in minutes. All changes get its time.
 */
import { startSandbox } from '../../../dist/sandbox/api/server.js';
import { defaultSwitches } from '../../../dist/sandbox/program/switches.js';
import type { Fault } from '../../../src/sandbox/faults/fault-rules.ts';
import type { Switches } from '../../../src/sandbox/program/switches.ts';
import type { Sandbox } from '../../../src/sandbox/api/server.ts';
import type { Dice } from '../../no-loss/dice.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** Minutes of the account for each minute of the machine. */
const haste = 20;

/** The lookback settings, used in turn. Late items are as old as the lookback, and at least five minutes. */
const lookbacks = [0, 60];

/** How far the account's clock starts behind the machine's clock. It must not catch up. */
const headStartDays = 200;

/** Faults that pass: the tap is expected to ask again. */
const passing: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502, body: 'html' },
  { kind: 'status', status: 503, retryAfter: '0.2' },
  { kind: 'status', status: 429, retryAfter: '0.3' },
  { kind: 'reset' },
  { kind: 'resetInBody' },
  { kind: 'cutBody' },
  { kind: 'cutGzip' },
  { kind: 'html' },
  { kind: 'brokenJson' },
  { kind: 'emptyBody' },
  { kind: 'stall', where: 'body' },
];

/** Faults that fail a stream: the next run is expected to read the missing items. */
const final: readonly Fault[] = [
  { kind: 'status', status: 400 },
  { kind: 'status', status: 403 },
  { kind: 'status', status: 404 },
  { kind: 'wrongShape' },
  { kind: 'redirect', location: 'https://elsewhere.invalid/' },
];

/** Faults without an effect on a careful reader. */
const harmless: readonly Fault[] = [
  { kind: 'foreignNextPage', origin: 'https://elsewhere.invalid' },
  { kind: 'slow', everyMs: 5, pieces: 4 },
];

function createClock() {
  const startMs = Date.now() - headStartDays * dayMs;
  const startedAt = performance.now();
  let jumpedMs = 0;
  return {
    now: () => Math.floor(startMs + (performance.now() - startedAt) * haste + jumpedMs),
    jump: (minutes: number) => {
      jumpedMs += minutes * minuteMs;
    },
  };
}

/** Some happen more often than others. */
const kinds = 'edit edit edit add add late late late delete span span agent ban'.split(' ');

/** Minutes between two runs. */
const rests = [0, 0, 0, 1, 3, 6, 15];

/**
 * One change of the account, as it is now.
 *
 * @param latestSeconds How late an arrival may be.
 */
function change(sandbox: Sandbox, dice: Dice, latestSeconds: number) {
  const { account } = sandbox;
  const seconds = Math.floor(sandbox.now() / 1000);
  const many = dice.percent(8) ? dice.between(20, 300) : dice.between(1, 3);
  const kind = dice.one(kinds);
  if (kind === 'edit') account.edit({ count: many });
  if (kind === 'add') account.add({ count: many });
  if (kind === 'delete') account.delete({ count: 1 });
  if (kind === 'late') {
    account.late({ count: many, at: seconds - dice.between(1, latestSeconds) });
  }
  if (kind === 'span') {
    const start_time = new Date(sandbox.now() - 60_000).toISOString();
    account.put('agent_timeline', {
      agent_id: dice.between(1, 1e9),
      status: 'online',
      engagement_count: 1,
      duration: 60,
      start_time,
    });
  }
  if (kind === 'agent') {
    account.put('agents', { id: dice.between(1, 20), display_name: `Renamed at ${seconds}` });
  }
  if (kind === 'ban') {
    account.put('bans', {
      id: seconds * 10 + dice.between(0, 9),
      type: 'visitor',
      visitor_id: 'v',
    });
  }
}

/** Switches that leave everything readable. */
function habits(dice: Dice): Partial<Switches> {
  return {
    startId: dice.one(['exclusive', 'inclusive', 'lookup']),
    maxPage: dice.one([30, 100, 1000]),
    agentsMaxPage: dice.one([3, 1000]),
    bansMaxPage: dice.one([5, 1000]),
    emptyEnd: dice.one(['echo', 'null', 'zero']),
    shortPages: dice.percent(30) ? { every: 3, size: dice.between(5, 20) } : null,
    emptyPages: dice.percent(30) ? { every: 5, times: 2 } : null,
    envelope: dice.percent(20) ? { omit: ['next_page', 'count'] } : null,
  };
}

function mishaps(dice: Dice) {
  const paths = ['', 'incremental/chats', 'incremental/agent_timeline', 'agents', 'bans'];
  return Array.from({ length: dice.between(0, 2) }, () => {
    const faults = dice.percent(12) ? final : dice.percent(15) ? harmless : passing;
    const rule = { path: dice.one(paths), every: dice.between(1, 9), times: dice.between(1, 2) };
    return { ...rule, fault: dice.one(faults) };
  });
}

export class World {
  readonly sandbox: Sandbox;
  /** How many changes of the account there were. */
  changes = 0;
  /** The settings of the tap. */
  lookbackMinutes = 0;
  #restlessness = 0;
  readonly #dice: Dice;
  readonly #clock: ReturnType<typeof createClock>;

  private constructor(sandbox: Sandbox, dice: Dice, clock: ReturnType<typeof createClock>) {
    this.sandbox = sandbox;
    this.#dice = dice;
    this.#clock = clock;
  }

  static async create(dice: Dice): Promise<World> {
    const clock = createClock();
    const sandbox = await startSandbox({
      clock: clock.now,
      chats: 3000,
      days: 30,
      history: { min: 2, max: 12 },
      ties: [{ at: 'middle', count: 50 }],
      timeline: 600,
      seed: dice.between(1, 1e6),
      onRequest: () => {
        if (dice.percent(world.#restlessness)) world.#stir();
      },
    });
    const world = new World(sandbox, dice, clock);
    return world;
  }

  #stir() {
    this.changes += 1;
    change(this.sandbox, this.#dice, Math.max(290, this.lookbackMinutes * 60 - 60));
  }

  /** Other faults, switches and changes for the next run. */
  disturb(): void {
    this.#clock.jump(this.#dice.one(rests));
    this.#restlessness = this.#dice.one([0, 10, 40]);
    this.sandbox.setSwitches(habits(this.#dice));
    this.sandbox.faults.set(mishaps(this.#dice));
    for (let count = this.#dice.between(0, 6); count > 0; count -= 1) this.#stir();
  }

  /** Changes the lookback of the tap, only in a quiet phase. */
  lookFurther(): void {
    this.lookbackMinutes = lookbacks.find((minutes) => minutes !== this.lookbackMinutes) ?? 0;
  }

  /** Stops all faults and changes, and makes all items older than the head. */
  calm(): void {
    this.#restlessness = 0;
    this.sandbox.setSwitches(defaultSwitches);
    this.sandbox.faults.clear();
    this.#clock.jump(30);
  }
}
