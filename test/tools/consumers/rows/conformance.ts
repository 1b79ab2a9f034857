/** Tools that judge a tap: by the Singer specification, by the Meltano SDK. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { unexpectedValues } from '../expected.ts';
import { runProgram, runWell } from '../programs.ts';
import { countRecords, lastState, linesOf, runTap, tapProgram } from '../singer.ts';
import { consumerEnv } from '../stage.ts';
import type { Row, Stage } from '../stage.ts';

const sdkTests = fileURLToPath(new URL('sdk_tests.py', import.meta.url));

const options = { chats: 120, timeline: 40, hostile: unexpectedValues };

/** Nulls are left out: singer-check-tap breaks at an object that is null if there are dates in its schema. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([name, child]) => [name, withoutNulls(child)]));
}

/** Judges a whole run and one from its state. */
async function checkTap(stage: Stage) {
  const { command } = await stage.environment('singer-tools');
  const sandbox = await stage.account(options);
  const folder = await stage.folder();
  const told = [];
  let state: object | undefined;
  for (const _run of ['first', 'second']) {
    const { code, stdout, stderr } = await runTap(sandbox, folder, state && { state });
    equal(code, 0, stderr);
    const lines = linesOf(stdout);
    state = lastState(lines);
    const input = lines.map((line) =>
      JSON.stringify(line.record ? { ...line, record: withoutNulls(line.record) } : line),
    );
    const env = consumerEnv(folder, sandbox);
    const judging = { env, input: `${input.join('\n')}\n`, timeoutMs: 60_000 };
    const said = await runWell(command('singer-check-tap'), [], judging);
    match(said, /The output is valid/);
    deepEqual(countsIn(said), countRecords(lines), 'records it counts');
    told.push(Object.values(countRecords(lines)).reduce((sum, count) => sum + count, 0));
    sandbox.account.edit({ count: 3 });
  }
  return `${told.join(' and ')} records of two runs are valid`;
}

/** @param report With a table of streams, records and schemas. */
function countsIn(report: string): Readonly<Record<string, number>> {
  const rows = [...report.matchAll(/^\|\s*([a-z_]+)\s*\|\s*(\d+)\s*\|/gm)];
  return Object.fromEntries(rows.map(([, stream, count]) => [stream, Number(count)]));
}

/** Number of tests for twelve streams. Fewer tests mean that the suite skips some. */
const leastTests = 100;

async function runSdkTests(stage: Stage) {
  const { python } = await stage.environment('singer-sdk');
  const sandbox = await stage.account(options);
  const folder = await stage.folder();
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify(sandbox.config));
  const told = { TAP: tapProgram, TAP_CONFIG: config, PYTHONDONTWRITEBYTECODE: '1' };
  const env = { ...consumerEnv(folder, sandbox), ...told };
  const argv = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', sdkTests];
  const { code, stdout } = await runProgram(python, argv, { cwd: folder, env });
  equal(code, 0, stdout.slice(-4000));
  const [, passed] = /(\d+) passed/.exec(stdout) ?? [];
  equal(Number(passed) >= leastTests, true, `only ${passed} tests passed`);
  return `${passed} tests of streams and attributes`;
}

export const conformanceRows: readonly Row[] = [
  { name: 'singer-tools 0.4.1, singer-check-tap', consumers: ['singer-tools'], run: checkTap },
  { name: 'singer-sdk 0.54.9, tap tests', consumers: ['singer-sdk'], run: runSdkTests },
];
