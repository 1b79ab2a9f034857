/** Meltano runs the tap as its users do: added from the packaged definition, run again and again, interrupted. */
import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { defaultStreams } from '../expected.ts';
import { inProject, takeFiles, tap } from '../meltano.ts';
import { recordKey, recordsOf } from '../records.ts';
import { checkTables } from '../stored.ts';
import { postgresOf, readTables } from './targets.ts';
import type { Row, Sandbox, Stage } from '../stage.ts';
import type { Tables } from '../stored.ts';
import type { Project } from '../meltano.ts';
import type { Answer } from '../programs.ts';

const intoFiles = ['run', tap, 'target-jsonl'];

function selecting(...patterns: readonly string[]) {
  return { TAP_ZENDESK_CHAT__SELECT: JSON.stringify(patterns) };
}

/** @returns streams with a field that is read */
async function listedStreams({ well }: Project): Promise<readonly string[]> {
  const { stdout } = await well(['select', '--list', '--all', tap]);
  match(stdout, /\[automatic *\] chats\.id\n/);
  const rows = stdout.matchAll(/^\s*\[(?:selected|automatic) *\] (\w+)\./gm);
  return [...new Set([...rows].map(([, stream = '']) => stream))].sort();
}

async function lookAround(stage: Stage) {
  return inProject(stage, { chats: 20, timeline: 10 }, async (project, sandbox) => {
    const { well, meltano } = project;
    deepEqual(await listedStreams(project), defaultStreams, 'streams of the default selection');
    match((await well(['config', 'test', tap])).stdout, /Plugin configuration is valid/);
    const refused = await meltano(['config', 'test', tap], {
      TAP_ZENDESK_CHAT_ACCESS_TOKEN: 'wrong-token',
    });
    equal(refused.code, 1);
    match(refused.stdout + refused.stderr, /access token is refused/);
    const { stdout } = await well(['invoke', '--dump=catalog', tap], {
      ...selecting('chats.*', '!chats.history'),
      TAP_ZENDESK_CHAT__METADATA: JSON.stringify({
        chats: { 'table-key-properties': ['id', 'type'] },
      }),
    });
    const catalog = JSON.parse(stdout);
    deepEqual(selectionIn(catalog), { streams: ['chats'], history: false, id: true });
    const chats = catalog.streams.find(({ stream }: Answer) => stream === 'chats');
    deepEqual(chats.metadata[0].metadata['table-key-properties'], ['id', 'type']);
    const about = JSON.parse((await well(['invoke', tap, '--about', '--format=json'])).stdout);
    equal(typeof about.settings.properties.access_token, 'object');
    match((await well(['invoke', tap, '--check'])).stdout, /chats/);
    const shown = await well(['config', 'print', tap]);
    equal(`${shown.stdout}${shown.stderr}`.includes(sandbox.token), false, 'the token is shown');
    return `added from its definition; ${defaultStreams.length} streams; config test, --about, --check, a wrong token reported`;
  });
}

/** @param entry Of a catalog. */
function selectedAt(entry: Answer, place: readonly string[]) {
  const each = entry.metadata.find(({ breadcrumb }: Answer) => breadcrumb.join() === place.join());
  return each?.metadata.selected;
}

function selectionIn({ streams: entries }: { streams: readonly Answer[] }) {
  const chosen = entries.filter((entry) => selectedAt(entry, []) === true);
  return {
    streams: chosen.map(({ stream }) => stream),
    history: selectedAt(chosen[0], ['properties', 'history']),
    id: selectedAt(chosen[0], ['properties', 'id']),
  };
}

/** A second run: only changed chats and timelines and those of the last second, and all other streams completely. */
function checkSecond(tables: Tables, sandbox: Sandbox, changed: readonly string[]) {
  const chats = (tables['chats'] ?? []).map(recordKey);
  deepEqual(
    changed.filter((id) => !chats.includes(id)),
    [],
    'changes that are not seen',
  );
  equal(chats.length <= changed.length + 2, true, `${chats.length} chats in the second run`);
  equal((tables['agent_timeline'] ?? []).length <= 1, true, 'spans in the second run');
  equal(tables['agents']?.length, sandbox.account.count('agents'), 'agents in the second run');
}

