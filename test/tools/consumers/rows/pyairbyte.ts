/** PyAirbyte reads the source into databases; their tables are compared with the account, value by value. */
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { countsOf, streams, unexpectedValues, type Item } from '../expected.ts';
import { startProgram } from '../programs.ts';
import { recordKey, recordsOf } from '../records.ts';
import { airbyteConfig, consumerEnv, sourceProgram } from '../stage.ts';
import type { Row, Sandbox, Stage } from '../stage.ts';
import type { Tables } from '../stored.ts';
import type { Answer } from '../programs.ts';

export interface Session {
  /** @throws the error of PyAirbyte */
  readonly ask: (verb: 'check' | 'streams' | 'read' | 'tables' | 'follow') => Promise<Answer>;
  readonly end: () => Promise<void>;
}

const driver = fileURLToPath(new URL('pyairbyte.py', import.meta.url));

/**
 * A process of PyAirbyte that does one thing after another.
 *
 * @param cache Which database, as the driver wants it.
 * @param given The source, the streams that it reads (default: all), what it does when asked to follow, and what its
 * config holds beside the usual.
 */
export async function openSession(
  stage: Stage,
  sandbox: Sandbox,
  cache: object,
  given: {
    program?: string;
    streams?: readonly string[];
    steps?: string;
    settings?: object;
  } = {},
): Promise<Session> {
  const { program = sourceProgram, streams: selected, steps, settings } = given;
  const { python } = await stage.environment('pyairbyte');
  const home = await stage.folder();
  const child = startProgram(python, [driver], { cwd: home, env: consumerEnv(home, sandbox) });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error('It has no pipes.');
  const ended = once(child, 'close');
  let said = '';
  stderr.setEncoding('utf8').on('data', (text) => {
    said = `${said}${text}`.slice(-3000);
  });
  stdin.on('error', () => {});
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const tell = (line: string) => stdin.write(`${line}\n`);
  const config = { ...airbyteConfig(sandbox), ...settings };
  tell(JSON.stringify({ program, config, cache, streams: selected, steps }));
  return {
    ask: async (verb) => {
      tell(verb);
      const { done, value } = await answers.next();
      if (done === true) throw new Error(`PyAirbyte has ended: ${said}`);
      const answer = JSON.parse(value);
      if (answer.error !== undefined) throw new Error(`${answer.error}: ${answer.message}`);
      return answer;
    },
    end: async () => {
      stdin.end();
      await ended;
    },
  };
}

function sum(counts: Readonly<Record<string, number>>) {
  return Object.values(counts).reduce((left, right) => left + right, 0);
}

/** Whether a column contains the value of the API: strings, numbers and booleans unchanged, times as times. */
function isSame(sent: unknown, held: unknown) {
  if (sent === held || String(sent) === String(held)) return true;
  // Truth is sent as 1 or 0 by old accounts.
  if (typeof held === 'boolean') return Boolean(sent) === held;
  if (typeof sent !== 'string' || typeof held !== 'string') return false;
  // In PostgreSQL, PyAirbyte adds `.0` to some text of digits, as docs/pyairbyte.md says.
  if (/^\d+$/.test(sent) && held === `${sent}.0`) return true;
  const zoned = held.endsWith('Z') || /[+-]\d\d:?\d\d$/.test(held) ? held : `${held}Z`;
  return Date.parse(sent) === Date.parse(zoned);
}

/** @returns which of its plain values the row does not hold */
function differences(record: Item, row: Item): readonly string[] {
  return Object.entries(record)
    .filter(([, sent]) => sent !== null && typeof sent !== 'object')
    .filter(([name, sent]) => !isSame(sent, row[name]))
    .map(([name, sent]) => `${name} is ${JSON.stringify(row[name])}, not ${JSON.stringify(sent)}`);
}

/**
 * Each table contains each record of the account once.
 *
 * @returns the pairs of records and rows
 */
export async function checkRows(
  tables: Tables,
  sandbox: Sandbox,
  names: readonly string[] = streams,
): Promise<readonly [Item, Item][]> {
  const records = await recordsOf(sandbox);
  return names.flatMap((stream) => {
    const [wanted = [], rows = []] = [records[stream], tables[stream]];
    equal(rows.length, wanted.length, `rows of ${stream}`);
    const held = new Map(rows.map((row) => [recordKey(row), row]));
    const missing = wanted.map(recordKey).filter((key) => !held.has(key));
    deepEqual(missing, [], `rows missing in ${stream}`);
    return wanted.map((record): [Item, Item] => [record, held.get(recordKey(record)) ?? {}]);
  });
}

