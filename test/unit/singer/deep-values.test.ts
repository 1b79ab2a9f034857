import { expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../../../src/json.ts';
import { additionalFieldsColumn, compileCoercion } from '../../../src/singer/coercion.ts';
import type { JsonSchema } from '../../../src/singer/schema.ts';

const string = { type: ['null', 'string'] };
const object = { type: ['null', 'object'], properties: { a: string } };

const schema: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    string,
    object,
    list: { type: ['null', 'array'], items: object },
    [additionalFieldsColumn]: string,
  },
};

function coerce(item: JsonObject): JsonObject {
  const run = compileCoercion({
    knownSchema: schema,
    schema,
    keyProperties: ['id'],
    report: () => undefined,
  });
  return run({ id: 'a', ...item });
}

/** Arrays in one another, so many of them. */
function nested(levels: number): Json {
  let value: Json = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

const deep = nested(200_000);
const deepText = '['.repeat(200_000) + ']'.repeat(200_000);

test.each<[string, JsonObject, string]>([
  ['an unknown field', { extra: deep }, '/extra'],
  ['an unknown key', { object: { c: deep } }, '/object/c'],
  ['a value of the wrong kind', { object: deep }, '/object'],
  ['an item of the wrong kind', { list: [{ a: 'x' }, deep] }, '/list/1'],
])('%s of 200,000 levels is kept aside as JSON text', (_what, item, pointer) => {
  expect(coerce(item)[additionalFieldsColumn]).toBe(JSON.stringify({ [pointer]: deepText }));
});

test('a value of 200,000 levels in a column of text is JSON text, and its texts are clean', () => {
  const value = [{ 'k\0': '\ud83d' }, 2 ** 53, deep];
  const { string: written } = coerce({ string: value });
  expect(written).toBe(`[{"k":"\ufffd"},"~9007199254740992",${deepText}]`);
});

test('100 levels are kept as they are', () => {
  const { [additionalFieldsColumn]: kept } = coerce({ extra: nested(100) });
  expect(kept).toBe(JSON.stringify({ '/extra': nested(100) }));
});
