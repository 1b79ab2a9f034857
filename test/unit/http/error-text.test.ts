import { expect, test } from '@jest/globals';

import { errorText } from '../../../src/http/error-text.ts';

test.each([
  ['{"error":"Not Found"}', 'Not Found'],
  ['{"error":"invalid_token","description":"expired"}', 'invalid_token: expired'],
  ['{"error":{"message":"too young","code":7}}', 'too young'],
  ['{"error":{"message":"a","description":"b"}}', 'a: b'],
  ['{"message":"Bad request"}', 'Bad request'],
  ['{"error":"two\\nlines \\u001b[31m red"}', 'two lines [31m red'],
  ['{"error":"abc is no token of abc"}', '*** is no token of ***'],
  ['{"error":{}}', ''],
  ['{"error":5}', ''],
  ['["error"]', ''],
  ['<html>error</html>', ''],
  ['', ''],
])('of %j the message quotes %j', (body, said) => {
  expect(errorText(body, ['', 'abc'])).toBe(said);
});

test('a long explanation is shortened', () => {
  const said = errorText(JSON.stringify({ error: 'x'.repeat(5000) }), []);
  expect(said).toBe(`${'x'.repeat(200)}…`);
});
