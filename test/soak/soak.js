/**
 * Run after run of the built program against an account that never rests, each from the last state that
 * was received, with faults, deaths and slow readers. What arrived must be what the account holds.
 *
 *   node test/soak/soak.js MINUTES [SEED]
 */
import { createDice } from './dice.js';
import { copyProgram } from './program.js';
import { chooseDeath, runOnce } from './reader.js';
import { compare, createTarget } from './target.js';
import { createWorld } from './world.js';

/** @typedef {import('./target.js').Faults} Faults */

/** After so many runs everything comes to rest and is compared. */
const runsBetweenChecks = 25;

/**
 * The first runs after that may begin with nothing again, which makes many pages to die in. The others
 * go on from their states: a new beginning would heal what they lose.
 */
const runsThatMayForget = 8;
const shareFromNothing = 40;

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/**
 * @param {import('./world.js').World} world
 * @param {ReturnType<typeof createTarget>} target
 */
function optionsFor({ sandbox, lookbackMinutes }, target) {
  const config = {
    ...sandbox.config,
    lookback_minutes: lookbackMinutes(),
    request_timeout: 1,
    max_retry_seconds: 30,
    requests_per_minute: 6000,
  };
  return { url: sandbox.url, config, state: target.state(), onLine: target.take };
}

/**
 * @param {Map<string, number>} map
 * @param {string} word
 */
function count(map, word) {
  map.set(word, (map.get(word) ?? 0) + 1);
}

/** What is told at the end. */
function createTally() {
  /** @type {Map<string, number>} */
  const deaths = new Map();
  /** @type {Map<string, number>} */
  const failures = new Map();
  /** @type {{ atMs: number, kib: number, isFresh: boolean }[]} */
  const peaks = [];
  return {
    deaths,
    failures,
    peaks,
    requests: 0,
    /**
     * @param {import('./reader.js').RunEnd} end
     * @param {import('./reader.js').Death | undefined} death
     * @param {boolean} isFresh The run began with nothing.
     */
    add: ({ isDead, code, lastWords, peakKib }, death, isFresh) => {
      peaks.push({ atMs: performance.now(), kib: peakKib, isFresh });
      if (isDead) count(deaths, death?.kind ?? '');
      else if (code !== 0) count(failures, lastWords.replaceAll(/\d[\d:.TZ-]*/g, '#'));
    },
  };
}

/**
 * @param {import('./program.js').Program} program
 * @param {number} seed
 */
