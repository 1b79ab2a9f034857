import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { TapError } from '../../../src/core/errors.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { SchemaMismatch } from '../../../src/records/warnings.ts';
import { additionalFieldsColumn, compileCoercion } from '../../../src/records/coercion.ts';
import type { JsonSchema } from '../../../src/singer/schema.ts';
import { pruneSchema } from '../../../src/singer/schema.ts';
import { compileForDrafts } from '../../support/json-schema.ts';

const text = { type: ['null', 'string'] };
const integer = { type: ['null', 'integer'] };
const moment = { type: ['null', 'string'], format: 'date-time' };

const known: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    number: { type: ['null', 'number'] },
    integer,
    boolean: { type: ['null', 'boolean'] },
    text,
    moment,
    object: { type: ['null', 'object'], properties: { a: text, b: integer, at: moment } },
    list: {
      type: ['null', 'array'],
      items: { type: ['null', 'object'], properties: { n: integer, s: text } },
    },
    integers: { type: ['null', 'array'], items: { type: 'integer' } },
    texts: { type: ['null', 'array'], items: { type: ['null', 'string'] } },
    moments: { type: ['null', 'array'], items: { type: 'string', format: 'date-time' } },
    grid: { type: ['null', 'array'], items: { type: 'array', items: { type: 'integer' } } },
    [additionalFieldsColumn]: text,
  },
};

const isValid = compileForDrafts(known);

/** The schema without the properties at these dotted places (array items are `items`). */
function without(...places: string[]): JsonSchema {
  const isKept = (breadcrumb: readonly string[]): boolean =>
    !places.includes(breadcrumb.filter((step) => step !== 'properties').join('.'));
  return pruneSchema(known, isKept) ?? {};
}

interface Coerced {
  readonly record: JsonObject;
  readonly mismatches: readonly SchemaMismatch[];
  /** Parsed, since its text is what a user would parse. */
  readonly kept: Json;
}

function coerceAs(schema: JsonSchema, ...items: readonly JsonObject[]): Coerced {
  const mismatches: SchemaMismatch[] = [];
  const coerce = compileCoercion({
    knownSchema: known,
    schema,
    keyProperties: ['id'],
    onMismatch: (mismatch) => void mismatches.push(mismatch),
    onNulled: () => undefined,
  });
  const records = items.map((item) => coerce(JSON.parse(JSON.stringify(item)) as JsonObject));
  const record = records.at(-1) ?? {};
  expect(isValid(record)).toEqual([]);
  const additional = record[additionalFieldsColumn];
  return {
    record,
    mismatches,
    kept: typeof additional === 'string' ? (JSON.parse(additional) as Json) : null,
  };
}

const coerce = (item: JsonObject): Coerced => coerceAs(known, { id: 'a', ...item });

test('a record has every column in schema order, including nulls', () => {
  const { record, mismatches } = coerce({ texts: ['x'], text: 'b', integer: 1 });
  expect(JSON.stringify(record)).toBe(
    '{"id":"a","number":null,"integer":1,"boolean":null,"text":"b","moment":null,"object":null,"list":null,"integers":null,"texts":["x"],"moments":null,"grid":null,"additional_fields":null}',
  );
  expect(mismatches).toEqual([]);
});

test('nested objects contain only the properties that the API sent', () => {
  const { record } = coerce({ object: { b: 1 }, list: [{}, { s: 'x' }] });
  expect(record).toMatchObject({ object: { b: 1 }, list: [{}, { s: 'x' }] });
});

