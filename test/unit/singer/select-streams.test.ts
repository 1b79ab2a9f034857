import { test } from '@jest/globals';

import type { Json, JsonObject } from '../../../src/core/json.ts';
import { parseCatalog } from '../../../src/singer/parse-catalog.ts';
import { propertyBreadcrumbs } from '../../../src/singer/schema.ts';
import type { SelectedStream } from '../../../src/singer/select-streams.ts';
import { selectStreams } from '../../../src/singer/select-streams.ts';
import { expect } from '../../support/readable.ts';
import { emissionFaults } from '../../support/json-schema.ts';
import { agents, chats, shortcuts, streams } from './streams.ts';

type Place = string;

interface Given {
  readonly root?: JsonObject;
  /** Metadata by dotted place: `visitor.email`, `history.items.msg`. */
  readonly at?: Readonly<Record<Place, JsonObject>>;
  readonly entry?: JsonObject;
  readonly schema?: Json;
}

function breadcrumb(place: Place): string[] {
  return place.split('.').flatMap((step) => (step === 'items' ? [step] : ['properties', step]));
}

function entryOf(name: string, given: Given): JsonObject {
  const description = streams.find((stream) => stream.name === name) ?? chats;
  const places = Object.entries(given.at ?? {}).map(([place, metadata]) => ({
    breadcrumb: breadcrumb(place),
    metadata,
  }));
  return {
    tap_stream_id: name,
    stream: name,
    schema: given.schema ?? (structuredClone(description.schema) as unknown as Json),
    metadata: [...(given.root ? [{ breadcrumb: [], metadata: given.root }] : []), ...places],
    ...given.entry,
  };
}

function select(...entries: readonly JsonObject[]): {
  chosen: readonly SelectedStream[];
  warnings: string[];
} {
  const warnings: string[] = [];
  const chosen = selectStreams({
    catalog: parseCatalog({ streams: [...entries] }),
    streams,
    warn: (message) => void warnings.push(message),
  });
  return { chosen, warnings };
}

function columnsOf(stream: SelectedStream | undefined): string[] {
  if (stream === undefined) return [];
  return [...propertyBreadcrumbs(stream.schema)].map((steps) =>
    steps.filter((step) => step !== 'properties').join('.'),
  );
}

const everyColumn = [
  'id',
  'update_timestamp',
  'rating',
  'visitor',
  'visitor.name',
  'visitor.email',
  'history',
  'history.items.msg',
  'history.items.index',
  'tags',
  'additional_fields',
];
const without = (...places: Place[]): string[] => everyColumn.filter((p) => !places.includes(p));

test('without a catalog the default streams are read with all their columns', () => {
  const chosen = selectStreams({ catalog: undefined, streams, warn: () => undefined });
  expect(chosen).toEqual([
    {
      name: 'shortcuts',
      stream: 'shortcuts',
      tapStreamId: 'shortcuts',
      schema: shortcuts.schema,
      knownSchema: shortcuts.schema,
      keyProperties: ['id'],
      replicationMethod: 'FULL_TABLE',
      bookmarkProperties: [],
    },
    {
      name: 'chats',
      stream: 'chats',
      tapStreamId: 'chats',
      schema: chats.schema,
      knownSchema: chats.schema,
      keyProperties: ['id'],
      replicationMethod: 'INCREMENTAL',
      bookmarkProperties: ['update_timestamp'],
    },
  ]);
});

