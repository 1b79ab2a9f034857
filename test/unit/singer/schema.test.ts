import { expect, test } from '@jest/globals';

import type { JsonSchema } from '../../../src/singer/schema.ts';
import { isNullable, pruneSchema, typesOf, withoutNull } from '../../../src/singer/schema.ts';
import { draftFaults, emissionFaults } from '../../support/json-schema.ts';
import { chats } from './streams.ts';

test.each<[JsonSchema, readonly string[], boolean]>([
  [{ type: 'string' }, ['string'], false],
  [{ type: ['null', 'string'] }, ['string'], true],
  [{ type: ['integer', 'string'] }, ['integer', 'string'], false],
  [{ type: 'null' }, [], true],
  [{}, [], false],
])('%j allows the types %j; null: %j', (schema, types, nullable) => {
  expect(typesOf(schema)).toEqual(types);
  expect(isNullable(schema)).toBe(nullable);
});

test.each<[JsonSchema, JsonSchema]>([
  [
    { type: ['null', 'string'], format: 'date-time' },
    { type: 'string', format: 'date-time' },
  ],
  [{ type: ['integer', 'null', 'string'] }, { type: ['integer', 'string'] }],
  [{ type: 'string' }, { type: 'string' }],
  [{ type: 'null' }, { type: 'null' }],
])('%j without null is %j', (schema, expected) => {
  expect(withoutNull(schema)).toEqual(expected);
});

test('pruning does not change or reorder the remaining properties', () => {
  const pruned = pruneSchema(chats.schema, (breadcrumb) => breadcrumb.at(-1) !== 'email');
  expect(Object.keys(pruned?.properties ?? {})).toEqual(Object.keys(chats.schema.properties ?? {}));
  expect(pruned?.properties?.['visitor']).toEqual({
    type: ['null', 'object'],
    properties: { name: { type: ['null', 'string'] } },
  });
  expect(chats.schema.properties?.['visitor']?.properties).toHaveProperty('email');
});

test('a schema without selected properties becomes empty', () => {
  expect(pruneSchema(chats.schema, () => false)).toBeUndefined();
});

test('an array of arrays is pruned to its innermost items', () => {
  const schema = { type: 'array', items: { type: 'array', items: { type: 'integer' } } };
  expect(pruneSchema(schema, () => true)).toEqual(schema);
  expect(pruneSchema(schema, (breadcrumb) => breadcrumb.length < 2)).toBeUndefined();
});

test('a schema for every target passes the check these tests use', () => {
  expect(emissionFaults(chats.schema, ['id'])).toEqual([]);
  expect(draftFaults(chats.schema)).toEqual([]);
});

test.each<[string, object, RegExp]>([
  ['a forbidden keyword', { type: 'string', maxLength: 5 }, /^\/a: maxLength is not for every/],
  ['no type', { description: 'anything' }, /^\/a: needs one type/],
  ['two types', { type: ['null', 'integer', 'string'] }, /^\/a: needs one type/],
  ['an empty object', { type: 'object', properties: {} }, /^\/a: an object needs properties/],
  ['an array of anything', { type: 'array' }, /^\/a: an array needs items/],
  ['another format', { type: 'string', format: 'email' }, /^\/a: email is not for every target/],
  ['a nested name', { type: 'object', properties: { 'x-y': { type: 'null' } } }, /^\/a: x-y is no/],
])('a property with %s fails it', (_what, property, fault) => {
  const [first = '', ...more] = emissionFaults({ type: 'object', properties: { a: property } }, []);
  expect([first, ...more].join('\n')).toMatch(new RegExp(fault.source, 'm'));
});

test.each<[string, object, RegExp]>([
  ['a nullable key', { id: { type: ['null', 'string'] } }, /^\/id: a key has one type and no null/],
  ['a missing key', { a: { type: 'string' } }, /^\/id: a key has one type and no null/],
  [
    'names of one spelling',
    { id: { type: 'string' }, ID: { type: 'string' } },
    /differ by case only/,
  ],
])('a schema with %s fails it', (_what, properties, fault) => {
  expect(emissionFaults({ type: 'object', properties }, ['id']).join('\n')).toMatch(fault);
});
