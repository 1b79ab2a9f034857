import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../../src/json.ts';
import { compileValidator } from '../../../src/singer/validator.ts';
import { chats } from './streams.ts';

test.each<[string, JsonObject]>([
  ['nulls in all columns but the key', { id: 'a', rating: null, visitor: null, history: null }],
  ['nested values', { id: 'a', visitor: { name: 'Jo' }, history: [{ index: 1 }, null] }],
  ['an unknown nested key', { id: 'a', visitor: { age: 5 } }],
  ['whole seconds', { id: 'a', update_timestamp: '2024-05-06T07:08:09Z' }],
  ['microseconds', { id: 'a', update_timestamp: '2024-05-06T07:08:09.000001Z' }],
  ['a leap day', { id: 'a', update_timestamp: '2024-02-29T00:00:00Z' }],
])('a record with %s is valid', async (_what, record) => {
  const validate = await compileValidator(chats.schema);
  expect(validate(record)).toBeUndefined();
});

test('a property that was taken away does not make a record invalid', async () => {
  const validate = await compileValidator(chats.schema);
  const visitor = { name: 'Jo', email: undefined } as unknown as JsonObject;
  expect(validate({ id: 'a', visitor })).toBeUndefined();
});

test.each<[JsonObject, string]>([
  [{ id: null }, '/id must be string'],
  [{ id: 'a', visitor: { email: 5 } }, '/visitor/email must be null,string'],
  [{ id: 'a', history: [{}, { index: 1.5 }] }, '/history/1/index must be null,integer'],
  [{ id: 'a', tags: [null] }, '/tags/0 must be string'],
  [{ id: 'a', update_timestamp: '2024-05-06' }, '/update_timestamp must match format "date-time"'],
  [
    { id: 'a', update_timestamp: '2024-05-06T07:08:09+00' },
    '/update_timestamp must match format "date-time"',
  ],
  [
    { id: 'a', update_timestamp: '2024-05-06T07:08:09,000001Z' },
    '/update_timestamp must match format "date-time"',
  ],
])('of the invalid record %j path and rule are told', async (record, fault) => {
  const validate = await compileValidator(chats.schema);
  expect(validate(record)).toBe(fault);
});

test('what is no object at all is told too', async () => {
  const validate = await compileValidator(chats.schema);
  expect(validate([] as unknown as JsonObject)).toBe('must be object');
});

test('a schema with a word nobody knows is refused', async () => {
  const schema = { type: 'object', propertys: {} };
  await expect(compileValidator(schema)).rejects.toThrow(/unknown keyword/);
});
