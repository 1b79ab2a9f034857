/** A connection that was made with Airbyte's own connector finds the same streams, keys, cursors and types. */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { sourceCatalog } from '../support/run-source.ts';
import type { AirbyteStream } from './judge/protocol.ts';

interface FrozenStream {
  readonly key?: readonly string[];
  readonly cursor?: string;
  readonly columns: JsonObject;
}

const frozen: Readonly<Record<string, FrozenStream>> = JSON.parse(
  readFileSync(new URL('../data/airbyte-catalog.json', import.meta.url), 'utf8'),
).streams;

/** A schema in the format of the fixture: without null, and with date-time as a type. */
function shapeOf(schema: Json | undefined): Json {
  if (!isJsonObject(schema)) return 'any';
  const { type = [], format, properties, items } = schema;
  const types = [type].flat().flatMap((one) => (typeof one === 'string' ? one : []));
  const word = [...new Set(types)].filter((one) => one !== 'null').join('|');
  if (word === 'string' && format === 'date-time') return 'date-time';
  if (word === 'array' && items !== undefined) return [shapeOf(items)];
  if (word !== 'object' || !isJsonObject(properties)) return word === '' ? 'any' : word;
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, shapeOf(property)]),
  );
}

interface Difference {
  readonly path: string;
  readonly theirs: Json;
  readonly ours: Json;
}

function kindOf(shape: Json): Json {
  if (Array.isArray(shape)) return 'array with items';
  return isJsonObject(shape) ? 'object with properties' : shape;
}

/** Differences from their catalog, except additions. */
function differences(theirs: Json, ours: Json, path: string): readonly Difference[] {
  if (Array.isArray(theirs) && Array.isArray(ours))
    return differences(theirs[0] ?? null, ours[0] ?? null, `${path}/*`);
  if (isJsonObject(theirs) && isJsonObject(ours)) {
    return Object.entries(theirs).flatMap(([name, shape]) =>
      differences(shape ?? null, ours[name] ?? 'missing', `${path}/${name}`),
    );
  }
  return theirs === ours ? [] : [{ path, theirs: kindOf(theirs), ours: kindOf(ours) }];
}

async function stream(name: string): Promise<AirbyteStream> {
  const { streams } = await sourceCatalog();
  const found = streams.find((one) => one.name === name);
  if (found === undefined) throw new Error(`discover does not tell ${name}`);
  return found;
}

test.each(Object.entries(frozen))(
  'the modes, key and cursor of %s are theirs',
  async (name, { key, cursor }) => {
    const { json_schema: _schema, ...flags } = await stream(name);
    const incremental = {
      supported_sync_modes: ['full_refresh', 'incremental'],
      source_defined_cursor: true,
      default_cursor_field: [cursor],
    };
    expect(flags).toEqual({
      name,
      ...(cursor === undefined ? { supported_sync_modes: ['full_refresh'] } : incremental),
      ...(key !== undefined && { source_defined_primary_key: key.map((column) => [column]) }),
      is_resumable: cursor !== undefined,
      is_file_based: false,
    });
  },
);

/** Documented in docs/moving-from-airbyte.md: our schema has more details, and each column has one type. */
const exceptions: readonly Difference[] = [
  { path: 'agents/enabled_departments', theirs: 'array', ours: 'array with items' },
  { path: 'chats/engagements/*/skills_requested', theirs: 'array', ours: 'array with items' },
  { path: 'chats/history/*/department_id', theirs: 'integer|string', ours: 'integer' },
  { path: 'chats/history/*/msg_id', theirs: 'integer|string', ours: 'string' },
  { path: 'chats/history/*/new_tags', theirs: 'array', ours: 'array with items' },
  { path: 'chats/history/*/prev_department_id', theirs: 'integer|string', ours: 'integer' },
  { path: 'chats/history/*/skills_name', theirs: 'array', ours: 'array with items' },
  { path: 'chats/history/*/tags', theirs: 'array', ours: 'array with items' },
  { path: 'chats/session', theirs: 'any', ours: 'object with properties' },
  { path: 'departments/settings', theirs: 'object', ours: 'object with properties' },
  { path: 'triggers/definition/actions', theirs: 'array|string', ours: 'string' },
  { path: 'triggers/definition/condition', theirs: 'array|string', ours: 'string' },
  { path: 'triggers/definition/event', theirs: 'array|string', ours: 'string' },
];

test('the type of every column both know is theirs, but for the exceptions that have names', async () => {
  const found = await Promise.all(
    Object.entries(frozen).map(async ([name, { columns }]) => {
      const { json_schema: schema } = await stream(name);
      return differences(columns, shapeOf(schema), name);
    }),
  );
  expect(found.flat().toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual(exceptions);
});
