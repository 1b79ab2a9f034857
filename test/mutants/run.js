/**
 * Plants defects into copies of the program, one at a time, and runs the tests meant for each: a defect
 * that no test notices is a promise that no test holds.
 *
 *   node test/mutants/run.js [part of a name ...]
 */
import { createCopy } from './copy.js';
import { airbyteMutants } from './planted/airbyte.js';
import { httpMutants } from './planted/http.js';
import { positionMutants } from './planted/position.js';
import { resumeMutants } from './planted/resume.js';
import { listMutants } from './planted/lists.js';
import { runMutants } from './planted/run.js';
import { valueMutants } from './planted/values.js';
import { walkMutants } from './planted/walk.js';

/** @typedef {import('./mutant.js').Mutant} Mutant */
/** @typedef {import('./copy.js').Copy} Copy */

/**
 * @typedef {object} Verdict
 * @property {Mutant} mutant
 * @property {readonly string[]} killedBy Titles of the tests that noticed; none: it survived.
 * @property {string} trouble Why it could not be tried; `''` when it was.
 */

const atATime = 2;

const planted = [
  ...positionMutants,
  ...walkMutants,
  ...resumeMutants,
  ...listMutants,
  ...runMutants,
  ...httpMutants,
  ...valueMutants,
  ...airbyteMutants,
];

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/**
 * All that is meant to fail for one defect or another must pass without any.
 *
 * @param {Copy} copy
 * @param {readonly Mutant[]} mutants
 * @returns {Promise<readonly string[]>} what is wrong with the tests
 */
async function checkTests(copy, mutants) {
  const killers = mutants.flatMap((mutant) => mutant.killers);
  const { passed, failed, trouble } = await copy.test(killers);
  const missing = killers.filter(
    ({ file, title }) => !passed.some((test) => test.file === file && test.title.includes(title)),
  );
  return [
    ...(trouble === '' ? [] : [trouble]),
    ...failed.map(({ file, title }) => `fails without a defect: ${file}: ${title}`),
    ...missing.map(({ file, title }) => `no such test: ${file}: ${title}`),
  ];
}

/**
 * @param {Copy} copy
 * @param {Mutant} mutant
 * @returns {Promise<Verdict>}
 */
async function tryMutant(copy, mutant) {
  const misfit = await copy.plant(mutant);
  if (misfit !== '') return { mutant, killedBy: [], trouble: misfit };
  const { failed, trouble } = await copy.test(mutant.killers);
  await copy.restore();
  return { mutant, killedBy: [...new Set(failed.map(({ title }) => title))], trouble };
}

/**
 * @param {Copy} copy
 * @param {Mutant[]} queue
 * @param {Verdict[]} verdicts
 */
async function work(copy, queue, verdicts) {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const verdict = await tryMutant(copy, mutant);
    verdicts.push(verdict);
    tell(verdict);
  }
}

/** @param {Verdict} verdict */
function tell({ mutant, killedBy, trouble }) {
  const word = trouble === '' ? (killedBy.length > 0 ? 'killed' : 'SURVIVED') : 'NOT TRIED';
  const [first = mutant.promise] = killedBy;
  const more = killedBy.length > 1 ? ` (and ${killedBy.length - 1} more)` : '';
  say(`${word.padEnd(9)} | ${mutant.name.padEnd(56)} | ${trouble || first + more}`);
}

/** @param {readonly string[]} wanted */
async function main(wanted) {
  const mutants = planted.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  );
  const startedAt = Date.now();
  const copies = await Promise.all(Array.from({ length: atATime }, () => createCopy()));
  try {
    const [first] = copies;
    const wrong = first === undefined ? ['no copy'] : await checkTests(first, mutants);
    for (const line of wrong) say(line);
    if (wrong.length > 0) return 1;
    say(`${'verdict'.padEnd(9)} | ${'mutant'.padEnd(56)} | killed by`);
    /** @type {Verdict[]} */
    const verdicts = [];
    const queue = [...mutants];
    await Promise.all(copies.map((copy) => work(copy, queue, verdicts)));
    const killed = verdicts.filter(({ killedBy }) => killedBy.length > 0).length;
    const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
    say(`${killed} of ${mutants.length} mutants killed, ${minutes} min`);
    return killed === mutants.length ? 0 : 1;
  } finally {
    await Promise.all(copies.map((copy) => copy.remove()));
  }
}

process.exitCode = await main(process.argv.slice(2));
