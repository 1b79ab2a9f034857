/**
 * Moving from singer-io's tap: its config, catalog and state continue here, with the tables that it has loaded.
 * Each of the two PostgreSQL targets does it in its own way.
 */
import { deepEqual, equal, rejects } from 'node:assert/strict';

import { blocksUnder } from '../guide.ts';
import { openOldTap } from '../old-tap.ts';
import { runWell } from '../programs.ts';
import { recordKey } from '../records.ts';
import { countRecords, discover, lastState, linesOf, runTap } from '../singer.ts';
import { checkTables } from '../stored.ts';
import {
  checkIncrement,
  load,
  meltanolabs,
  open,
  pipelinewise,
  postgresTarget,
} from './targets.ts';
import type { Tables } from '../stored.ts';
import type { Files, Row, Stage } from '../stage.ts';
import type { Opened, Target } from './targets.ts';
import type { OldTap } from '../old-tap.ts';
import type { Answer } from '../programs.ts';

type Catalog = { streams: readonly Answer[] };

/**
 * What the target can load of the old tap: neither takes `unread`, a boolean or an integer; MeltanoLabs' refuses
 * the schema of `account`, in which `exclusiveMaximum` is true.
 */
function loadable(catalog: Catalog, target: Target): Catalog {
  const { streams } = structuredClone(catalog);
  for (const { metadata } of streams) {
    for (const each of metadata) {
      if (each.breadcrumb.join() === 'properties,unread') each.metadata.selected = false;
    }
  }
  const isRefused = target.consumer === meltanolabs.consumer;
  return { streams: streams.filter(({ stream }) => !isRefused || stream !== 'account') };
}

/**
 * The streams of a catalog as this tap discovers them, loaded where the old tap's are: one has another name,
 * one another key.
 */
async function ownCatalog(
  { sandbox, folder }: Opened,
  old: Catalog,
  shortcutsKey: string = 'id',
): Promise<Catalog> {
  const { streams } = JSON.parse(await discover(sandbox, folder));
  const wanted = new Set(newNamesOf(old));
  const entries = streams.filter(({ stream }: Answer) => wanted.has(stream));
  for (const entry of entries) {
    if (entry.stream === 'accounts') entry.stream = 'account';
    if (entry.stream === 'shortcuts')
      entry.metadata[0].metadata['table-key-properties'] = [shortcutsKey];
  }
  return { streams: entries };
}

/** One stream of the old tap has another name here. */
function newNamesOf({ streams }: Catalog): readonly string[] {
  return streams.map(({ stream }) => (stream === 'account' ? 'accounts' : stream));
}

/** @returns with the name of a stream here */
async function tablesOf(at: Opened): Promise<Tables> {
  const tables = await at.target.tables({ ...at, more: ['account'] });
  return { ...tables, accounts: tables['account'] ?? [] };
}

async function readNew({ sandbox, folder }: Opened, given: Files) {
  const { code, stdout, stderr } = await runTap(sandbox, folder, given);
  equal(code, 0, stderr);
  return stdout;
}

/** The guide's commands for this table. */
async function prepareTable({ stage, python, target }: Opened, table: string) {
  const blocks = await blocksUnder('moving-from-singer-io.md', '## Steps', 'sh');
  const commands = blocks.join('').matchAll(/^psql --command '(.*)'$/gm);
  const statements = [...commands].flatMap(([, sql = '']) => (sql.includes(table) ? [sql] : []));
  equal(statements.length, 1, `commands of the guide for ${table}`);
  const { host, port, user, database } = await stage.postgres();
  const where = `host=${host} port=${port} user=${user} dbname=${database}`;
  const driver = target.consumer === meltanolabs.consumer ? 'psycopg' : 'psycopg2';
  const program = [
    `import ${driver}, sys`,
    `with ${driver}.connect(sys.argv[1]) as connection:`,
    '    connection.cursor().execute(sys.argv[2])',
  ].join('\n');
  const options = `-csearch_path=${movedSchema(target)}`;
  await runWell(python, ['-c', program, `${where} options='${options}'`, statements.join(';')]);
}

function movedSchema({ consumer }: Target) {
  return `moved_${consumer.replaceAll('-', '_')}`;
}

