/**
 * Airbyte's own connector and ours beside each other: the same config, the same account. They say the
 * same but for what is listed here, and each goes on where the other has stopped.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { countsOf, incrementalStreams, itemsOf } from '../expected.js';
import { configuredCatalog, discovered, lastStates, messagesOf, recordsOf } from '../messages.js';
import { runWell } from '../programs.js';
import { airbyteConfig, runSource, sourceProgram } from '../stage.js';
import { catalogDifferences, recordDifferences } from './connector-differences.js';

/** @typedef {import('../stage.js').Stage} Stage */
/** @typedef {import('../stage.js').Sandbox} Sandbox */
/** @typedef {import('../messages.js').StreamState} StreamState */
/** @typedef {import('../messages.js').CatalogStream} CatalogStream */

/** @typedef {{ state: readonly StreamState[], records: ReturnType<typeof recordsOf> }} Read */

/**
 * @typedef {object} Source
 * @property {(verb: string, files: import('../stage.js').Files) => Promise<readonly import('../messages.js').Message[]>} run
 */

/** Where the catalogs differ, besides the fields only ours has. */
const knownInCatalogs = [
  // Destinations make a column of text of what has no type.
  'chats.session: anything, ours object',
  // Nested lists of mixed kinds have no type; they are JSON text.
  'triggers.definition.actions: array or string, ours string',
  'triggers.definition.condition: array or string, ours string',
  'triggers.definition.event: array or string, ours string',
];