async function loadFiles(stage: Stage) {
  return inProject(stage, { chats: 120, timeline: 40 }, async (project, sandbox) => {
    const { well } = project;
    await well(intoFiles);
    const compared = await checkTables(await takeFiles(project), sandbox);
    const changed = [...sandbox.account.edit({ count: 3 }), ...sandbox.account.add({ count: 2 })];
    await well(intoFiles);
    const second = await takeFiles(project);
    checkSecond(second, sandbox, changed);
    await well(['run', '--full-refresh', tap, 'target-jsonl']);
    await checkTables(await takeFiles(project), sandbox);
    const state = await project.state('target-jsonl');
    for (const more of [['--full-refresh'], []]) {
      await well(['run', ...more, '--state-strategy=merge', tap, 'target-jsonl']);
    }
    const merged = await project.state('target-jsonl');
    deepEqual(formOf(merged), formOf(state), 'the form of a state that was merged twice');
    equal(
      merged.bookmarks.chats.position.end_time >= state.bookmarks.chats.position.end_time,
      true,
    );
    return `${compared}; a second run brings ${second['chats']?.length} chats for ${changed.length} changes; --full-refresh all, --state-strategy=merge keeps the state's form`;
  });
}

/** The paths in a value, each with the type of its value. */
function formOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, formOf(child)]));
}

async function chooseFields(stage: Stage) {
  return inProject(stage, { chats: 60, timeline: 20 }, async (project, sandbox) => {
    const env = {
      ...selecting('chats.*', '!chats.history', 'agents.*'),
      TAP_ZENDESK_CHAT__METADATA: JSON.stringify({
        chats: { 'replication-method': 'FULL_TABLE' },
        agents: { 'replication-method': 'INCREMENTAL' },
      }),
    };
    await project.well(intoFiles, env);
    const first = await takeFiles(project);
    deepEqual(Object.keys(first).sort(), ['agents', 'chats']);
    const { chats = [] } = await recordsOf(sandbox);
    const without = chats.map(({ history: _none, ...others }) => others);
    deepEqual(byKey(first['chats']), byKey(without), 'chats without their history');
    await project.well(intoFiles, env);
    const second = await takeFiles(project);
    deepEqual(byKey(second['chats']), byKey(without), 'chats by FULL_TABLE, again');
    equal(second['agents'], undefined, 'agents by INCREMENTAL, again');
    const { bookmarks } = await project.state('target-jsonl');
    equal(bookmarks.chats, undefined, 'a bookmark of FULL_TABLE');
    return `${without.length} chats without history, whole in each run; agents once`;
  });
}

function byKey(rows: readonly Record<string, unknown>[] | undefined = []) {
  return Object.fromEntries(rows.map((row) => [recordKey(row), row]));
}

async function loadPostgres(stage: Stage) {
  return inProject(stage, { chats: 120, timeline: 40 }, async ({ well }, sandbox) => {
    await well(['run', tap, 'target-postgres']);
    const compared = await checkTables(await readPostgres(stage), sandbox);
    sandbox.account.edit({ count: 3 });
    sandbox.account.add({ count: 2 });
    await well(['run', tap, 'target-postgres']);
    await checkTables(await readPostgres(stage), sandbox);
    return `${compared}, and again after 5 changes`;
  });
}

async function readPostgres(stage: Stage): Promise<Tables> {
  const { python } = await stage.environment('target-postgres-meltanolabs');
  return readTables({ python }, { ...(await postgresOf(stage)), schema: 'meltano' });
}

