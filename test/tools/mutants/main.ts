import { Copy } from './copy.ts';
import type { Mutant } from './mutant.js';
import { planted } from './planted.js';

const atATime = 2;

function say(text: string) {
  process.stdout.write(`${text}\n`);
}

/** Checks that all tests that must notice a defect pass without one. */
async function checkTests(copy: Copy, mutants: readonly Mutant[]): Promise<readonly string[]> {
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

/** Plants a defect, runs its tests and prints the result. Returns whether one of them failed. */
async function isKilled(copy: Copy, mutant: Mutant): Promise<boolean> {
  const misfit = await copy.plant(mutant);
  const { failed, trouble } =
    misfit === '' ? await copy.test(mutant.killers) : { failed: [], trouble: misfit };
  await copy.restore();
  const [first = 'no test', ...more] = new Set(failed.map(({ title }) => title));
  const word = trouble === '' ? (failed.length > 0 ? 'killed' : 'SURVIVED') : 'NOT TRIED';
  const told = trouble || `${first}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
  say(`${word.padEnd(9)} | ${mutant.name.padEnd(56)} | ${told}`);
  return failed.length > 0;
}

/** @param wanted Parts of names. Default: all planted defects. */
export async function main(wanted: readonly string[]): Promise<number> {
  const mutants = planted.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  );
  const startedAt = Date.now();
  const copies = await Promise.all(Array.from({ length: atATime }, () => Copy.create()));
  try {
    const [first] = copies;
    const wrong = first === undefined ? ['no copy'] : await checkTests(first, mutants);
    for (const line of wrong) say(line);
    if (wrong.length > 0) return 1;
    say(`${'verdict'.padEnd(9)} | ${'mutant'.padEnd(56)} | killed by`);
    const queue = [...mutants];
    let killed = 0;
    const work = async (copy: Copy) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift())
        if (await isKilled(copy, mutant)) killed += 1;
    };
    await Promise.all(copies.map(work));
    const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
    say(`${killed} of ${mutants.length} mutants killed, ${minutes} min`);
    return killed === mutants.length ? 0 : 1;
  } finally {
    await Promise.all(copies.map((copy) => copy.remove()));
  }
}
