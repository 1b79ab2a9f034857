/** What every stream of the table promises, whichever it is. A new stream needs no new test here. */
import { expect, test } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';

import { describeStreams } from '../../src/sync/discover-streams.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { startSandbox } from '../../src/sandbox/api/server.ts';
import { schemaAt } from '../../src/singer/parse-catalog.ts';
import { isNullable, propertyBreadcrumbs, type Breadcrumb } from '../../src/singer/schema.ts';
import { streams } from '../../src/zendesk/streams.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { compileForDrafts, draftFaults, emissionFaults } from '../support/json-schema.ts';
import { itemsOf } from '../support/oracle.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';

interface Runs {
  readonly items: Readonly<Record<string, readonly JsonObject[]>>;
  readonly first: TapResult;
  /** From the first one's last state, with nothing changed. */
  readonly second: TapResult;
}

/** Two runs of all streams, also of those that are off by default. */
async function runTwice(): Promise<Runs> {
  const clock = createFakeClock(Date.UTC(2026, 0, 5, 12));
  const sandbox = await startSandbox({ chats: 200, timeline: 100, clock: clock.now });
  const run = (state?: JsonObject): Promise<TapResult> =>
    runTap({
      sandboxUrl: sandbox.url,
      config: { ...sandbox.config, extra_streams: 'all' },
      clock,
      ...(state === undefined ? {} : { state }),
    });
  const first = await run();
  const second = await run(first.lastState);
  const items = Object.fromEntries(
    streams.map(({ name }) => [name, itemsOf(sandbox, name)] as const),
  );
  await sandbox.close();
  return { items, first, second };
}

const { items, first, second } = await runTwice();
const schemas = Object.fromEntries(describeStreams().map(({ name, schema }) => [name, schema]));

const table = streams.map((stream) => [stream.name, stream] as const);

test('all streams are complete', () => {
  expect(first.code).toBe(0);
  expect(second.code).toBe(0);
  expect(Object.keys(first.schemas)).toEqual(streams.map(({ name }) => name));
});

test.each(table)(
  '%s: the schema is one that every target understands',
  (name, { keyProperties }) => {
    const schema = schemas[name] ?? {};
    expect(draftFaults(schema)).toEqual([]);
    expect(emissionFaults(schema, keyProperties)).toEqual([]);
    expect(name).toMatch(/^[a-z][a-z_]{0,62}$/);
  },
);

test.each(table)('%s: keys and replication key are columns', (name, stream) => {
  const { keyProperties, replicationKey = keyProperties[0] } = stream;
  const columns = Object.keys(schemas[name]?.properties ?? {});
  expect(columns).toEqual(expect.arrayContaining([...keyProperties, replicationKey]));
});

test.each(table)(
  '%s: the schema has descriptions, only its keys are not nullable, and flattened names are distinct',
  (name, { keyProperties }) => {
    const schema = schemas[name] ?? {};
    expect(schema.description).toMatch(/^[A-Z].*\.$/);
    expect(schema.properties?.['additional_fields']?.description).toMatch(/JSON/);
    const places = [...propertyBreadcrumbs(schema)];
    const isNeverNull = (place: Breadcrumb): boolean => {
      const node = schemaAt(schema, place);
      return typeof node === 'object' && !isNullable(node);
    };
    const columns = places.filter(isNeverNull).map(([, ...path]) => path.join('.'));
    expect(columns).toEqual(keyProperties);
    const flat = places.map((place) =>
      place.filter((step) => step !== 'properties' && step !== 'items').join('__'),
    );
    expect(new Set(flat).size).toBe(flat.length);
    expect(flat.filter((column) => column.length > 63)).toEqual([]);
  },
);

test.each(table)(
  '%s: its SCHEMA names the keys, and the bookmark if there is one',
  (name, stream) => {
    const { key_properties: keys, bookmark_properties: bookmarks } = first.schemas[name] ?? {};
    const isIncremental = stream.replicationMethods[0] === 'INCREMENTAL';
    expect(keys).toEqual(stream.keyProperties);
    expect(bookmarks).toEqual(isIncremental ? [stream.replicationKey] : undefined);
  },
);

test.each(table)('%s: every field the API sends is in the schema', (name) => {
  const sent = new Set((items[name] ?? []).flatMap((item) => Object.keys(item)));
  const columns = Object.keys(schemas[name]?.properties ?? {});
  expect([...sent].filter((field) => !columns.includes(field))).toEqual([]);
  expect(first.warnings.filter((warning) => warning.startsWith(`${name}:`))).toEqual([]);
});

test.each(table)(
  '%s: every item becomes a record, and each is valid by the SCHEMA before it',
  (name) => {
    const { schema } = first.schemas[name] ?? { schema: {} };
    const records = first.records(name);
    const place = first.messages.findIndex((line) => line.type !== 'STATE' && line.stream === name);
    expect(first.messages[place]?.type).toBe('SCHEMA');
    expect(records.length).toBeGreaterThan(0);
    expect(records).toHaveLength(items[name]?.length ?? 0);
    expect(records.flatMap(compileForDrafts(schema))).toEqual([]);
  },
);

test.each(table)(
  '%s: the columns of SCHEMA are those of each record, in the same order',
  (name) => {
    const columns = Object.keys(first.schemas[name]?.schema.properties ?? {});
    const differing = first
      .records(name)
      .filter((record) => Object.keys(record).join() !== columns.join());
    expect(columns).toEqual(Object.keys(schemas[name]?.properties ?? {}));
    expect(differing).toEqual([]);
  },
);

test.each(table)('%s: its last state leads to nothing new', (name, { replicationMethods }) => {
  const known = first.records(name);
  const again = second.records(name);
  const fresh = again.filter((record) => !known.some((old) => isDeepStrictEqual(old, record)));
  // A list is read whole; an export repeats the second, or microsecond, of its bookmark: one item, or all parts of it.
  const lastChat = known.at(-1)?.['chat_id'] ?? null;
  const parts = known.filter(({ chat_id: chat }) => chat === lastChat).length;
  const most = replicationMethods[0] === 'INCREMENTAL' ? Math.max(1, parts) : known.length;
  expect(fresh).toEqual([]);
  expect(again.length).toBeLessThanOrEqual(most);
  expect(second.lastState).toEqual(first.lastState);
});
