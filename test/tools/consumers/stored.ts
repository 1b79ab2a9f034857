/** How each target stores a record, and a comparison of whole tables that uses it. */
import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { defaultStreams, streams, type Item } from './expected.ts';
import { recordKey, recordsOf } from './records.ts';
import type { Sandbox } from './stage.ts';
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

/** @returns the normal form of an instant, of a list and of additional_fields */
function plain(value: Answer, kind: string): unknown {
  if (value === null || value === undefined) return null;
  if (kind === 'date-time') return withoutZone(String(value).replace(' ', 'T'));
  return value;
}

function parsed(value: unknown) {
  return typeof value === 'string' && value !== '' ? JSON.parse(value) : value;
}

interface Schema {
  readonly type: string | readonly string[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const schemas: Readonly<Record<string, Schema>> = Object.fromEntries(
  streams.map((stream) => {
    const file = new URL(`../../../schemas/streams/${stream}.json`, import.meta.url);
    return [stream, JSON.parse(readFileSync(file, 'utf8'))];
  }),
);

function kindOf({ type, format }: Schema) {
  return format ?? [type].flat().find((name) => name !== 'null') ?? '';
}

/** A stored row, or the expected row of a record in the target's form. */
function rowOf(stream: string, values: Item, form: Form = (value) => value) {
  return Object.fromEntries(
    Object.entries(schemas[stream]?.properties ?? {}).map(([name, schema]) => {
      const value = values[name] ?? null;
      if (value === null || name === 'additional_fields') return [name, parsed(value)];
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

/**
 * Each table contains each record of the account once, with all its values.
 *
 * @param names Which tables are compared. Default: those of the default streams.
 * @returns the tables in words
 */
export async function checkTables(
  tables: Tables,
  sandbox: Sandbox,
  form: Form = (value) => value,
  names: readonly string[] = defaultStreams,
): Promise<string> {
  const records = await recordsOf(sandbox);
  const held = names.map((stream) => [stream, tables[stream]?.length ?? 'no table']);
  const counts = names.map((stream) => [stream, records[stream]?.length]);
  deepEqual(Object.fromEntries(held), Object.fromEntries(counts), 'rows in the tables');
  const faults = names.flatMap((stream) => {
    const rows = (tables[stream] ?? []).map((row) => rowOf(stream, row));
    const should = (records[stream] ?? []).map((record) => rowOf(stream, record, form));
    return rowFaults(stream, rows, should);
  });
  deepEqual(faults.slice(0, 10), [], `${faults.length} differences between tables and account`);
  const total = held.reduce((sum, [, length]) => sum + Number(length), 0);
  return `${total} rows of ${names.length} tables equal`;
}