test.each<[string, Given, boolean]>([
  ['nothing at all', {}, false],
  ['selected', { root: { selected: true } }, true],
  ['not selected', { root: { selected: false } }, false],
  ['selected, as a text', { root: { selected: 'true' } }, true],
  ['selected, as Python writes it', { root: { selected: 'True' } }, true],
  ['not selected, as a text', { root: { selected: 'false' } }, false],
  ['selected by default', { root: { 'selected-by-default': true } }, true],
  ['not selected by default', { root: { 'selected-by-default': false } }, false],
  ['default yes, choice no', { root: { 'selected-by-default': true, selected: false } }, false],
  ['default no, choice yes', { root: { 'selected-by-default': false, selected: true } }, true],
  ['a choice of null', { root: { 'selected-by-default': true, selected: null } }, true],
  ['the old selected of the entry', { entry: { selected: true } }, true],
  ['the old selected of the entry, as a text', { entry: { selected: 'true' } }, true],
  [
    'old yes in the entry, no in metadata',
    { root: { selected: false }, entry: { selected: true } },
    false,
  ],
  [
    'old no in the entry, yes in metadata',
    { root: { selected: true }, entry: { selected: false } },
    true,
  ],
  [
    'old no in the entry, default yes',
    { root: { 'selected-by-default': true }, entry: { selected: false } },
    false,
  ],
  ['the old selected of the schema', { schema: { selected: true } }, true],
  [
    'old yes in the schema, no in metadata',
    { root: { selected: false }, schema: { selected: true } },
    false,
  ],
  ['unsupported and selected', { root: { inclusion: 'unsupported', selected: true } }, false],
  ['automatic and not selected', { root: { inclusion: 'automatic', selected: false } }, true],
  ['its columns selected, itself not', { at: { rating: { selected: true } } }, false],
])('a stream whose catalog entry says %s', (_what, given, isSelected) => {
  const { chosen } = select(entryOf('chats', given));
  expect(chosen.map(({ name }) => name)).toEqual(isSelected ? ['chats'] : []);
});

test.each<[string, Given, readonly string[]]>([
  ['a column without an opinion is kept', {}, everyColumn],
  ['a deselected column is dropped', { at: { rating: { selected: false } } }, without('rating')],
  [
    'deselecting a parent deselects a selected child',
    { at: { visitor: { selected: false }, 'visitor.email': { selected: true } } },
    without('visitor', 'visitor.name', 'visitor.email'),
  ],
  [
    'deselecting a parent deselects an automatic child',
    { at: { visitor: { selected: false }, 'visitor.email': { inclusion: 'automatic' } } },
    without('visitor', 'visitor.name', 'visitor.email'),
  ],
  [
    'a child is dropped alone',
    { at: { visitor: { selected: true }, 'visitor.email': { selected: false } } },
    without('visitor.email'),
  ],
  [
    'an automatic column cannot be deselected',
    { at: { rating: { inclusion: 'automatic', selected: false } } },
    everyColumn,
  ],
  [
    'a property of array items is dropped',
    { at: { 'history.items.msg': { selected: false } } },
    without('history.items.msg'),
  ],
  [
    'an array whose items are deselected is dropped',
    { at: { 'history.items': { selected: false }, 'tags.items': { selected: false } } },
    without('history', 'history.items.msg', 'history.items.index', 'tags'),
  ],
  [
    'an object without remaining properties is dropped',
    { at: { 'visitor.name': { selected: false }, 'visitor.email': { selected: false } } },
    without('visitor', 'visitor.name', 'visitor.email'),
  ],
  [
    'an array without remaining item properties is dropped',
    {
      at: { 'history.items.msg': { selected: false }, 'history.items.index': { selected: false } },
    },
    without('history', 'history.items.msg', 'history.items.index'),
  ],
  [
    'keys and the replication key are always selected',
    {
      at: {
        id: { selected: false, inclusion: 'available' },
        update_timestamp: { selected: false, inclusion: 'unsupported' },
      },
    },
    everyColumn,
  ],
])('%s', (_what, given, columns) => {
  const { chosen, warnings } = select(entryOf('chats', { ...given, root: { selected: true } }));
  expect(columnsOf(chosen[0])).toEqual(columns);
  expect(chosen[0]?.knownSchema).toBe(chats.schema);
  expect(emissionFaults(chosen[0]?.schema ?? {}, ['id'])).toEqual([]);
  expect(warnings).toEqual([]);
});