/** Fields whose values differ somewhere. */
const knownInRecords = [
  // Their column says text, their record a number: limits of a plan are a number or `unlimited`.
  'accounts.plan.max_advanced_triggers',
  // Whole microseconds tell apart what lies within one second; the key is made of it.
  'agent_timeline.id',
  'agent_timeline.start_time',
  // Their column says truth, their record 1 or 0, as old accounts have it.
  'agents.enabled',
  // Their column is never filled: the API's name for it is another one.
  'bans.create_date',
  // An instant has one form.
  'chats.history[].timestamp',
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

/**
 * Data that their connector can read: a ban without a date ends it, from the eleventh on there is one. The
 * instant is given so that both lists above are whole each time.
 */
const readable = {
  chats: 200,
  timeline: 60,
  bans: { ip: 3, visitor: 3 },
  now: '2025-06-01T12:00:00Z',
};

/**
 * Their package with the sandbox in place of the API.
 *
 * @param {Stage} stage
 * @param {Sandbox} sandbox
 * @returns {Promise<Source>}
 */
async function openTheirs(stage, sandbox) {
  const { python } = await stage.environment('airbyte-connector');
  const folder = await stage.folder();
  const where = 'import source_zendesk_chat; print(source_zendesk_chat.__path__[0])';
  const installed = (await runWell(python, ['-c', where])).trim();
  await cp(installed, join(folder, 'source_zendesk_chat'), { recursive: true });
  const manifest = join(folder, 'source_zendesk_chat', 'manifest.yaml');
  const text = await readFile(manifest, 'utf8');
  const parts = text.split("https://{{ config['subdomain'] }}.zendesk.com");
  equal(parts.length, 2, 'their manifest names the origin once');
  await writeFile(manifest, parts.join(sandbox.url));
  const command = [python, '-c', 'from source_zendesk_chat.run import run; run()'];
  return open(command, { folder, sandbox, env: { PYTHONPATH: folder } });
}

/**
 * @param {readonly string[]} command
 * @param {Parameters<typeof runSource>[3]} where
 * @returns {Source}
 */
function open(command, where) {
  return {
    run: async (verb, files) => {
      const { code, stdout, stderr } = await runSource(command, verb, files, where);
      equal(code, 0, `${command.at(-1)} ${verb}: ${stderr}${stdout.slice(-3000)}`);
      return messagesOf(stdout);
    },
  };
}

/**
 * @param {Source} source
 * @param {{ config: object, streams: readonly CatalogStream[], state?: readonly StreamState[] }} given
 * @returns {Promise<Read>}
 */
async function read(source, { config, streams, state }) {
  const catalog = configuredCatalog(streams);
  const files = state === undefined ? { config, catalog } : { config, catalog, state };
  const messages = await source.run('read', files);
  const last = lastStates(messages).map(({ stream }) => ({ type: 'STREAM', stream }));
  return { records: recordsOf(messages), state: last };
}

/**
 * @param {Sandbox} sandbox
 * @returns {Readonly<Record<string, string | undefined>>} where the first request of each stream began
 */
function firstStarts({ requests }) {
  const starts = incrementalStreams.map((stream) => {
    const request = requests.find(({ path }) => path.endsWith(`/${stream}`));
    return [stream, request?.query['since_id'] ?? request?.query['start_time']];
  });
  return Object.fromEntries(starts);
}

/**
 * @param {Read} read
 * @param {string} stream
 * @param {string} name
 */
function bookmark({ state }, stream, name) {
  const found = state.find(({ stream: { stream_descriptor: of } }) => of.name === stream);
  return found?.stream.stream_state[name];
}

/** @param {unknown} time */
function micros(time) {
  const [, second = '', fraction = ''] = /^(.{19})(?:\.(\d{6}))?Z$/.exec(String(time)) ?? [];
  return Date.parse(`${second}Z`) * 1000 + Number(fraction);
}

/**
 * Their bookmarks may lie in the last five minutes, where chats still arrive: ours goes back behind them.
 *
 * @param {Read} theirs
 */
function startsFromTheirs(theirs) {
  const late = 310;
  return {
    agents: String(Number(bookmark(theirs, 'agents', 'id')) + 1),
    bans: String(Number(bookmark(theirs, 'bans', 'id')) + 1),
    agent_timeline: String(Number(bookmark(theirs, 'agent_timeline', 'start_time')) - late * 1e6),
    chats: String(Number(bookmark(theirs, 'chats', 'update_timestamp')) - late),
  };
}

/** @param {Read} ours */
function startsFromOurs(ours) {
  return {
    agents: String(bookmark(ours, 'agents', 'id')),
    bans: String(bookmark(ours, 'bans', 'id')),
    agent_timeline: String(micros(bookmark(ours, 'agent_timeline', 'start_time'))),
    chats: String(micros(bookmark(ours, 'chats', 'update_timestamp')) / 1e6),
  };
}

/** @param {Sandbox} sandbox */
function changeAccount({ account, now }) {
  account.edit({ count: 3 });
  account.add({ count: 2 });
  account.put('agents', { id: 999_000_000_001, display_name: 'New' });
  const created_at = new Date(now()).toISOString();
  account.put('bans', { id: 99_000_001, type: 'visitor', visitor_id: 'new', created_at });
}

/**
 * What both reads have brought is what the account holds now.
 *
 * @param {readonly Read[]} reads The earlier one first.
 * @param {Sandbox} sandbox
 */
function checkUnion(reads, sandbox) {
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
 * @param {{ source: Source, other: Read, sandbox: Sandbox, config: object, streams: readonly CatalogStream[] }} given
 * @param {Readonly<Record<string, string>>} starts
 */
async function goOn({ source, other, sandbox, config, streams }, starts) {
  sandbox.requests.length = 0;
  const more = await read(source, { config, streams, state: other.state });
  deepEqual(firstStarts(sandbox), starts, 'first requests from the other state');
  checkUnion([other, more], sandbox);
}

/** @type {import('../table.js').Row} */
export const airbyteConnector = {
  name: 'airbyte-source-zendesk-chat 1.1.1 beside ours',
  consumers: ['airbyte-connector'],
  async run(stage) {
    const sandbox = await stage.account(readable);
    const config = airbyteConfig(sandbox);
    const theirSource = await openTheirs(stage, sandbox);
    const ourSource = open([sourceProgram], { folder: await stage.folder(), sandbox });
    const theirStreams = discovered(await theirSource.run('discover', { config }));
    const ourStreams = discovered(await ourSource.run('discover', { config }));
    deepEqual(catalogDifferences(theirStreams, ourStreams), knownInCatalogs);
    const theirs = await read(theirSource, { config, streams: theirStreams });
    const ours = await read(ourSource, { config, streams: ourStreams });
    deepEqual(recordDifferences(theirs.records, ours.records), knownInRecords);
    const counts = Object.entries(ours.records).map(([name, { length }]) => [name, length]);
    deepEqual(Object.fromEntries(counts), countsOf(sandbox));
    changeAccount(sandbox);
    const both = { sandbox, config };
    await goOn(
      { ...both, source: ourSource, streams: ourStreams, other: theirs },
      startsFromTheirs(theirs),
    );
    await goOn(
      { ...both, source: theirSource, streams: theirStreams, other: ours },
      startsFromOurs(ours),
    );
    const known = knownInCatalogs.length + knownInRecords.length;
    return `catalogs and records the same but for ${known} known differences, each goes on from the other's state`;
  },
};