/** Each table contains each record of the account once, with all its scalar values. */
async function checkTables(tables: Tables, sandbox: Sandbox) {
  const faults = (await checkRows(tables, sandbox)).flatMap(([record, row]) =>
    differences(record, row).map((text) => `${recordKey(record)}: ${text}`),
  );
  deepEqual(faults.slice(0, 10), [], `${faults.length} differences between tables and account`);
}

/** @returns a description of the comparison */
async function readThrice(session: Session, sandbox: Sandbox): Promise<string> {
  equal(await session.ask('check'), true, 'check');
  deepEqual((await session.ask('streams')).sort(), streams);
  const { processed } = await session.ask('read');
  equal(processed, sum(countsOf(sandbox)), 'records of the first read');
  await checkTables(await session.ask('tables'), sandbox);
  const again = await session.ask('read');
  equal(again.processed < processed / 2, true, 'records of the second read');
  await checkTables(await session.ask('tables'), sandbox);
  sandbox.account.edit({ count: 3 });
  sandbox.account.add({ count: 2 });
  await session.ask('read');
  await checkTables(await session.ask('tables'), sandbox);
  return `${processed} records in ${streams.length} tables, ${again.processed} read again, 5 changes seen`;
}

/** Ends the session, also after a failure. */
export async function during<T>(
  opening: Promise<Session>,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await opening;
  try {
    return await use(session);
  } finally {
    await session.end();
  }
}

async function duckdbOf(stage: Stage) {
  return { duckdb: join(await stage.folder(), 'chat.duckdb') };
}

async function postgresOf(stage: Stage, schema_name: string) {
  const { host, port, user: username, database } = await stage.postgres();
  return { postgres: { host, port, username, database, schema_name } };
}

async function compareTables(stage: Stage, cache: object) {
  const sandbox = await stage.account({ chats: 150, timeline: 60 });
  return during(openSession(stage, sandbox, cache), (session) => readThrice(session, sandbox));
}

/** Values that other sources trip over: PyAirbyte drops a record without a word, or PostgreSQL refuses all. */
async function keepUnexpected(stage: Stage) {
  const sandbox = await stage.account({ chats: 40, timeline: 10, hostile: unexpectedValues });
  const cache = await postgresOf(stage, 'unexpected');
  return during(openSession(stage, sandbox, cache), async (session) => {
    await session.ask('read');
    await checkRows(await session.ask('tables'), sandbox);
    return 'no row is lost';
  });
}

/** A failing stream makes the whole read fail with an error. The next read gets everything. */
async function hearOfFailure(stage: Stage) {
  const sandbox = await stage.account({ chats: 20, timeline: 10 });
  return during(openSession(stage, sandbox, await duckdbOf(stage)), async (session) => {
    sandbox.faults.set([{ path: '=goals', fault: { kind: 'status', status: 400 } }]);
    await rejects(session.ask('read'), /^Error: AirbyteConnectorFailedError/);
    sandbox.faults.clear();
    await session.ask('read');
    await checkTables(await session.ask('tables'), sandbox);
    return 'a failing stream raises, the next read brings all';
  });
}

/** One chat without an id loses all records of all streams in each run, and with `on_bad_item: warn` only that chat. */
async function passBadItem(stage: Stage) {
  const sandbox = await stage.account({ chats: 20, timeline: 10 });
  sandbox.account.patchChat(sandbox.account.idAt('chats', 5), { id: null });
  const cache = await duckdbOf(stage);
  await during(openSession(stage, sandbox, cache), (strict) =>
    rejects(strict.ask('read'), /^Error: AirbyteConnectorFailedError/),
  );
  const settings = { on_bad_item: 'warn' };
  return during(openSession(stage, sandbox, cache, { settings }), async (lenient) => {
    const { processed } = await lenient.ask('read');
    const wanted = Object.values(await recordsOf(sandbox)).flat();
    equal(processed, wanted.length, 'records of the read');
    await checkRows(await lenient.ask('tables'), sandbox);
    return `one chat without an id: nothing is stored; with on_bad_item: warn ${processed} records are`;
  });
}

const consumers = ['pyairbyte'];

export const pyairbyteRows: readonly Row[] = [
  {
    name: 'pyairbyte 0.71.3 into DuckDB',
    consumers,
    run: async (stage) => compareTables(stage, await duckdbOf(stage)),
  },
  {
    name: 'pyairbyte 0.71.3 into PostgreSQL',
    consumers,
    run: async (stage) => compareTables(stage, await postgresOf(stage, 'pyairbyte')),
  },
  { name: 'pyairbyte 0.71.3 and unusual values', consumers, run: keepUnexpected },
  { name: 'pyairbyte 0.71.3 and a failure', consumers, run: hearOfFailure },
  { name: 'pyairbyte 0.71.3 and a chat without an id', consumers, run: passBadItem },
];