test.each<[string, Json, Json]>([
  ['integer', 5, 5],
  ['integer', -0, 0],
  ['integer', 9007199254740991, 9007199254740991],
  ['integer', '5', 5],
  ['integer', '-5', -5],
  ['integer', '+5', 5],
  ['integer', '007', 7],
  ['integer', '5.0', 5],
  ['integer', '5e3', 5000],
  ['number', 5, 5],
  ['number', 1.5, 1.5],
  ['number', '1.5', 1.5],
  ['number', '-1.5e-3', -0.0015],
  ['number', '2', 2],
  ['boolean', true, true],
  ['boolean', false, false],
  ['boolean', 1, true],
  ['boolean', 0, false],
  ['text', 'x', 'x'],
  ['text', '', ''],
  ['text', 5, '5'],
  ['text', 0.1, '0.1'],
  ['text', true, 'true'],
  ['text', false, 'false'],
  ['text', { a: [1, 'x'] }, '{"a":[1,"x"]}'],
  ['text', [], '[]'],
  ['moment', '2024-05-06T07:08:09Z', '2024-05-06T07:08:09Z'],
  ['moment', '2024-05-06T07:08:09+02:00', '2024-05-06T05:08:09Z'],
  ['moment', 1714979289123, '2024-05-06T07:08:09.123000Z'],
  ['moment', '', null],
  ['object', { a: 5, b: '6', at: '2024-05-06' }, { a: '5', b: 6, at: '2024-05-06T00:00:00Z' }],
  ['object', {}, {}],
  ['object', { a: null }, { a: null }],
  ['list', [{ n: '1' }, null], [{ n: 1 }, null]],
  ['list', [], []],
  ['integers', ['1', 2, 3.0], [1, 2, 3]],
  ['texts', ['a', 1, null, { b: 2 }], ['a', '1', null, '{"b":2}']],
  ['moments', ['2024-05-06', ''], ['2024-05-06T00:00:00Z']],
  ['grid', [[1, '2'], []], [[1, 2], []]],
])('%s: %j is written as %j and nothing is said about it', (column, value, expected) => {
  const { record, mismatches, kept } = coerce({ [column]: value });
  expect(record[column]).toEqual(expected);
  expect(mismatches).toEqual([]);
  expect(kept).toBeNull();
});

test.each<[string, Json, string]>([
  ['integer', 1.5, 'number'],
  ['integer', '1.5', 'string'],
  ['integer', 'x', 'string'],
  ['integer', '', 'string'],
  ['integer', ' 5', 'string'],
  ['integer', '0x10', 'string'],
  ['integer', 'Infinity', 'string'],
  ['integer', true, 'boolean'],
  ['integer', { a: 1 }, 'object'],
  ['integer', [1], 'array'],
  ['number', '1,5', 'string'],
  ['number', 'NaN', 'string'],
  ['number', false, 'boolean'],
  ['boolean', 'true', 'string'],
  ['boolean', '1', 'string'],
  ['boolean', 2, 'number'],
  ['boolean', {}, 'object'],
  ['moment', 'yesterday', 'string'],
  ['moment', ['2024-05-06'], 'array'],
  ['object', 'x', 'string'],
  ['object', [{ a: 'x' }], 'array'],
  ['object', 0, 'number'],
  ['list', { n: 1 }, 'object'],
  ['list', 'x', 'string'],
  ['integers', '1,2', 'string'],
])('%s: %j cannot be held, becomes null, is kept aside and reported', (column, value, type) => {
  const { record, mismatches, kept } = coerce({ [column]: value });
  expect(record[column]).toBeNull();
  expect(kept).toEqual({ [`/${column}`]: value });
  expect(mismatches).toEqual([{ kind: 'not-kept', path: `/${column}`, type }]);
});

test.each<[string, Json, Json, Json, readonly string[]]>([
  [
    'list',
    [{ n: 1 }, 'x', { n: 2 }, 5],
    [{ n: 1 }, { n: 2 }],
    { '/list/1': 'x', '/list/3': 5 },
    ['/list/*'],
  ],
  [
    'integers',
    [1, null, 'x', 2],
    [1, 2],
    { '/integers/1': null, '/integers/2': 'x' },
    ['/integers/*'],
  ],
  ['moments', ['x', '2024-05-06'], ['2024-05-06T00:00:00Z'], { '/moments/0': 'x' }, ['/moments/*']],
  [
    'list',
    [{ n: 'x', s: 's' }, { n: 1 }],
    [{ n: null, s: 's' }, { n: 1 }],
    { '/list/0/n': 'x' },
    ['/list/*/n'],
  ],
  [
    'object',
    { a: 'x', b: {}, at: 5 },
    { a: 'x', b: null, at: null },
    { '/object/b': {}, '/object/at': 5 },
    ['/object/b', '/object/at'],
  ],
  [
    'grid',
    [[1], 'x', [2, 'y']],
    [[1], [2]],
    { '/grid/1': 'x', '/grid/2/1': 'y' },
    ['/grid/*', '/grid/*/*'],
  ],
])('%s: of %j what can be held stays', (...[column, value, expected, kept, paths]) => {
  const coerced = coerce({ [column]: value });
  expect(coerced.record[column]).toEqual(expected);
  expect(coerced.kept).toEqual(kept);
  expect(coerced.mismatches.map(({ path }) => path)).toEqual(paths);
});

