import { expect, test } from '@jest/globals';

import { describeStreams } from '../../../src/sync/discover-streams.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { parseCatalog } from '../../../src/singer/parse-catalog.ts';
import { discoverCatalog } from '../../../src/singer/catalog.ts';
import { selectByPatterns } from '../../../src/singer/selection-patterns.ts';
import { propertyBreadcrumbs, type Breadcrumb } from '../../../src/singer/schema.ts';
import { selectStreams } from '../../../src/singer/select-streams.ts';
import { loadValidator } from '../../../src/records/validator.ts';
import { compileValidator } from '../../support/validator.ts';
import { chats } from '../singer/streams.ts';

test('a missing property does not make a record invalid', () => {
  const validate = compileValidator(chats.schema);
  const visitor = { name: 'Jo', email: undefined } as unknown as JsonObject;
  expect(validate({ id: 'a', visitor })).toBeUndefined();
});

test.each<[JsonObject, string]>([
  [{ id: null }, '/id must be string'],
  [{ id: 'a', visitor: { email: 5 } }, '/visitor/email must be null,string'],
  [{ id: 'a', history: [{}, { index: 1.5 }] }, '/history/1/index must be null,integer'],
  [{ id: 'a', tags: [null] }, '/tags/0 must be string'],
  [{ id: 'a', update_timestamp: '2024-05-06' }, '/update_timestamp must match format "date-time"'],
])('the error about the invalid record %j names the path and the rule', (record, fault) => {
  const validate = compileValidator(chats.schema);
  expect(validate(record)).toBe(fault);
});

test('a schema with an unknown keyword is rejected', () => {
  const schema = { type: 'object', propertys: {} };
  expect(() => compileValidator(schema)).toThrow(/unknown keyword/);
});

const anything: readonly Json[] = [
  null,
  true,
  1,
  1.5,
  'text',
  '2024-05-06T07:08:09Z',
  {},
  [],
  [null],
  [1],
  [{}],
];

/** Records with each kind of value at one path, and nothing else. */
function recordsWith([, name = '', ...below]: Breadcrumb): readonly JsonObject[] {
  const put = (at: Breadcrumb, value: Json): Json => {
    const [kind, key = '', ...rest] = at;
    if (kind === undefined) return value;
    return kind === 'items' ? [put(at.slice(1), value)] : { [key]: put(rest, value) };
  };
  return anything.map((value) => ({ [name]: put(below, value) }));
}

test.each(
  describeStreams().flatMap(
    ({ name }) =>
      [
        [name, 'all'],
        [name, 'some'],
      ] as const,
  ),
)(
  'the compiled validator of %s agrees with ajv and the written schema, %s columns selected',
  async (name, which) => {
    const streams = describeStreams().filter((stream) => stream.name === name);
    const columns = Object.keys(streams[0]?.schema.properties ?? {});
    const left = columns.filter((_column, index) => which === 'all' || index % 2 === 0);
    const patterns = left.map((column) => `${name}.${column}`);
    const catalog = parseCatalog(selectByPatterns(discoverCatalog(streams), patterns));
    const [selected] = selectStreams({ catalog, streams, warn: () => undefined });
    if (selected === undefined) throw new Error(`${name} is not selected`);
    const shipped = await loadValidator(name);
    const compiled = compileValidator(selected.schema);
    const records = [...propertyBreadcrumbs(selected.schema)].flatMap((at) => recordsWith(at));
    const verdicts = records.map((record) => shipped(record));
    expect(verdicts).toEqual(records.map((record) => compiled(record)));
    expect(verdicts).toContain(undefined);
    expect(verdicts.filter((verdict) => verdict !== undefined)).not.toEqual([]);
  },
);
