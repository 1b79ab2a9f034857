/** Targets of warehouses, run up to the data that they would send, which needs no account. */
import { deepEqual } from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { runWell } from '../programs.ts';
import { countRecords, linesOf, runTap } from '../singer.ts';
import { consumerEnv } from '../stage.ts';
import type { Row, SandboxOptions, Stage } from '../stage.ts';

/** An ordinary account, and one with all unusual values. */
const accounts: readonly SandboxOptions[] = [
  { chats: 600, timeline: 60 },
  { chats: 150, timeline: 60, hostile: true },
];

/** @param script Converts messages, and compares each result with its record. */
async function convert(stage: Stage, consumer: string, script: string) {
  const { python } = await stage.environment(consumer);
  let total = 0;
  for (const options of accounts) {
    const sandbox = await stage.account(options);
    const folder = await stage.folder();
    const { stdout } = await runTap(sandbox, folder);
    const path = fileURLToPath(new URL(script, import.meta.url));
    const env = consumerEnv(folder, sandbox);
    const { counts, refused } = JSON.parse(await runWell(python, [path], { env, input: stdout }));
    deepEqual(refused.slice(0, 10), [], `${refused.length} records refused or changed`);
    deepEqual(counts, countRecords(linesOf(stdout)), 'records converted');
    total += Object.values(countRecords(linesOf(stdout))).reduce((sum, count) => sum + count, 0);
  }
  return `${total} records of an ordinary and a hostile account converted, none refused or changed`;
}

export const warehouseRows: readonly Row[] = [
  {
    name: 'z3-target-bigquery 0.7.2, denormalized, Storage Write API',
    consumers: ['target-bigquery'],
    run: (stage) => convert(stage, 'target-bigquery', 'to_bigquery.py'),
  },
  {
    name: 'meltanolabs-target-snowflake 0.20.4',
    consumers: ['target-snowflake'],
    run: (stage) => convert(stage, 'target-snowflake', 'to_snowflake.py'),
  },
];