test('null is null in every column', () => {
  const nulls = Object.fromEntries(Object.keys(known.properties ?? {}).map((key) => [key, null]));
  const { record, mismatches } = coerce({ ...nulls, id: 'a', [additionalFieldsColumn]: 'x' });
  expect(Object.values(record).slice(1, -1)).toEqual(Array.from({ length: 11 }, () => null));
  expect(mismatches.map(({ path }) => path)).toEqual(['/additional_fields']);
});

test('an unknown top-level field is kept in additional_fields', () => {
  const { record, mismatches, kept } = coerce({ new_field: { a: [1, null] }, 'a/b~c': null });
  expect(kept).toEqual({ '/new_field': { a: [1, null] }, '/a~1b~0c': null });
  expect(Object.keys(record)).toEqual(Object.keys(known.properties ?? {}));
  expect(mismatches).toEqual([
    { kind: 'unknown-field', path: '/new_field', type: 'object' },
    { kind: 'unknown-field', path: '/a~1b~0c', type: 'null' },
  ]);
});

test('a field of the API named additional_fields does not replace the column', () => {
  const { record } = coerce({ [additionalFieldsColumn]: '{"/x":1}' });
  expect(record[additionalFieldsColumn]).toBe('{"/additional_fields":"{\\"/x\\":1}"}');
});

test('an unknown key inside an object is kept in additional_fields', () => {
  const { record, mismatches, kept } = coerce({
    object: { a: 'x', c: { d: 1 } },
    list: [{ e: 2 }],
  });
  expect(record['object']).toEqual({ a: 'x' });
  expect(record['list']).toEqual([{}]);
  expect(kept).toEqual({ '/object/c': { d: 1 }, '/list/0/e': 2 });
  expect(mismatches).toEqual([
    { kind: 'unknown-field', path: '/object/c', type: 'object' },
    { kind: 'unknown-field', path: '/list/*/e', type: 'number' },
  ]);
});

test('inherited property names are ordinary keys', () => {
  const item = JSON.parse(
    '{"id":"a","constructor":1,"__proto__":{"x":2},"object":{"__proto__":3}}',
  ) as JsonObject;
  const { record, kept } = coerceAs(known, item);
  expect(kept).toEqual({ '/constructor': 1, '/__proto__': { x: 2 }, '/object/__proto__': 3 });
  expect(JSON.stringify(record['object'])).toBe('{}');
});

const lone = '\ud83d';

test.each<[string, JsonObject, JsonObject]>([
  ['a column', { text: `a\0b${lone}` }, { text: 'ab\ufffd' }],
  ['a pair of surrogates, which is left', { text: '😀' }, { text: '😀' }],
  ['halves in the wrong order', { text: '\udc00\ud800' }, { text: '\ufffd\ufffd' }],
  ['an object', { object: { a: '\0' } }, { object: { a: '' } }],
  ['array items', { texts: ['\0x'] }, { texts: ['x'] }],
  [
    'an unknown subtree',
    { object: { c: [{ d: 'x\0' }] } },
    { additional_fields: '{"/object/c":[{"d":"x"}]}' },
  ],
  [
    'an unknown key',
    { object: { [`k\0${lone}`]: 1 } },
    { additional_fields: '{"/object/k\ufffd":1}' },
  ],
  [
    'a key below an unknown one',
    { object: { c: { 'k\0': '\0' } } },
    { additional_fields: '{"/object/c":{"k":""}}' },
  ],
  ['a container written as text', { text: { 'k\0': '\0v' } }, { text: '{"k":"v"}' }],
  ['a field kept aside', { 'new\0': '\0v' }, { additional_fields: '{"/new":"v"}' }],
  ['a value kept aside', { integer: 'x\0' }, { additional_fields: '{"/integer":"x"}' }],
])('characters no target can store are taken out of %s', (_what, item, expected) => {
  const { record } = coerce(item);
  expect(record).toMatchObject(expected);
});

