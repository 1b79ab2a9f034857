import { commandFor, timedPages } from './commands.ts';
import { measure, outputOf, startServer } from './run.ts';
import { verify } from './verify.ts';
import type { Case, Variant } from './cases.ts';
import type { Scene } from './commands.ts';
import type { Run } from './judge.ts';
import type { Server } from './run.ts';

type Stage = Scene & { server: Server | undefined; folder: string };

function readsPages({ kind }: Variant) {
  return kind === 'file' || kind === 'http';
}

async function prepare({ server }: Stage, pages: number, latencyMs: number = 0) {
  await server?.prepare({ pages, latencyMs });
}

/** Each program once, for a whole turn of the pages and one more. */
async function verifyAll({ variants }: Case, stage: Stage) {
  const seen: Set<string> = new Set();
  for (const variant of variants.filter(readsPages)) {
    const { pages } = stage;
    if (pages === undefined) throw new Error('A case that reads pages needs a shape.');
    const timed = pages.items.length;
    const count = timed + 1;
    const amount = { warm: 0, timed: variant.kind === 'file' ? timed : count };
    const command = commandFor(variant, stage, amount);
    const same = JSON.stringify(command.argv);
    if (seen.has(same)) continue;
    seen.add(same);
    await prepare(stage, count);
    verify(variant, pages, count, await outputOf(command, stage.signal));
  }
}

/** The mean time from one page's request to the next one's, as the server saw them. */
async function pageTime({ server }: Stage, { pages, warm }: { pages: number; warm: number }) {
  const marks = ((await server?.marks()) ?? []).slice(0, pages + 1);
  if (marks.length < 2) return undefined;
  const first = Math.min(warm, marks.length - 2);
  return ((marks.at(-1) ?? 0) - (marks[first] ?? 0)) / (marks.length - 1 - first);
}

async function runOnce(variant: Variant, stage: Stage, warmPages: number = 0): Promise<Run> {
  const pages = readsPages(variant) ? timedPages(variant, stage) : 0;
  await prepare(stage, pages, variant.latencyMs);
  const { records: counted, ...figures } = await measure(commandFor(variant, stage), stage);
  const records = pages * stage.volume.records;
  // The first item of a page is the last one of the previous page, so a page adds one item less than it contains.
  const wanted = records - pages;
  if (counted !== undefined && counted !== wanted) {
    throw new Error(`${variant.name}: the slow reader got ${counted} records of ${wanted}`);
  }
  const pageMs =
    variant.kind === 'http' ? await pageTime(stage, { pages, warm: warmPages }) : undefined;
  const known = Object.entries({ ...figures, pageMs, records: records || undefined });
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

function rotated<T>(list: readonly T[], by: number) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

/** All rounds of a case, each program in a separate process. Each round starts with another program. */
async function runRounds({ variants, warmPages }: Case, stage: Stage, rounds: number) {
  const runs: Record<string, Run[]> = Object.fromEntries(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const variant of rotated(variants, round)) {
      runs[variant.name]?.push(await runOnce(variant, stage, warmPages));
    }
  }
  return runs;
}

/** Verifies a case's programs, then measures them. */
export async function measureCase(
  one: Case,
  scene: Omit<Stage, 'server' | 'url'>,
  rounds: number,
): Promise<Record<string, Run[]>> {
  const needsServer = one.variants.some(({ kind }) => kind === 'http');
  const server = needsServer && scene.pages ? await startServer(scene.pages) : undefined;
  const stage = { ...scene, server, url: server?.url ?? '' };
  try {
    await verifyAll(one, stage);
    return await runRounds(one, stage, rounds);
  } finally {
    await server?.stop();
  }
}