test.each<[string, Json, readonly string[]]>([
  [
    'the legacy key selected of a property has an effect',
    { properties: { id: {}, rating: { selected: false }, tags: { selected: 'true' } } },
    ['id', 'update_timestamp', 'tags'],
  ],
  [
    'the legacy key inclusion of a property has an effect',
    { properties: { rating: { inclusion: 'unsupported', selected: true }, tags: {} } },
    ['id', 'update_timestamp', 'tags'],
  ],
  [
    'a column that the catalog omits is not selected',
    { properties: { tags: {} } },
    ['id', 'update_timestamp', 'tags'],
  ],
  [
    'a nested property that the catalog omits is not selected',
    { properties: { visitor: { properties: { email: {} } } } },
    ['id', 'update_timestamp', 'visitor', 'visitor.email'],
  ],
  [
    'an item property that the catalog omits is not selected',
    { properties: { history: { items: { properties: { index: {} } } } } },
    ['id', 'update_timestamp', 'history', 'history.items.index'],
  ],
  [
    'an object without selection metadata is selected with all properties',
    { properties: { visitor: {}, history: { items: {} } } },
    [
      'id',
      'update_timestamp',
      'visitor',
      'visitor.name',
      'visitor.email',
      'history',
      'history.items.msg',
      'history.items.index',
    ],
  ],
  ['a catalog without any columns leaves the choice to metadata', {}, everyColumn],
])('%s', (_what, schema, columns) => {
  const { chosen } = select(entryOf('chats', { schema, root: { selected: true } }));
  expect(columnsOf(chosen[0])).toEqual(columns);
});

test('the later one of two metadata entries for one breadcrumb applies', () => {
  const entry = entryOf('chats', { root: { selected: false } });
  const metadata = [
    { breadcrumb: [], metadata: { selected: false } },
    { breadcrumb: [], metadata: { selected: true } },
  ];
  expect(select({ ...entry, metadata }).chosen).toHaveLength(1);
});

test('streams are read in the order of the tap, not of the catalog', () => {
  const { chosen } = select(
    entryOf('chats', { root: { selected: true } }),
    entryOf('agents', { root: { selected: true } }),
    entryOf('shortcuts', { root: { selected: true } }),
  );
  expect(chosen.map(({ name }) => name)).toEqual(['shortcuts', 'agents', 'chats']);
});

test('an entry under an old name keeps its names for target and state', () => {
  const entry = { tap_stream_id: 'chat', stream: 'old_chats' };
  const { chosen } = select(entryOf('chats', { root: { selected: true }, entry }));
  expect(chosen[0]).toMatchObject({ name: 'chats', tapStreamId: 'chat', stream: 'old_chats' });
});

test.each<[string, string, RegExp]>([
  [
    'a near miss',
    'chatz',
    /the stream "chatz", which this tap does not have. Did you mean "chats"\?/,
  ],
  ['a singular', 'agent', /Did you mean "agents"\?/],
  ['something else', 'orders', /The streams are: shortcuts, agents, chats\./],
])('a selected stream that does not exist is an error: %s', (_what, name, message) => {
  expect(() => select(entryOf(name, { root: { selected: true } }))).toThrow(message);
  expect(() => select(entryOf(name, { root: { selected: true } }))).toThrow(
    expect.objectContaining({ kind: 'config', stream: name }),
  );
});

test.each<[string, readonly JsonObject[], RegExp]>([
  ['the same entry', [{}, {}], /lists the stream "chats" twice/],
  [
    'a stream under two names',
    [{}, { tap_stream_id: 'chat', stream: 'chat' }],
    /selects the stream "chats" twice/,
  ],
])('a catalog with %s is an error', (_what, entries, message) => {
  const given = entries.map((entry) => entryOf('chats', { root: { selected: true }, entry }));
  expect(() => select(...given)).toThrow(message);
});

test('two streams cannot have the same table', () => {
  const one = entryOf('chats', { root: { selected: true }, entry: { stream: 'all' } });
  const other = entryOf('agents', { root: { selected: true }, entry: { stream: 'all' } });
  expect(() => select(one, other)).toThrow(/uses the stream name "all" twice/);
});

test('a stream with two names in the catalog, one of them selected, is read once', () => {
  const { chosen } = select(
    entryOf('chats', { root: { selected: false } }),
    entryOf('chats', {
      root: { selected: true },
      entry: { tap_stream_id: 'chat', stream: 'chat' },
    }),
  );
  expect(chosen.map(({ tapStreamId }) => tapStreamId)).toEqual(['chat']);
});

