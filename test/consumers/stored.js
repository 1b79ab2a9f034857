/** What a target makes of a record, told once for each target, and a comparison of whole tables by it. */
import { deepEqual, equal } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { streams } from './expected.js';
import { recordKey, recordsOf, schemas, typesOf } from './records.js';

/** @typedef {import('./stage.js').Sandbox} Sandbox */
/** @typedef {import('./expected.js').Item} Item */
/** @typedef {import('./records.js').Schema} Schema */

/** @typedef {(value: any, kind: string) => unknown} Form From a record's value, null aside, to the stored one. */
/** @typedef {Readonly<Record<string, readonly Item[]>>} Tables */

/** An instant as a column without a zone shows it: microseconds, and no fraction that is zero. */
function withoutZone(/** @type {string} */ text) {
  return text.replace(/(?:\.(\d{1,6})\d*)?(?:Z|\+00:00)?$/, (_all, digits = '') => {
    const fraction = digits.replace(/0+$/, '');
    return fraction === '' ? '' : `.${fraction}`;
  });
}

/**
 * @param {any} value
 * @param {string} kind
 * @returns {unknown} the one form of an instant, of a list and of what stands in additional_fields
 */
function plain(value, kind) {
  if (value === null || value === undefined) return null;
  if (kind === 'date-time') return withoutZone(String(value).replace(' ', 'T'));
  return value;
}

/** @param {unknown} value */
function parsed(value) {
  return typeof value === 'string' && value !== '' ? JSON.parse(value) : value;
}

/** @param {Schema} schema */
function kindOf(schema) {
  return schema.format ?? typesOf(schema).join();
}

/** @typedef {Readonly<Record<string, readonly string[]>>} Columns By stream. */

/** @type {Columns} */
const allColumns = Object.fromEntries(
  streams.map((stream) => [stream, Object.keys(schemas[stream]?.properties ?? {})]),
);

/**
 * @param {string} stream
 * @param {readonly string[]} names
 * @returns {readonly (readonly [string, Schema])[]}
 */
function columnsOf(stream, names) {
  const known = Object.entries(schemas[stream]?.properties ?? {});
  return known.filter(([name]) => names.includes(name));
}

/**
 * @param {ReturnType<typeof columnsOf>} columns
 * @param {Item} row
 */
function storedRow(columns, row) {
  return Object.fromEntries(
    columns.map(([name, schema]) => {
      const value = plain(row[name], kindOf(schema));
      return [name, name === 'additional_fields' ? parsed(value) : value];
    }),
  );
}

/**
 * @param {ReturnType<typeof columnsOf>} columns
 * @param {Item} record
 * @param {Form} form
 */
function expectedRow(columns, record, form) {
  return Object.fromEntries(
    columns.map(([name, schema]) => {
      const value = record[name] ?? null;
      if (value === null || name === 'additional_fields') return [name, value];
      const kind = kindOf(schema);
      return [name, plain(form(value, kind), kind)];
    }),
  );
}

/**
 * @param {Item} row
 * @param {Item} should
 */
function differences(row, should) {
  return Object.keys(should)
    .filter((name) => !isDeepStrictEqual(row[name], should[name]))
    .map((name) => `${name} is ${told(row[name])}, not ${told(should[name])}`);
}

/** @param {unknown} value */
function told(value) {
  return JSON.stringify(value)?.slice(0, 200);
}

/**
 * @param {string} stream
 * @param {readonly Item[]} rows
 * @param {readonly Item[]} should
 * @returns {readonly string[]}
 */
function rowFaults(stream, rows, should) {
  const held = new Map(rows.map((row) => [recordKey(row), row]));
  return should.flatMap((record) => {
    const key = recordKey(record);
    const row = held.get(key);
    if (row === undefined) return [`${stream} ${key} is missing`];
    return differences(row, record).map((text) => `${stream} ${key}: ${text}`);
  });
}

/** @param {readonly Item[]} rows */
function checksum(rows) {
  const texts = rows.map((row) => JSON.stringify(sorted(row))).sort();
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);
}

/**
 * Databases order the keys of an object as they like.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, child]) => [name, sorted(child)]));
}

/**
 * Each table holds each record of the account, once, with all its values; counts, values and checksums are equal.
 *
 * @param {Tables} tables
 * @param {Sandbox} sandbox
 * @param {Form} [form]
 * @param {Columns} [columns] Which tables and columns are looked at. Default: all.
 * @returns {string} the tables in words
 */
export function checkTables(tables, sandbox, form = (value) => value, columns = allColumns) {
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
