import { test } from '@jest/globals';

import { describeErrorBody, isErrorObject } from '../../../src/http/error-body.ts';
import type { Json } from '../../../src/core/json.ts';
import { expect } from '../../support/readable.ts';

test.each<[Json, string]>([
  [{ error: 'Not Found' }, 'Not Found'],
  [{ error: 'invalid_token', description: 'expired' }, 'invalid_token: expired'],
  [{ error: { message: 'too young', code: 7 } }, 'too young'],
  [{ error: { message: 'a', description: 'b' } }, 'a: b'],
  [{ error: { title: 'Forbidden', message: 'No access' } }, 'Forbidden: No access'],
  [{ errors: ['a', { detail: 'b' }, { message: 'c' }, 'd'] }, 'a: b: c'],
  [{ error: 'Not Found', message: 'Not Found' }, 'Not Found'],
  [{ message: 'Bad request' }, 'Bad request'],
  [{ error: 'two\nlines \u001B[31m red' }, 'two lines [31m red'],
  [{ error: 'abc is no token of abc' }, '*** is no token of ***'],
  [{ error: {} }, ''],
  [{ error: 5 }, ''],
  [['error'], ''],
  ['plain words', ''],
  ['', ''],
])('of %j the message quotes %j', (body, said) => {
  expect(describeErrorBody(body, (text) => text.replaceAll('abc', '***')).text).toBe(said);
});

test('a long explanation is shortened', () => {
  expect(describeErrorBody({ error: 'x'.repeat(5000) }, String).text).toBe(`${'x'.repeat(200)}…`);
});

test.each<[Json, boolean]>([
  [{ error: 'APIRateLimitExceeded' }, true],
  [{ error: { code: 'rate_limit_exceeded', message: 'Slow down' } }, true],
  [{ errors: [{ title: 'Too Many Requests' }] }, true],
  [{ description: 'Number of allowed API requests per minute exceeded' }, true],
  [{ error: 'throttled' }, true],
  ['Rate limit exceeded', true],
  [{ error: 'limit must not be above 1000' }, false],
  [{ error: 'Not Found', see: 'https://docs.example/rate-limits' }, false],
  [['rate limit'], false],
  [null, false],
])('%j speaks of a limit of requests: %s', (body, isRateLimit) => {
  expect(describeErrorBody(body, String).isRateLimit).toBe(isRateLimit);
});

test.each<[Json, boolean]>([
  [{ error: 'x' }, true],
  [{ error: {} }, true],
  [{ errors: ['x'] }, true],
  [{ errors: { base: 'x' }, chats: [] }, false],
  [{ error: '' }, false],
  [{ error: null }, false],
  [{ errors: [] }, false],
  [{ message: 'x' }, false],
  [[{ error: 'x' }], false],
])('%j instead of chats is an error object: %s', (body, isError) => {
  expect(isErrorObject(body, ['chats'])).toBe(isError);
});