/** The tap is killed while it waits for a page of chats: loaded data stays, and the next run continues from there. */
async function killAndResume(stage: Stage) {
  let pidFile: string | undefined;
  let pages = 0;
  const options = {
    chats: 120,
    timeline: 20,
    switches: { maxPage: 25 },
    onRequest: async ({ path }: { path: string }) => {
      if (!path.endsWith('incremental/chats') || pidFile === undefined) return;
      pages += 1;
      if (pages < 4) return;
      // The requests after it wait, too: some of them are early ones.
      if (pages > 4) return sleep(3000);
      // By then the page before is written, its state last: else target-jsonl keeps no state at all.
      await sleep(1000);
      process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
      pidFile = undefined;
    },
  };
  return inProject(stage, options, async (project, sandbox) => {
    ({ pidFile } = project);
    const killed = await project.meltano(intoFiles);
    equal(killed.code, 1, killed.stderr);
    const first = await takeFiles(project);
    const before = first['chats']?.length ?? 0;
    equal(before > 0 && before < 120, true, `${before} chats before the end`);
    sandbox.requests.length = 0;
    await project.well(intoFiles);
    const second = await takeFiles(project);
    const start = sandbox.requests.find(({ path }) => path.endsWith('incremental/chats'));
    notEqual(Number(start?.query['start_time']), Date.parse(sandbox.config.start_date) / 1000);
    const chats = [...(first['chats'] ?? []), ...(second['chats'] ?? [])];
    deepEqual(byKey(chats), byKey((await recordsOf(sandbox))['chats']), 'chats of both runs');
    return `${before} chats, then ${second['chats']?.length}: all 120`;
  });
}

/** The values of a metric by stream, as Meltano has parsed them. */
function metricsIn(log: string, metric: string): Record<string, number> {
  const entries = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Answer => JSON.parse(line));
  const infos = entries.flatMap(({ metric_info: info }) => (info?.metric === metric ? [info] : []));
  return Object.fromEntries(infos.map(({ tags, value }) => [tags.stream, value]));
}

/** A stream fails: its error is shown as one, all others are loaded. */
async function tellErrors(stage: Stage) {
  return inProject(stage, { chats: 20, timeline: 10 }, async (project, sandbox) => {
    sandbox.faults.set([{ path: '=goals', fault: { kind: 'status', status: 400 } }]);
    const failed = await project.meltano(intoFiles);
    equal(failed.code, 1);
    const said = `${failed.stdout}${failed.stderr}`;
    match(said, /\[(?:critical|error) *\].*goals.* 400 /);
    match(said, /\[info *\].*chats: complete/);
    const tables = await takeFiles(project);
    equal(tables['chats']?.length, 20);
    equal(tables['goals'], undefined);
    sandbox.faults.clear();
    await project.well(intoFiles);
    equal((await takeFiles(project))['goals']?.length, sandbox.account.count('goals'));
    const logged = await project.well(['--log-format=json', ...intoFiles]);
    deepEqual(
      metricsIn(`${logged.stdout}${logged.stderr}`, 'record_count')['goals'],
      sandbox.account.count('goals'),
      "the metrics in Meltano's log",
    );
    const debug = await project.well(['--log-level=debug', ...intoFiles]);
    equal(`${debug.stdout}${debug.stderr}`.includes(sandbox.token), false, 'the token is logged');
    return 'a failing stream is logged at its level, the others are loaded; metrics are parsed; no token in a debug log';
  });
}

const consumers = ['meltano', 'target-jsonl', 'target-postgres-meltanolabs'];

export const meltanoRows: readonly Row[] = [
  { name: 'meltano 4.4.1, add, select, config test', consumers, run: lookAround },
  { name: 'meltano 4.4.1 into target-jsonl', consumers, run: loadFiles },
  { name: 'meltano 4.4.1, fields and methods', consumers, run: chooseFields },
  { name: 'meltano 4.4.1 into target-postgres', consumers, run: loadPostgres },
  { name: 'meltano 4.4.1, tap killed', consumers, run: killAndResume },
  { name: 'meltano 4.4.1, errors', consumers, run: tellErrors },
];