test('cleaned text is reported once by its path', () => {
  const item = {
    id: 'a',
    text: '\0',
    object: { c: { 'k\0': 1 } },
    list: [{ s: '\0' }, { s: '\0' }],
  };
  expect(coerceAs(known, item, item).mismatches).toEqual([
    { kind: 'cleaned-text', path: '/text', type: 'string' },
    { kind: 'unknown-field', path: '/object/c', type: 'object' },
    { kind: 'cleaned-text', path: '/object/c/k', type: 'string' },
    { kind: 'cleaned-text', path: '/list/*/s', type: 'string' },
  ]);
});

test('an unknown key that equals a known one after cleaning is kept in additional_fields', () => {
  const { record, kept } = coerce({ object: { b: 1, 'b\0': 'x' } });
  expect(record['object']).toEqual({ b: 1 });
  expect(kept).toEqual({ '/object/b': 'x' });
  expect(coerce({ object: { 'b\0': 'x' } })).toMatchObject({
    record: { object: {} },
    kept: { '/object/b': 'x' },
  });
});

test.each<[string, JsonObject, JsonObject]>([
  ['of the record', { k: 1, 'k\0': 2 }, { '/k': 1, '/k\ufffd': 2 }],
  ['of an object', { object: { k: 1, 'k\0': 2 } }, { '/object/k': 1, '/object/k\ufffd': 2 }],
  [
    'of an unknown object',
    { object: { c: { k: 1, 'k\0': 2 } } },
    { '/object/c': { k: 1 }, '/object/c/k': 2 },
  ],
])('two unknown keys %s that read the same once cleaned are both kept', (_what, item, expected) => {
  expect(coerce(item).kept).toEqual(expected);
});

test('a key that becomes __proto__ after cleaning is an ordinary key', () => {
  const { record } = coerce({ extra: { '__proto__\0': { polluted: true } } });
  expect(record['additional_fields']).toBe('{"/extra":{"__proto__":{"polluted":true}}}');
  expect({}).not.toHaveProperty('polluted');
});

/** 2^53 and what JSON.parse makes of the number after it. */
const tooBig = 9007199254740992;

test.each<[string, JsonObject, JsonObject, JsonObject]>([
  ['an integer', { integer: tooBig }, { integer: null }, { '/integer': '~9007199254740992' }],
  ['a negative one', { integer: -tooBig }, { integer: null }, { '/integer': '~-9007199254740992' }],
  ['a number', { number: 1e20 }, { number: null }, { '/number': '~100000000000000000000' }],
  ['a text', { text: tooBig }, { text: null }, { '/text': '~9007199254740992' }],
  ['a boolean', { boolean: tooBig }, { boolean: null }, { '/boolean': '~9007199254740992' }],
  [
    'digits in quotes, which are exact',
    { integer: '9007199254740993' },
    { integer: null },
    { '/integer': '9007199254740993' },
  ],
  [
    'digits in quotes for a number',
    { number: '9007199254740993' },
    { number: null },
    { '/number': '9007199254740993' },
  ],
  ['digits in quotes for a text', { text: '9007199254740993' }, { text: '9007199254740993' }, {}],
  [
    'an array item',
    { integers: [1, tooBig] },
    { integers: [1] },
    { '/integers/1': '~9007199254740992' },
  ],
  ['an unknown field', { extra: tooBig }, {}, { '/extra': '~9007199254740992' }],
  [
    'an unknown subtree',
    { extra: { a: [tooBig] } },
    {},
    { '/extra': { a: [null] }, '/extra/a/0': '~9007199254740992' },
  ],
  [
    'an unknown key',
    { object: { c: { d: tooBig } } },
    { object: {} },
    { '/object/c': { d: null }, '/object/c/d': '~9007199254740992' },
  ],
  [
    'an item of an unknown kind',
    { list: [{ n: 1, x: [{}, tooBig] }] },
    { list: [{ n: 1 }] },
    { '/list/0/x': [{}, null], '/list/0/x/1': '~9007199254740992' },
  ],
  [
    'a container as text',
    { text: [tooBig] },
    { text: '[null]' },
    { '/text/0': '~9007199254740992' },
  ],
  [
    'a container kept aside',
    { integer: [tooBig] },
    { integer: null },
    { '/integer': [null], '/integer/0': '~9007199254740992' },
  ],
])('an integer that JSON.parse rounds becomes null: %s', (_what, item, expected, kept) => {
  const coerced = coerce(item);
  expect(coerced.record).toMatchObject(expected);
  expect(coerced.kept ?? {}).toEqual(kept);
});

