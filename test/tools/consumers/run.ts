/**
 * Real consumers, each with the output of the built programs. The result is compared with the content of the
 * account, because an exit code proves nothing.
 *
 *   npm run consumers -- [part of a row's name ...]
 */
import { stopPrograms } from './programs.ts';
import { table } from './table.ts';
import { Stage, type Row } from './stage.ts';

function say(text: string) {
  process.stdout.write(`${text}\n`);
}

function secondsSince(startedAt: number) {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}

/** A database repeats all it was given when it refuses it. */
const longestTold = 6000;

function told(error: unknown) {
  const text = (error instanceof Error ? error.message : String(error)).slice(0, longestTold);
  return text.replaceAll(/^/gm, '        ');
}

/** @returns whether it passed */
async function runRow(stage: Stage, row: Row): Promise<boolean> {
  const startedAt = performance.now();
  try {
    const compared = await row.run(stage);
    say(`ok      ${row.name}: ${compared} (${secondsSince(startedAt)} s)`);
    return true;
  } catch (error) {
    say(`FAILED  ${row.name} (${secondsSince(startedAt)} s)\n${told(error)}`);
    return false;
  } finally {
    await stage.endRow();
  }
}

/** @returns whether all passed */
async function main(wanted: readonly string[], signal: AbortSignal): Promise<boolean> {
  const rows = table.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  );
  const stage = await Stage.create();
  let passed = 0;
  let failed = 0;
  try {
    // So that a row's time is its own. The rows that need an environment fail with the reason.
    for (const consumer of new Set(rows.flatMap((row) => row.consumers)))
      await stage.environment(consumer).catch(() => undefined);
    for (const row of rows) {
      if (signal.aborted) break;
      if (await runRow(stage, row)) passed += 1;
      else failed += 1;
    }
  } finally {
    await stage.end();
  }
  if (rows.length === 0) {
    say(`No row has such a name. There are: ${table.map(({ name }) => name).join('; ')}.`);
  }
  say(`${passed} passed, ${failed} failed`);
  return passed > 0 && failed === 0 && !signal.aborted;
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    interrupted.abort();
    stopPrograms();
  });
}
// Also when the harness itself breaks.
process.once('exit', stopPrograms);
process.exitCode = (await main(process.argv.slice(2), interrupted.signal)) ? 0 : 1;
