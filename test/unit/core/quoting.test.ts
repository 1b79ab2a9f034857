import { test } from '@jest/globals';

import { quoted, quotedName, quotedPath } from '../../../src/core/quoting.ts';
import { expect } from '../../support/readable.ts';

const secret = 'SECRET12345';

test.each([
  [null, 'null'],
  [true, 'true'],
  [-12.5, '-12.5'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [[secret], 'an array'],
  [{ [secret]: 1 }, 'an object'],
  ['', '""'],
  ['abc', '"abc"'],
  ['a', '"a"'],
  ['42', '"42"'],
  ['-1,5', '"-1,5"'],
  ['1/2/2024', '"1/2/2024"'],
  ['31.12.2024 10:15', '"31.12.2024 10:15"'],
  ['2024-13-45T99:00:00.000Z', '"2024-13-45T99:00:00.000Z"'],
  ['chat.example.com', '"chat.example.com"'],
  ['wran', '"wran"'],
  ['WARN', '"WARN"'],
  ['swordfish', 'a string of 9 characters'],
  [secret, 'a string of 11 characters'],
  [`2024-01-01\nTOKEN=${secret}`, 'a string of 28 characters'],
  [`2024-01-01 ${secret}`, 'a string of 22 characters'],
  ['1'.repeat(21), 'a string of 21 characters'],
  ['abc\n', 'a string of 4 characters'],
  ['\u0000', 'a string of 1 character'],
])('the value %j is repeated as %s', (value, expected) => {
  expect(quoted(value, ['warn', 'fail'])).toBe(expected);
});

test.each([
  ['strat_date', '"strat_date"'],
  ['Start-Date', '"Start-Date"'],
  ['credentials.colour', '"credentials.colour"'],
  ['!chats.*', '"!chats.*"'],
  [secret, '(a name of 11 characters, not shown)'],
  [`start_date=${secret}`, '(a name of 22 characters, not shown)'],
  ['a'.repeat(65), '(a name of 65 characters, not shown)'],
  ['start_date\u001B[0m', '(a name of 14 characters, not shown)'],
  [7, '7'],
])('the name %j is repeated as %s', (name, expected) => {
  expect(quotedName(name, ['start_date'])).toBe(expected);
});

test.each([
  'config.json',
  'config',
  './C',
  '/home/jörg/My Files/Config 2.json',
  '../a/b',
  '~/tap/state',
  String.raw`C:\Users\me\config.json`,
  '/dev/fd/63',
  '.env',
  'Tap2/config.prod.json',
  '/tmp/tap-test-AbC123/config.json',
])('the path %s is repeated', (path) => {
  expect(quotedPath(path)).toBe(path);
});

test.each([
  secret,
  `access_token=${secret}`,
  `{"access_token":"${secret}"}`,
  ` {"access_token":"${secret}"}`,
  `/tmp/{"access_token":"${secret}"}`,
  `Bearer ${secret}`,
  `/tmp/a\nb`,
  `/${'a'.repeat(200)}`,
])('the text %j is not taken for a path', (text) => {
  expect(quotedPath(text)).toBe(`(a string of ${text.length} characters, not shown)`);
});