/** The old tap continues from our last state: it reads new items, not everything. */
async function goBack(
  { sandbox }: Opened,
  old: OldTap,
  { catalog, state }: { catalog: Catalog; state: object },
) {
  const added = sandbox.account.add({ count: 2 });
  const now = new Date(sandbox.now()).toISOString();
  for (const id of added) sandbox.account.patchChat(id, { timestamp: now, end_timestamp: now });
  const before = old.searches().length;
  const lines = linesOf(await old.read(catalog, state));
  const chats = lines.flatMap(({ type, stream, record = {} }) =>
    type === 'RECORD' && stream === 'chats' ? [recordKey(record)] : [],
  );
  deepEqual(
    added.filter((id) => !chats.includes(id)),
    [],
    'new chats that are not seen',
  );
  equal(chats.length < sandbox.account.count('chats') / 2, true, `${chats.length} chats again`);
  equal(old.searches().length - before, 2, 'searches, one for chats and one for offline messages');
  return `${chats.length} chats for 2 new ones on the way back`;
}

async function moveOver(at: Opened, old: OldTap) {
  const { sandbox, target } = at;
  const catalog = loadable(await old.discover(), target);
  const state = await load(at, await old.read(catalog));
  const before = Object.values(await tablesOf(at)).flat().length;
  await prepareTable(at, 'chats');
  const changed = [...sandbox.account.edit({ count: 3 }), ...sandbox.account.add({ count: 2 })];
  const increment = await readNew(at, { config: old.config, catalog, state });
  const counts = countRecords(linesOf(increment));
  const seen = new Set(linesOf(increment).map(({ record = {} }) => recordKey(record)));
  deepEqual(
    changed.filter((id) => !seen.has(id)),
    [],
    'changes that are not seen',
  );
  equal((counts['chats'] ?? 0) < sandbox.account.count('chats'), true, 'not all chats again');
  const next = await load(at, increment);
  deepEqual(next, lastState(linesOf(increment)));
  const third = await readNew(at, { config: old.config, catalog, state: next });
  // Recent changes are read again.
  checkIncrement(linesOf(third), sandbox, changed);
  const back = await goBack(at, old, { catalog, state: lastState(linesOf(third)) });
  // Once whole, with all there is now: then each row is as this tap writes it.
  await prepareTable(at, 'shortcuts');
  await load(at, await readNew(at, { config: old.config, catalog: await ownCatalog(at, catalog) }));
  const compared = await checkTables(await tablesOf(at), sandbox, target.form, newNamesOf(catalog));
  return `${before} rows of the old tap; ${counts['chats']} chats from its state for ${changed.length} changes; ${back}; ${compared}`;
}

/**
 * The old key of shortcuts was their name. A catalog may set it, and it applies. Without one, the key is the
 * id, and a shortcut without an id collides with its own old row.
 */
async function changeKey(at: Opened, old: OldTap) {
  const { streams } = await old.discover();
  const catalog = { streams: streams.filter(({ stream }) => stream === 'shortcuts') };
  await load(at, await old.read(catalog));
  const own = await runTap(at.sandbox, at.folder);
  const shortcuts = linesOf(own.stdout).filter(
    ({ type, stream }) => stream === 'shortcuts' || type === 'STATE',
  );
  const messages = shortcuts.map((line) => `${JSON.stringify(line)}\n`).join('');
  await rejects(load(at, messages), /duplicate key value violates unique constraint/);
  await load(at, await readNew(at, { catalog: await ownCatalog(at, catalog, 'name') }));
  await checkTables(await tablesOf(at), at.sandbox, at.target.form, newNamesOf(catalog));
}

async function withOldTap(
  stage: Stage,
  target: Target,
  use: (at: Opened, old: OldTap) => Promise<Answer>,
) {
  const at = await open(stage, target, { chats: 100, timeline: 10 });
  const old = await openOldTap(stage, at.sandbox);
  try {
    return await use(at, old);
  } finally {
    await old.end();
  }
}

/** @param more Of the target's config. */
function row(target: Target, more: object): Row {
  return {
    name: `tap-zendesk-chat 0.5.1 of singer-io, then ours, ${target.consumer}`,
    consumers: ['tap-zendesk-chat-singer-io', target.consumer],
    async run(stage) {
      const schema = movedSchema(target);
      const moved = { ...target, ...postgresTarget(schema, more) };
      const rekeyed = { ...target, ...postgresTarget(`${schema}_keys`, more) };
      const told = await withOldTap(stage, moved, moveOver);
      await withOldTap(stage, rekeyed, changeKey);
      return `${told}; shortcuts by table-key-properties, refused by id`;
    },
  };
}

export const oldTapRows: readonly Row[] = [
  row(pipelinewise, { dbname: 'postgres' }),
  row(meltanolabs, { database: 'postgres' }),
];