test.each<[string, Given, readonly string[]]>([
  ['the spelling of the spec', { root: { 'table-key-properties': ['name'] } }, ['name']],
  ['two keys', { root: { 'table-key-properties': ['id', 'name'] } }, ['id', 'name']],
  ['no key at all', { root: { 'table-key-properties': [] } }, []],
  ['the spelling of Meltano', { root: { 'key-properties': ['name'] } }, ['name']],
  ['the old spelling', { entry: { key_properties: ['name'] } }, ['name']],
  ['an old spelling that is empty', { entry: { key_properties: [] } }, ['id']],
  [
    'both, and the newer one takes precedence',
    { root: { 'table-key-properties': ['name'] }, entry: { key_properties: ['id'] } },
    ['name'],
  ],
])('key properties of a catalog are obeyed: %s', (_what, given, keys) => {
  const entry = entryOf('shortcuts', { ...given, root: { selected: true, ...given.root } });
  const { chosen } = select(entry);
  expect(chosen[0]?.keyProperties).toEqual(keys);
  expect(emissionFaults(chosen[0]?.schema ?? {}, keys)).toEqual([]);
});

test('a stream without a key and without selected columns is an error', () => {
  const root = { selected: true, 'table-key-properties': [] };
  const schema = { properties: { title: {} } };
  expect(() => select(entryOf('shortcuts', { root, schema }))).toThrow(
    'The catalog selects the stream "shortcuts" but none of its columns. Select a column, or deselect the stream.',
  );
});

test('a column that becomes a key is kept and never null', () => {
  const root = { selected: true, 'table-key-properties': ['name'] };
  const { chosen } = select(entryOf('shortcuts', { root, at: { name: { selected: false } } }));
  expect(chosen[0]?.schema.properties).toEqual({
    id: { type: 'string' },
    name: { type: 'string' },
    departments: { type: ['null', 'array'], items: { type: 'integer' } },
  });
});

test.each<[string, Json]>([
  ['is not there', ['title']],
  ['is an array', ['departments']],
  ['is no name', [5]],
  ['is what every object inherits', 'constructor'],
])('a key property that %s is an error', (_what, keys) => {
  const given = { root: { selected: true, 'table-key-properties': keys } };
  expect(() => select(entryOf('shortcuts', given))).toThrow(
    /stream "shortcuts" has the key property .*, which is not a scalar column.*The default is: id\./,
  );
});

test.each<[string, Given, 'FULL_TABLE' | 'INCREMENTAL', readonly string[]]>([
  ['no wish', {}, 'FULL_TABLE', []],
  ['the other method', { root: { 'replication-method': 'INCREMENTAL' } }, 'INCREMENTAL', []],
  [
    'a method in small letters',
    { root: { 'replication-method': 'incremental' } },
    'INCREMENTAL',
    [],
  ],
  ['the old spelling', { entry: { replication_method: 'INCREMENTAL' } }, 'INCREMENTAL', []],
  [
    'both spellings',
    { root: { 'replication-method': 'INCREMENTAL' }, entry: { replication_method: 'FULL_TABLE' } },
    'INCREMENTAL',
    [],
  ],
  ['null', { root: { 'replication-method': null } }, 'FULL_TABLE', []],
  [
    'an unknown method',
    { root: { 'replication-method': 'LOG_BASED' } },
    'FULL_TABLE',
    [
      'Stream "agents": the catalog requests replication method "LOG_BASED"; the stream supports FULL_TABLE and INCREMENTAL. The tap uses FULL_TABLE.',
    ],
  ],
  [
    'the key without the method',
    { root: { 'replication-key': 'id' }, entry: { replication_method: 'FULL_TABLE' } },
    'FULL_TABLE',
    [
      'Stream "agents": the catalog sets a replication key but no replication method, so the tap uses FULL_TABLE. Set "replication-method" to INCREMENTAL to resume from the bookmark.',
    ],
  ],
  [
    'method and key',
    { root: { 'replication-method': 'INCREMENTAL', 'replication-key': 'id' } },
    'INCREMENTAL',
    [],
  ],
  [
    'FULL_TABLE and the key',
    { root: { 'replication-method': 'FULL_TABLE', 'replication-key': 'id' } },
    'FULL_TABLE',
    [],
  ],
  [
    'another key',
    { root: { 'replication-method': 'INCREMENTAL', 'replication-key': 'email' } },
    'INCREMENTAL',
    ['Stream "agents": the catalog requests replication key "email"; the stream uses "id".'],
  ],
  [
    'another key in the old spelling',
    { entry: { replication_method: 'INCREMENTAL', replication_key: 'email' } },
    'INCREMENTAL',
    ['Stream "agents": the catalog requests replication key "email"; the stream uses "id".'],
  ],
  [
    'a legacy key without effect on a full table',
    { entry: { replication_method: 'FULL_TABLE', replication_key: 'email' } },
    'FULL_TABLE',
    [],
  ],
])('a stream with two methods and a catalog with %s', (_what, given, method, expected) => {
  const entry = entryOf('agents', { ...given, root: { selected: true, ...given.root } });
  const { chosen, warnings } = select(entry);
  expect(chosen[0]?.replicationMethod).toBe(method);
  expect(chosen[0]?.bookmarkProperties).toEqual(method === 'INCREMENTAL' ? ['id'] : []);
  expect(warnings).toEqual(expected);
});

