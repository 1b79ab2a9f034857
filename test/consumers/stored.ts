/** What a target makes of a record, told once for each target, and a comparison of whole tables by it. */
import { deepEqual, equal } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { streams } from './expected.ts';
import { recordKey, recordsOf, schemas, typesOf } from './records.ts';
import type { Sandbox } from './stage.ts';
import type { Item } from './expected.ts';
import type { Schema } from './records.ts';
import type { Answer } from './programs.ts';

/** From a record's value, null aside, to the stored one. */
export type Form = (value: Answer, kind: string) => unknown;

export type Tables = Readonly<Record<string, readonly Item[]>>;

/** An instant as a column without a zone shows it: microseconds, and no fraction that is zero. */
function withoutZone(text: string) {
  return text.replace(/(?:\.(\d{1,6})\d*)?(?:Z|\+00:00)?$/, (_all, digits = '') => {
    const fraction = digits.replace(/0+$/, '');
    return fraction === '' ? '' : `.${fraction}`;
  });
}

/** @returns the one form of an instant, of a list and of what stands in additional_fields */
function plain(value: Answer, kind: string): unknown {
  if (value === null || value === undefined) return null;
  if (kind === 'date-time') return withoutZone(String(value).replace(' ', 'T'));
  return value;
}

function parsed(value: unknown) {
  return typeof value === 'string' && value !== '' ? JSON.parse(value) : value;
}

function kindOf(schema: Schema) {
  return schema.format ?? typesOf(schema).join();
}

/** By stream. */
export type Columns = Readonly<Record<string, readonly string[]>>;

const allColumns: Columns = Object.fromEntries(
  streams.map((stream) => [stream, Object.keys(schemas[stream]?.properties ?? {})]),
);

function columnsOf(
  stream: string,
  names: readonly string[],
): readonly (readonly [string, Schema])[] {
  const known = Object.entries(schemas[stream]?.properties ?? {});
  return known.filter(([name]) => names.includes(name));
}

function storedRow(columns: ReturnType<typeof columnsOf>, row: Item) {
  return Object.fromEntries(
    columns.map(([name, schema]) => {
      const value = plain(row[name], kindOf(schema));
      return [name, name === 'additional_fields' ? parsed(value) : value];
    }),
  );
}

function expectedRow(columns: ReturnType<typeof columnsOf>, record: Item, form: Form) {
  return Object.fromEntries(
    columns.map(([name, schema]) => {
      const value = record[name] ?? null;
      if (value === null || name === 'additional_fields') return [name, value];
      const kind = kindOf(schema);
      return [name, plain(form(value, kind), kind)];
    }),
  );
}

function differences(row: Item, should: Item) {
  return Object.keys(should)
    .filter((name) => !isDeepStrictEqual(row[name], should[name]))
    .map((name) => `${name} is ${told(row[name])}, not ${told(should[name])}`);
}

function told(value: unknown) {
  return JSON.stringify(value)?.slice(0, 200);
}

function rowFaults(
  stream: string,
  rows: readonly Item[],
  should: readonly Item[],
): readonly string[] {
  const held = new Map(rows.map((row) => [recordKey(row), row]));
  return should.flatMap((record) => {
    const key = recordKey(record);
    const row = held.get(key);
    if (row === undefined) return [`${stream} ${key} is missing`];
    return differences(row, record).map((text) => `${stream} ${key}: ${text}`);
  });
}

function checksum(rows: readonly Item[]) {
  const texts = rows.map((row) => JSON.stringify(sorted(row))).sort();
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);
}

/** Databases order the keys of an object as they like. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, child]) => [name, sorted(child)]));
}

/**
 * Each table holds each record of the account, once, with all its values; counts, values and checksums are equal.
 *
 * @param columns Which tables and columns are looked at. Default: all.
 * @returns the tables in words
 */
export function checkTables(
  tables: Tables,
  sandbox: Sandbox,
  form: Form = (value) => value,
  columns: Columns = allColumns,
): string {
  const names = Object.keys(columns);
  const held = names.map((stream) => [stream, tables[stream]?.length ?? 'no table']);
  const counts = names.map((stream) => [stream, recordsOf(sandbox, stream).length]);
  deepEqual(Object.fromEntries(held), Object.fromEntries(counts), 'rows in the tables');
  const pairs = names.map((stream) => {
    const looked = columnsOf(stream, columns[stream] ?? []);
    const rows = (tables[stream] ?? []).map((row) => storedRow(looked, row));
    const should = recordsOf(sandbox, stream).map((record) => expectedRow(looked, record, form));
    return { stream, rows, should };
  });
  const faults = pairs.flatMap(({ stream, rows, should }) => rowFaults(stream, rows, should));
  deepEqual(faults.slice(0, 10), [], `${faults.length} differences between tables and account`);
  for (const { stream, rows, should } of pairs) {
    equal(checksum(rows), checksum(should), `checksum of ${stream}`);
  }
  const total = pairs.reduce((sum, { rows }) => sum + rows.length, 0);
  return `${total} rows of ${names.length} tables equal`;
}
