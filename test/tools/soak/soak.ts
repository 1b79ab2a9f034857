/**
 * Run after run of the built program against an account that never rests, each from the last state that
 * was received, with faults, crashes and slow readers. The received records must be equal to the account.
 *
 *   npm run soak -- MINUTES [SEED]
 */
import { createDice, type Dice } from '../../no-loss/dice.ts';
import { chooseDeath, runOnce } from './reader.ts';
import { Target } from './target.ts';
import { World } from './world.ts';

/** Number of runs after which the account stops changing and is compared. */
const runsBetweenChecks = 25;

/**
 * The next runs may start without a state again, so that there are many pages to be killed in. The others
 * continue from their states, because a new start would hide their losses.
 */
const runsThatMayForget = 8;
const shareFromNothing = 40;

function say(text: string) {
  process.stdout.write(`${text}\n`);
}

class Soak {
  readonly target = new Target();
  readonly world: World;
  readonly dice: Dice;
  requests = 0;
  readonly #peaks: { atMs: number; kib: number; isFresh: boolean }[] = [];
  /** Ends by a signal or a closed pipe and ends with an error, each with how often. */
  readonly #ends = new Map<string, number>();

  constructor(world: World, dice: Dice) {
    this.world = world;
    this.dice = dice;
  }

  async run(isQuiet: boolean) {
    const { dice, target, world } = this;
    const { sandbox } = world;
    const { state } = target;
    const isFresh = state === undefined;
    const end = await runOnce({
      url: sandbox.url,
      config: {
        ...sandbox.config,
        lookback_minutes: world.lookbackMinutes,
        request_timeout: 1,
        max_retry_seconds: 30,
        requests_per_minute: 6000,
      },
      state,
      onLine: (line) => target.take(line),
      death: isQuiet ? undefined : chooseDeath(dice, isFresh ? 90 : 55),
      pauseMs: !isQuiet && dice.percent(25) ? dice.between(1, 25) : 0,
    });
    const { code, diedOf, lastErrorLine, peakKib } = end;
    // It is undefined whether a target keeps records that no STATE covers.
    target.endRun(diedOf === undefined || dice.percent(50));
    this.#peaks.push({ atMs: performance.now(), kib: peakKib, isFresh });
    const word = diedOf ?? (code === 0 ? 'exit 0' : lastErrorLine.replaceAll(/\d[\d:.TZ-]*/g, '#'));
    this.#ends.set(word, (this.#ends.get(word) ?? 0) + 1);
    this.requests += sandbox.requests.length;
    sandbox.requests.length = 0;
    return end;
  }

  /** Runs while everything happens. */
  async stir(endMs: number) {
    const { dice, target, world } = this;
    world.lookFurther();
    for (let runs = 0; runs < runsBetweenChecks && performance.now() < endMs; runs += 1) {
      world.disturb();
      if (runs < runsThatMayForget && dice.percent(shareFromNothing)) target.forget();
      await this.run(false);
    }
  }

  /** Stops all changes, reads twice and compares. */
  async check() {
    this.world.calm();
    const first = await this.run(true);
    const before = this.target.repeated;
    const second = await this.run(true);
    const again = this.target.repeated - before;
    const failed = [first, second].filter(({ code }) => code !== 0);
    const faults = [
      ...this.target.faults(this.world.sandbox),
      ...failed.map(({ code, lastErrorLine }) => `exit ${code}: ${lastErrorLine}`),
    ];
    say(`at rest: ${faults.length} faults; a quiet run repeats ${again}`);
    for (const fault of faults) say(`  ${fault}`);
    return faults.length === 0;
  }

  report(middleMs: number) {
    const { repeated, records } = this.target;
    say(`repeated  ${repeated} of ${records} records`);
    say(`changes   ${this.world.changes} of the account`);
    say(`requests  ${this.requests}`);
    for (const [word, times] of this.#ends) say(`runs      ${times} x ${word}`);
    // Compare runs of the same kind: reading the whole account needs more than reading new items.
    for (const wanted of [true, false]) {
      const [first, second] = [true, false].map((isFirst) => {
        const half = this.#peaks.filter(
          ({ atMs, isFresh }) => isFresh === wanted && atMs < middleMs === isFirst,
        );
        const mostKib = Math.max(0, ...half.map(({ kib }) => kib));
        return `at most ${(mostKib / 1024).toFixed(0)} MiB (${half.length} runs)`;
      });
      const title = wanted ? 'of runs that begin with nothing' : 'of all other runs';
      say(`peak RSS  ${title}: first half ${first}; second half ${second}`);
    }
  }
}

async function main(minutes: number, seed: number) {
  say(`soaking for ${minutes} min with seed ${seed}`);
  const dice = createDice(seed);
  const soak = new Soak(await World.create(dice), dice);
  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  let isGood = true;
  try {
    while (performance.now() < endMs) {
      await soak.stir(endMs);
      isGood = (await soak.check()) && isGood;
    }
    soak.report((startMs + performance.now()) / 2);
  } finally {
    await soak.world.sandbox.close();
  }
  return isGood ? 0 : 1;
}

const [minutes = '20', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (Number(minutes) > 0 && Number.isSafeInteger(Number(seed))) {
  process.exitCode = await main(Number(minutes), Number(seed));
} else {
  say('usage: npm run soak -- MINUTES [SEED], both numbers');
  process.exitCode = 2;
}
