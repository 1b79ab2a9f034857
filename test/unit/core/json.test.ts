import { expect, test } from '@jest/globals';

import { deepJsonText, isTooDeep, type Json, maxNesting } from '../../../src/core/json.ts';

/** One string inside this number of levels, arrays and objects in turn. */
function nested(levels: number): Json {
  let value: Json = 'end';
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

test.each([
  ['a scalar', 'text', false],
  ['null', null, false],
  ['as many levels as are allowed', nested(maxNesting), false],
  ['one level more', nested(maxNesting + 1), true],
  ['one level more behind shallow values', [1, {}, nested(maxNesting)], true],
  ['200,000 levels', nested(200_000), true],
])('isTooDeep: %s', (_case, value, expected) => {
  expect(isTooDeep(value)).toBe(expected);
});

test.each<[string, Json]>([
  ['scalars', [null, true, -0.5, 'é"\\\u0000\u2028']],
  ['empty ones', [[], {}, [[]], { a: {} }]],
  ['objects', { b: 1, a: [{ '"': 2 }, 3], __proto__: 4 }],
])('deepJsonText writes %s as JSON.stringify does', (_case, value) => {
  expect(deepJsonText(value)).toBe(JSON.stringify(value));
});

test('deepJsonText writes 200,000 levels', () => {
  const text = deepJsonText(nested(200_000));
  expect(text).toHaveLength(100_000 * '[]{"a":}'.length + '"end"'.length);
  expect(isTooDeep(JSON.parse(text))).toBe(true);
});

test('deepJsonText replaces scalars and keys', () => {
  const replace = (scalar: Json): string | null =>
    typeof scalar === 'string' ? scalar.toUpperCase() : null;
  expect(deepJsonText({ a: ['b', 1] }, replace)).toBe('{"A":["B",null]}');
});
