import { STATUS_CODES } from 'node:http';

import { expect, test } from '@jest/globals';

import { statusRule } from '../../../src/http/statuses.ts';

const named = Object.keys(STATUS_CODES).map(Number);

test.each([
  ['transient', [408, 409, 421, 424, 425, 429, 449, 499, 500, 502, 503, 504, 507, 520, 524, 599]],
  ['config', [401, 402, 403, 407, 423, 431, 451, 494, 511]],
  ['system', [304, 400, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 418, 422, 426, 428]],
  ['system', [501, 505, 506, 510]],
])('these statuses are %s: %j', (kind, statuses) => {
  for (const status of statuses) expect([status, statusRule(status).kind]).toEqual([status, kind]);
});

test('of all 4xx and 5xx that have a name, only 418 is not known', () => {
  const unknown = named.filter((status) =>
    /does not know this status/.test(statusRule(status).advice),
  );
  expect(unknown.filter((status) => status >= 400)).toEqual([418]);
});
