/** Nothing is timed that does not do its work: each record is held against the item it was made of. */
import { expect, test } from '@jest/globals';

import { verify } from './verify.ts';

const items = [[{ id: 1, name: 'one' }], [{ id: 2, name: 'two' }]];
const pages = { shape: 'tiny', folder: '', stream: 'agents', items, pageBytes: 0 } as const;
const floor = { name: 'floor', kind: 'file', program: 'floor' } as const;

function linesOf(...records: readonly object[]): Buffer {
  const lines = records.map((record) => JSON.stringify({ type: 'RECORD', record }));
  return Buffer.from(`${lines.join('\n')}\n{"type":"STATE","value":{}}\n`);
}

test('The records of all pages, in order, are the expected output', () => {
  const output = linesOf({ id: 1, name: 'one' }, { id: 2, name: 'two' }, { id: 1, name: 'one' });
  expect(() => verify(floor, pages, 3, output)).not.toThrow();
});

test.each([
  { fault: 'one is missing', output: linesOf({ id: 1, name: 'one' }), says: '1 records of 2' },
  {
    fault: 'one is another',
    output: linesOf({ id: 1, name: 'one' }, { id: 2, name: 'too' }),
    says: "record 2 is not the input's",
  },
  {
    fault: 'one comes twice',
    output: linesOf({ id: 1, name: 'one' }, { id: 2, name: 'two' }, { id: 2, name: 'two' }),
    says: "record 3 is not the input's",
  },
])('The error names the wrong record if $fault', ({ output, says }) => {
  expect(() => verify(floor, pages, 2, output)).toThrow(says);
});

test('A record has all columns of its stream, without what was not selected', () => {
  const variant = {
    name: 'singer',
    kind: 'file',
    program: 'singer',
    deselected: ['name'],
  } as const;
  const only = { ...pages, items: [[{ id: 1, email: 'a@shop.test', enabled: 1 }]] };
  const record = { id: 1, email: 'a@shop.test', enabled: true };
  expect(() => verify(variant, only, 1, linesOf(record))).toThrow('"display_name":null');
});
