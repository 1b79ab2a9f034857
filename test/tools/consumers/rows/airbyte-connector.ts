/**
 * A comparison of Airbyte's connector and ours with the same config and account. Their output is the
 * same except for the listed differences, and each continues from the state of the other.
 */
import { deepEqual, equal } from 'node:assert/strict';

import { countsOf, defaultStreams, itemsOf } from '../expected.ts';
import { configuredCatalog, discovered, lastStates, messagesOf, recordsOf } from '../messages.ts';
import { installConnector } from '../old-connector.ts';
import { airbyteConfig, runWithFiles, sourceProgram } from '../stage.ts';
import { catalogDifferences, recordDifferences } from './connector-differences.ts';
import type { Files, Row, Sandbox } from '../stage.ts';
import type { CatalogStream, Message, StreamState } from '../messages.ts';

type Read = { state: readonly StreamState[]; records: ReturnType<typeof recordsOf> };

interface Source {
  readonly run: (verb: string, files: Files) => Promise<readonly Message[]>;
}

/** Differences of the catalogs, besides the fields that only ours has. */
const knownInCatalogs = [
  // A column has one type.
  'chats.history[].department_id: integer or string, ours integer',
  'chats.history[].msg_id: integer or string, ours string',
  'chats.history[].prev_department_id: integer or string, ours integer',
  // Destinations create a text column for a field without a type.
  'chats.session: anything, ours object',
  // Nested lists of mixed kinds have no type; they are JSON text.
  'triggers.definition.actions: array or string, ours string',
  'triggers.definition.condition: array or string, ours string',
  'triggers.definition.event: array or string, ours string',
];

/** Fields whose values differ somewhere. */
const knownInRecords = [
  // Their column is text, but their record has a number: limits of a plan are a number or `unlimited`.
  'accounts.plan.max_advanced_triggers',
  // Microseconds distinguish spans in one second, and the key contains them.
  'agent_timeline.id',
  'agent_timeline.start_time',
  // Their column is boolean, but their record has 1 or 0, as in old accounts.
  'agents.enabled',
  // Their column is never filled: the API's name for it is another one.
  'bans.create_date',
  // The API sends numbers, too.
  'chats.history[].msg_id',
  'chats.history[].prev_department_id',
  // An instant has one form.
  'chats.session.end_date',
  'chats.session.start_date',
  'departments.enabled',
  // There is a key.
  'routing_settings.id',
  // A shortcut of the old kind has no id: its name is its key.
  'shortcuts.id',
  'skills.enabled',
  'triggers.definition.actions',
  'triggers.definition.condition',
  'triggers.enabled',
];

/** The same data each time, so that both lists above are whole. */
const startMs = Date.parse('2025-06-01T12:00:00Z');

/** Data that their connector can read: a ban without a date ends it, from the eleventh on there is one. */
const readable = { chats: 200, timeline: 60, bans: { ip: 3, visitor: 3 }, now: startMs };

function open(program: string, where: Parameters<typeof runWithFiles>[2]): Source {
  return {
    run: async (verb, files) => {
      const { code, stdout, stderr } = await runWithFiles([program, verb], files, where);
      equal(code, 0, `${program} ${verb}: ${stderr}${stdout.slice(-3000)}`);
      return messagesOf(stdout);
    },
  };
}

async function read(
  source: Source,
  {
    config,
    streams,
    state,
  }: { config: object; streams: readonly CatalogStream[]; state?: readonly StreamState[] },
): Promise<Read> {
  const catalog = configuredCatalog(streams);
  const files = state === undefined ? { config, catalog } : { config, catalog, state };
  const messages = await source.run('read', files);
  return { records: recordsOf(messages), state: lastStates(messages) };
}

function changeAccount(sandbox: Sandbox, round: number) {
  const { account } = sandbox;
  account.edit({ count: 3 });
  account.add({ count: 2 });
  account.put('agents', { id: 999_000_000_000 + round, display_name: 'New' });
  const created_at = new Date(sandbox.now()).toISOString();
  account.put('bans', { id: 99_000_000 + round, type: 'visitor', visitor_id: 'new', created_at });
}

/**
 * The records of all reads together are the current content of the account.
 *
 * @param reads The earlier ones first.
 */
function checkUnion(reads: readonly Read[], sandbox: Sandbox) {
  for (const stream of ['agents', 'bans', 'chats']) {
    const records = reads.flatMap((each) => each.records[stream] ?? []);
    const versions = new Map(records.map((data) => [String(data['id']), data['update_timestamp']]));
    const items = itemsOf(sandbox, stream);
    const expected = new Map(items.map((item) => [String(item['id']), item['update_timestamp']]));
    const lost = [...expected].filter(([id, version]) => versions.get(id) !== version);
    deepEqual(lost, [], `${stream} lost by the change of source`);
    equal(versions.size, expected.size, stream);
  }
}

/**
 * Each continues from the other's state after the account has changed: ours from theirs, theirs from ours, and
 * ours again from their new state.
 *
 * @param wait Waits until the latest changes are older than the last minutes.
 */
async function exchangeStates(
  { theirs, ours, sandbox, config }: { theirs: Side; ours: Side; sandbox: Sandbox; config: object },
  wait: () => void,
) {
  const goOn = async ({ source, streams }: Side, before: readonly Read[]) => {
    const more = await read(source, { config, streams, state: before.at(-1)?.state ?? [] });
    checkUnion([...before, more], sandbox);
    const { chats = [], agents = [] } = more.records;
    equal(chats.length < readable.chats / 2, true, `${chats.length} chats again`);
    equal(agents.length <= 2, true, `${agents.length} agents again`);
    return more;
  };
  changeAccount(sandbox, 1);
  await goOn(ours, [theirs.first]);
  const back = await goOn(theirs, [ours.first]);
  wait();
  changeAccount(sandbox, 2);
  await goOn(ours, [ours.first, back]);
}

interface Side {
  readonly source: Source;
  readonly streams: readonly CatalogStream[];
  /** Everything. */
  readonly first: Read;
}

async function readAll(source: Source, config: object): Promise<Side> {
  // Their connector has no others.
  const streams = discovered(await source.run('discover', { config })).filter(({ name }) =>
    defaultStreams.includes(name),
  );
  return { source, streams, first: await read(source, { config, streams }) };
}

export const airbyteConnector: Row = {
  name: 'airbyte-source-zendesk-chat 1.1.1 beside ours',
  consumers: ['airbyte-connector'],
  async run(stage) {
    let nowMs = startMs;
    const sandbox = await stage.account({ ...readable, clock: () => nowMs });
    const config = airbyteConfig(sandbox);
    const folder = await stage.folder();
    const program = await installConnector(stage, sandbox);
    const theirs = await readAll(open(program, { folder, sandbox }), config);
    const ourSource = open(sourceProgram, { folder: await stage.folder(), sandbox });
    const ours = await readAll(ourSource, config);
    deepEqual(catalogDifferences(theirs.streams, ours.streams), knownInCatalogs);
    deepEqual(recordDifferences(theirs.first.records, ours.first.records), knownInRecords);
    const counts = Object.entries(ours.first.records).map(([name, { length }]) => [name, length]);
    deepEqual(Object.fromEntries(counts), countsOf(sandbox, defaultStreams));
    await exchangeStates({ theirs, ours, sandbox, config }, () => {
      nowMs += 900_000;
    });
    const known = knownInCatalogs.length + knownInRecords.length;
    return `catalogs and records the same but for ${known} known differences; states go there and back`;
  },
};