test('such an integer is reported', () => {
  expect(coerce({ integer: tooBig, extra: { a: tooBig } }).mismatches).toEqual([
    { kind: 'unsafe-integer', path: '/integer', type: 'number' },
    { kind: 'unknown-field', path: '/extra', type: 'object' },
    { kind: 'unsafe-integer', path: '/extra/a', type: 'number' },
  ]);
});

test('a number that is too large for any type becomes null', () => {
  const mismatches: SchemaMismatch[] = [];
  const options = { knownSchema: known, schema: known, keyProperties: ['id'] };
  const coerceOne = compileCoercion({
    ...options,
    onMismatch: (mismatch) => void mismatches.push(mismatch),
    onNulled: () => undefined,
  });
  const record = coerceOne(JSON.parse('{"id":"a","number":1e400}') as JsonObject);
  expect(record).toMatchObject({ number: null, additional_fields: '{"/number":"~Infinity"}' });
  expect(mismatches).toEqual([{ kind: 'out-of-range', path: '/number', type: 'number' }]);
});

test('a string of digits that is too large for a number is out of range', () => {
  const { record, mismatches, kept } = coerce({ number: '1e400' });
  expect(record['number']).toBeNull();
  expect(kept).toEqual({ '/number': '1e400' });
  expect(mismatches).toEqual([{ kind: 'out-of-range', path: '/number', type: 'string' }]);
});

test.each<[string, JsonSchema, Json]>([
  ['a number', { type: 'integer' }, tooBig],
  ['a number out of range', { type: 'integer' }, '1e400'],
  ['digits in quotes', { type: 'integer' }, '9007199254740993'],
  ['a number for a text', { type: 'string' }, tooBig],
])('in a key it fails the stream: %s', (_what, id, value) => {
  const schema = { type: 'object', properties: { id } };
  const run = compileCoercion({
    knownSchema: schema,
    schema,
    keyProperties: ['id'],
    onMismatch: () => undefined,
    onNulled: () => undefined,
  });
  expect(() => run({ id: value })).toThrow(TapError);
  expect(() => run({ id: value })).toThrow(
    expect.objectContaining({
      kind: 'system',
      message: expect.stringMatching(/^Key property "id" contains/),
    }),
  );
  expect(run({ id: '5' })).toEqual(
    schema.properties.id.type === 'integer' ? { id: 5 } : { id: '5' },
  );
});

const secret = 'MARKER';

