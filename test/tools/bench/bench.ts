/**
 * The benchmark: the built program against a floor, the least that any program of Node's has to do.
 *
 *   npm run bench -- [--all] [--only NAME ...] [--rounds N] [--json FILE] [--by wall|cpu] [--smoke]
 *
 * It fails when a limit is missed, and when the machine was too restless to tell.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { cases } from './cases.ts';
import { fullVolume, smokeVolume, writeFiles } from './commands.ts';
import { judge } from './judge.ts';
import { measureCase } from './measure-case.ts';
import { makePages } from './pages.ts';
import { caseLines } from './table.ts';
import type { PageSet, ShapeName } from './pages.ts';

const usage = `npm run bench -- [OPTION ...]
  --all             every case; without it the short ones
  --only NAME       cases of this name or id (may stand several times)
  --rounds N        instead of each case's own number
  --json FILE       all figures, and what they say about the limits
  --by wall|cpu     what limits of time are judged by; cpu where others use the machine too
  --smoke           so little that nothing is judged: does the benchmark work?
  --help            this, and the cases`;

function say(text: string) {
  process.stdout.write(`${text}\n`);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      json: { type: 'string' },
      by: { type: 'string', default: 'wall' },
      smoke: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error('--rounds must be a whole number above 0');
  }
  if (values.by !== 'wall' && values.by !== 'cpu') throw new Error('--by must be wall or cpu');
  const time: 'cpuMs' | 'wallMs' = values.by === 'cpu' ? 'cpuMs' : 'wallMs';
  return { ...values, rounds, time };
}

type Arguments = ReturnType<typeof readArguments>;

function chosenCases({ all, only }: Arguments) {
  const unknown = only.filter(
    (word) => !cases.some(({ id, name }) => word === id || word === name),
  );
  if (unknown.length > 0) {
    throw new Error(`no such case: ${unknown.join(', ')}; --help shows all`);
  }
  if (only.length > 0)
    return cases.filter(({ id, name }) => only.some((word) => word === id || word === name));
  return cases.filter(({ isShort }) => all || isShort);
}

/** Each shape's pages are made when they are first needed. */
function createPages(folder: string, records: number) {
  const made: Map<ShapeName, Promise<PageSet>> = new Map();
  return (shape: ShapeName | undefined) => {
    if (shape === undefined) return undefined;
    const pages = made.get(shape) ?? makePages(folder, shape, records);
    made.set(shape, pages);
    return pages;
  };
}

async function run(given: Arguments, folder: string, signal: AbortSignal) {
  const volume = given.smoke ? smokeVolume : fullVolume;
  const pagesOf = createPages(folder, volume.records);
  const files = await writeFiles(folder);
  const told = [];
  for (const one of chosenCases(given)) {
    signal.throwIfAborted();
    const scene = { pages: await pagesOf(one.shape), files, volume, folder, signal };
    const runs = await measureCase(one, scene, given.rounds ?? (given.smoke ? 1 : one.rounds));
    const verdict = judge(one, runs, given.time);
    const isJudged = !given.smoke;
    for (const line of caseLines(one, runs, { verdict, isJudged })) say(line);
    told.push({ id: one.id, name: one.name, what: one.what, isJudged, verdict, runs });
  }
  return told;
}

async function main(given: Arguments, signal: AbortSignal) {
  if (given.help) {
    const lines = cases.map(({ id, name, what, isShort }) => {
      const mark = isShort ? '' : ' (--all)';
      return `  ${id.padEnd(6)}${name.padEnd(13)}${what}${mark}`;
    });
    say([usage, '', ...lines].join('\n'));
    return 0;
  }
  const machine = { node: process.version, processor: cpus()[0]?.model, cores: cpus().length };
  const startMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tap-bench-'));
  try {
    say(`Node ${machine.node}, ${machine.cores} x ${machine.processor}\n`);
    const told = await run(given, folder, signal);
    const minutes = (performance.now() - startMs) / 60_000;
    if (given.json !== undefined) {
      await writeFile(
        given.json,
        `${JSON.stringify({ ...machine, minutes, cases: told }, null, 2)}\n`,
      );
    }
    const judged = told.filter(({ isJudged }) => isJudged);
    const missed = judged.filter(({ verdict }) => verdict.isMissed).map(({ name }) => name);
    const isVoid = judged.filter(({ verdict }) => verdict.isVoid).map(({ name }) => name);
    if (missed.length > 0) say(`limits are missed: ${missed.join(', ')}`);
    if (isVoid.length > 0) say(`void, to be repeated on a calm machine: ${isVoid.join(', ')}`);
    say(`${told.length} cases, ${minutes.toFixed(1)} min`);
    return missed.length > 0 || isVoid.length > 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let caught: NodeJS.Signals | undefined;
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    caught = name;
    stop.abort(new Error(`stopped by ${name}`));
  });
}
try {
  process.exitCode = await main(readArguments(), stop.signal);
} catch (error) {
  // A signal, a wrong argument, a program that ended badly, an output that is not the input's records.
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
// The folder is gone: the process ends by the signal that came.
if (caught !== undefined) process.kill(process.pid, caught);