test('a stream without incremental replication is read completely, with a warning', () => {
  const root = { selected: true, 'replication-method': 'INCREMENTAL', 'replication-key': 'id' };
  const { chosen, warnings } = select(entryOf('shortcuts', { root }));
  expect(chosen[0]).toMatchObject({ replicationMethod: 'FULL_TABLE', bookmarkProperties: [] });
  expect(warnings).toEqual([
    'Stream "shortcuts": the catalog requests replication method "INCREMENTAL"; the stream supports FULL_TABLE. The tap uses FULL_TABLE.',
    'Stream "shortcuts": the catalog requests replication key "id"; the stream has none.',
  ]);
});

test('a FULL_TABLE stream may omit the column of its bookmark', () => {
  const root = { selected: true, 'replication-method': 'FULL_TABLE' };
  const at = { update_timestamp: { selected: false } };
  const { chosen } = select(entryOf('chats', { root, at }));
  expect(columnsOf(chosen[0])).toEqual(without('update_timestamp'));
});

test('a replication key that is not a column is not a bookmark property', () => {
  const description = { ...agents, replicationKey: 'seen', isDefault: true };
  const [chosen] = selectStreams({
    catalog: undefined,
    streams: [{ ...description, replicationMethods: ['INCREMENTAL'] }],
    warn: () => undefined,
  });
  expect(chosen).toMatchObject({ replicationMethod: 'INCREMENTAL', bookmarkProperties: [] });
});

test('types come from the tap: other types in a catalog are one warning', () => {
  const schema = {
    properties: {
      id: { type: ['integer', 'null'] },
      update_timestamp: { type: 'string' },
      rating: { type: 'string' },
      visitor: { type: 'object', properties: { name: {}, email: { type: ['null', 'object'] } } },
      history: { items: { type: 'object', properties: { index: { type: 'number' } } } },
    },
  };
  const { chosen, warnings } = select(entryOf('chats', { schema, root: { selected: true } }));
  expect(chosen[0]?.schema.properties?.['id']).toEqual({ type: 'string' });
  expect(warnings).toEqual([
    'Stream "chats": the catalog declares different types for id, update_timestamp, visitor.email, history.items.index; the tap writes its own types.',
  ]);
});

test('unknown columns cause one warning, unless they are deselected', () => {
  const properties = { id: {}, foo: {}, bar: {}, baz: {} };
  const at = { bar: { selected: false } };
  const { warnings } = select(
    entryOf('agents', { schema: { properties }, at, root: { selected: true } }),
  );
  expect(warnings).toEqual([
    'Stream "agents": the catalog has columns that the tap does not have: foo, baz; they are left out.',
  ]);
});

test('a warning lists ten columns and counts the others', () => {
  const names = Array.from({ length: 12 }, (_, index) => [`c${'abcdefghijkl'[index]}`, {}]);
  const schema = { properties: Object.fromEntries(names) as Json };
  const { warnings } = select(entryOf('agents', { schema, root: { selected: true } }));
  expect(warnings[0]).toContain('ca, cb, cc, cd, ce, cf, cg, ch, ci, cj and 2 more; they');
});