test.each<[string, readonly string[], JsonObject]>([
  ['a column', ['text'], { text: secret }],
  ['a column of the wrong kind', ['integer'], { integer: secret }],
  ['a column with its children', ['object'], { object: { a: secret, b: secret, c: secret } }],
  ['a nested property', ['object.a'], { object: { a: secret, b: 1 } }],
  ['a nested property of the wrong kind', ['object.b'], { object: { b: secret } }],
  ['an item property', ['list.items.s'], { list: [{ s: secret, n: 1 }, { s: { deep: secret } }] }],
  ['an array with its items', ['list'], { list: [{ s: secret }, secret] }],
  ['a parent that is an array instead', ['object.a'], { object: [{ a: secret }] }],
  ['a parent that is a text instead', ['object.a'], { object: `{"a":"${secret}"}` }],
  ['an item that is a text instead', ['list.items.s'], { list: [secret, { n: 1 }] }],
  ['a list that is an object instead', ['list.items.s'], { list: { s: secret } }],
  ['a column by a name with a NUL', ['text'], { 'te\0xt': secret }],
  ['a nested property by a name with a NUL', ['object.a'], { object: { 'a\0': secret, b: 1 } }],
])('what a user deselected appears nowhere: %s', (_what, places, item) => {
  const { record, mismatches, kept } = coerceAs(without(...places), { id: 'a', ...item });
  expect(JSON.stringify([record, kept, mismatches])).not.toContain(secret);
  expect(kept).toBeNull();
  expect(mismatches.filter(({ kind }) => kind !== 'suppressed')).toEqual([]);
});

test('a value that the column cannot hold is reported even if it may not be kept', () => {
  const { mismatches } = coerceAs(without('object.a'), { id: 'a', object: [{ a: secret }] });
  expect(mismatches).toEqual([{ kind: 'suppressed', path: '/object', type: 'array' }]);
});

test('a number instead of such an object is kept', () => {
  expect(coerceAs(without('object.a'), { id: 'a', object: 5 }).kept).toEqual({ '/object': 5 });
});

test('a deselected property is not written, and the others are', () => {
  const item = { id: 'a', text: 'x', object: { a: 'y', b: 2, c: 3 }, list: [{ n: 1, s: 'z' }] };
  const { record } = coerceAs(without('text', 'object.a', 'list.items.s'), item);
  expect(JSON.stringify(record)).toBe(
    '{"id":"a","number":null,"integer":null,"boolean":null,"moment":null,"object":{"b":2},"list":[{"n":1}],"integers":null,"texts":null,"moments":null,"grid":null,"additional_fields":"{\\"/object/c\\":3}"}',
  );
});

test('without the column additional_fields, mismatches are still reported', () => {
  const item = { id: 'a', integer: 'x', extra: { a: tooBig } };
  const { record, mismatches } = coerceAs(without(additionalFieldsColumn), item);
  expect(record).not.toHaveProperty(additionalFieldsColumn);
  expect(mismatches).toEqual([
    { kind: 'not-kept', path: '/integer', type: 'string' },
    { kind: 'unknown-field', path: '/extra', type: 'object' },
  ]);
});

test('kept values of one record do not appear in the next', () => {
  const { kept } = coerceAs(known, { id: 'a', extra: 1 }, { id: 'b' });
  expect(kept).toBeNull();
});

test('the order of the keys in an item does not matter', () => {
  const { record, mismatches } = coerceAs(
    known,
    { id: 'a', integer: '1', text: 'x', object: { a: 'x', b: '1' } },
    { text: 5, object: { b: '2', z: 1, a: 6 }, extra: true, integer: '2', id: 7 },
  );
  expect(record).toMatchObject({ id: '7', integer: 2, text: '5', object: { a: '6', b: 2 } });
  expect(mismatches.map(({ path }) => path)).toEqual(['/object/z', '/extra']);
});

test('a value with too many levels becomes JSON text with clean strings and marked rounded numbers', () => {
  const nested = (levels: number): Json =>
    JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json;
  const { record } = coerce({ text: [{ 'k\0': lone }, tooBig, nested(100)] });
  expect(record['text']).toBe(
    `[{"k":"\ufffd"},"~9007199254740992",${JSON.stringify(nested(100))}]`,
  );
  expect(coerce({ extra: nested(100) }).kept).toEqual({ '/extra': nested(100) });
  expect(coerce({ extra: nested(101) }).kept).toEqual({ '/extra': JSON.stringify(nested(101)) });
});