async function createSoak(program, seed) {
  const dice = createDice(seed);
  const world = await createWorld(program, dice);
  const target = createTarget();
  const tally = createTally();
  return {
    dice,
    world,
    target,
    tally,
    /** @param {boolean} isQuiet */
    run: async (isQuiet) => {
      const death = isQuiet ? undefined : chooseDeath(dice, target.state() === undefined ? 90 : 55);
      const isFresh = target.state() === undefined;
      const pauseMs = !isQuiet && dice.percent(25) ? dice.between(1, 25) : 0;
      const end = await runOnce({
        ...optionsFor(world, target),
        program: program.path,
        death,
        pauseMs,
      });
      // A target may have kept what it was not told to keep, or not.
      target.endRun(!end.isDead || dice.percent(50));
      tally.add(end, death, isFresh);
      tally.requests += world.sandbox.requests.length;
      world.sandbox.requests.length = 0;
      return end;
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof createSoak>>} Soak */

/**
 * Lets everything come to rest, reads it twice and compares.
 *
 * @param {Soak} soak
 * @returns {Promise<Faults & { isGood: boolean }>}
 */
async function check({ world, target, run }) {
  world.calm();
  const first = await run(true);
  const before = target.counts().repeated;
  const second = await run(true);
  const faults = compare(target, world.sandbox);
  const { lost, stale, invented } = faults;
  const codes = `exit ${first.code} and ${second.code}`;
  const again = target.counts().repeated - before;
  say(
    `at rest: ${lost.length} lost, ${stale.length} stale, ${invented.length} invented; ${codes}; ` +
      `a quiet run repeats ${again}`,
  );
  const wrong = [...lost, ...stale, ...invented].slice(0, 10);
  for (const text of wrong) say(`  ${text}`);
  for (const end of [first, second]) if (end.code !== 0) say(`  ${end.lastWords}`);
  const isGood = wrong.length === 0 && first.code === 0 && second.code === 0;
  return { ...faults, isGood };
}

/**
 * Runs while everything happens.
 *
 * @param {Soak} soak
 * @param {number} endMs
 */
async function stir({ world, target, dice, run }, endMs) {
  world.lookFurther();
  for (let runs = 0; runs < runsBetweenChecks && performance.now() < endMs; runs += 1) {
    world.disturb();
    if (runs < runsThatMayForget && dice.percent(shareFromNothing)) target.forget();
    await run(false);
  }
}

/** @param {ReadonlyMap<string, number>} map */
function told(map) {
  return [...map].map(([word, times]) => `${times} x ${word}`).join(', ') || 'none';
}

/** @param {number | undefined} kib */
function mib(kib = 0) {
  return (kib / 1024).toFixed(0);
}

/**
 * @param {Soak} soak
 * @param {{ lost: number, stale: number, invented: number }} totals
 * @param {number} middleMs
 */
function report({ tally, target, world }, totals, middleMs) {
  const { peaks, deaths, failures, requests } = tally;
  // Runs of a kind are compared: who reads the whole account needs more than who reads what is new.
  const tellPeaks = (/** @type {string} */ title, /** @type {boolean} */ wanted) => {
    const halves = [true, false].map((isFirst) => {
      const half = peaks.filter(
        ({ atMs, isFresh }) => isFresh === wanted && atMs < middleMs === isFirst,
      );
      const kibs = half.map(({ kib }) => kib).sort((left, right) => left - right);
      const median = mib(kibs[Math.floor(kibs.length / 2)]);
      return `median ${median}, at most ${mib(kibs.at(-1))} MiB (${kibs.length} runs)`;
    });
    say(`peak RSS  ${title}: first half ${halves[0]}; second half ${halves[1]}`);
  };
  const { records, repeated } = target.counts();
  say(`lost      ${totals.lost}`);
  say(`stale     ${totals.stale}`);
  say(`invented  ${totals.invented}`);
  say(`repeated  ${repeated} of ${records} records`);
  say(`changes   ${world.changes()} of the account`);
  say(`requests  ${requests}`);
  say(`runs      ${peaks.length}`);
  say(`deaths    ${told(deaths)}`);
  say(`failures  ${told(failures)}`);
  tellPeaks('of runs that begin with nothing', true);
  tellPeaks('of all other runs', false);
}

/**
 * @param {number} minutes
 * @param {number} seed
 */
async function main(minutes, seed) {
  say(`soaking for ${minutes} min with seed ${seed}`);
  const program = await copyProgram();
  const soak = await createSoak(program, seed);
  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  const totals = { lost: 0, stale: 0, invented: 0 };
  let isGood = true;
  try {
    while (performance.now() < endMs) {
      await stir(soak, endMs);
      const found = await check(soak);
      totals.lost += found.lost.length;
      totals.stale += found.stale.length;
      totals.invented += found.invented.length;
      isGood &&= found.isGood;
    }
    report(soak, totals, (startMs + performance.now()) / 2);
  } finally {
    await soak.world.sandbox.close();
    await program.remove();
  }
  return isGood ? 0 : 1;
}

const [minutes = '20', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (Number(minutes) > 0 && Number.isSafeInteger(Number(seed))) {
  process.exitCode = await main(Number(minutes), Number(seed));
} else {
  say('usage: node test/soak/soak.js MINUTES [SEED], both numbers');
  process.exitCode = 2;
}