test('each kind of mismatch at each path is reported once', () => {
  const item = { id: 'a', integer: 'x', list: [{ n: 'x' }, { n: 'y' }], extra: 1 };
  const { mismatches } = coerceAs(known, item, item, { ...item, integer: true, extra: 'x' });
  expect(mismatches).toEqual([
    { kind: 'not-kept', path: '/integer', type: 'string' },
    { kind: 'not-kept', path: '/list/*/n', type: 'string' },
    { kind: 'unknown-field', path: '/extra', type: 'number' },
  ]);
});

test('an object with very many keys is reported at most 1000 times, with a final report about the limit', () => {
  const keys = Array.from({ length: 1500 }, (_, index) => [`k${index}`, index]);
  const object = Object.fromEntries(keys) as JsonObject;
  const { record, mismatches, kept } = coerce({ object });
  expect(record['object']).toEqual({});
  expect(Object.keys(kept ?? {})).toHaveLength(1500);
  expect(mismatches).toHaveLength(1001);
  expect(mismatches.at(-1)).toEqual({ kind: 'more-mismatches', path: '', type: '' });
});

test('a long path is truncated', () => {
  const { mismatches } = coerce({ ['x'.repeat(1000)]: 1 });
  expect(mismatches[0]?.path).toHaveLength(300);
});

test('a schema with an incomplete column is rejected before the first record', () => {
  const schema = { type: 'object', properties: { id: { type: ['integer', 'boolean'] } } };
  const options = {
    knownSchema: schema,
    schema,
    keyProperties: ['id'],
    onMismatch: () => undefined,
    onNulled: () => undefined,
  };
  expect(() => compileCoercion(options)).toThrow('Schema of id: this type is not supported');
});

const scalars: readonly Json[] = [
  null,
  true,
  0,
  1.5,
  tooBig,
  1e300,
  '',
  '5',
  '5.5',
  '\0',
  lone,
  '😀',
];
const times = ['2024-05-06T07:08:09Z', '2024-02-30', '9007199254740993'];
const keys = [...Object.keys(known.properties ?? {}), 'a', 'b', 'at', 'n', 's', 'x\0', lone, ''];

const { item: anyItem } = fc.letrec<{ value: Json; item: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...scalars, ...times),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('item'),
  ),
  item: fc.dictionary(fc.constantFrom(...keys, '__proto__'), tie('value'), { maxKeys: 10 }),
}));

test('for any value of the API, the record is valid and contains only clean text', () => {
  const items = fc.sample(anyItem, { numRuns: 3000, seed: 7 });
  const run = compileCoercion({
    knownSchema: known,
    schema: known,
    keyProperties: ['id'],
    onMismatch: () => undefined,
    onNulled: () => undefined,
  });
  const records = items.map((item) => run({ ...item, id: 'a' }));
  expect(records.flatMap((record) => isValid(record))).toEqual([]);
  const line = JSON.stringify(records);
  expect(line).not.toMatch(/\\u0000|\\ud[89a-f]/i);
  expect(line.isWellFormed()).toBe(true);
  expect(new Set(records.map((record) => Object.keys(record).join()))).toEqual(
    new Set([Object.keys(known.properties ?? {}).join()]),
  );
});

test('every value that becomes null is reported each time, with its path', () => {
  const nulled: string[] = [];
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      id: { type: 'integer' },
      count: { type: ['null', 'integer'] },
      steps: {
        type: ['null', 'array'],
        items: { type: ['null', 'object'], properties: { at: { type: ['null', 'integer'] } } },
      },
    },
  };
  const coerceIt = compileCoercion({
    knownSchema: schema,
    schema,
    keyProperties: ['id'],
    onMismatch: () => undefined,
    onNulled: (steps) => nulled.push(steps.join('.')),
  });
  coerceIt({ id: 1, count: 'many', steps: [{ at: 1 }, { at: {} }], other: 5 });
  coerceIt({ id: 2, count: 2 ** 60 });
  coerceIt({ id: 3, count: null, steps: null });
  expect(nulled).toEqual(['count', 'steps.1.at', 'count']);
});
