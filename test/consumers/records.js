/**
 * The records that must arrive, made of what the account holds and of the schemas by the rules the README
 * gives; shares no code with the program under test.
 */
import { readFileSync } from 'node:fs';

import { itemsOf, streams } from './expected.js';

/** @typedef {import('./stage.js').Sandbox} Sandbox */
/** @typedef {import('./expected.js').Item} Item */

/**
 * @typedef {object} Schema
 * @property {string | readonly string[]} type
 * @property {string} [format]
 * @property {Readonly<Record<string, Schema>>} [properties]
 * @property {Schema} [items]
 */

/** @typedef {Record<string, unknown>} Kept What could not be kept in its place, by JSON Pointer. */

/** @type {Readonly<Record<string, Schema>>} */
export const schemas = Object.fromEntries(
  streams.map((stream) => {
    const file = new URL(`../../schemas/streams/${stream}.json`, import.meta.url);
    return [stream, JSON.parse(readFileSync(file, 'utf8'))];
  }),
);

/**
 * @param {Schema} schema
 * @returns {readonly string[]}
 */
export function typesOf({ type }) {
  return [type].flat().filter((name) => name !== 'null');
}

/** @param {string} text */
function cleanText(text) {
  return text.replaceAll('\0', '').toWellFormed();
}

/**
 * @param {unknown} value
 * @returns {unknown}
 */
function cleanValue(value) {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, cleanValue(child)]));
}

const iso = /^(.{10})[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|\+00:00Z|[+-]\d\d:\d\d)?$/;

/**
 * @param {string} text
 * @returns {string | undefined} UTC, with all digits of the fraction; undefined: no instant
 */
export function writtenInstant(text) {
  const [, day = '', time = '', fraction = '', zone = 'Z'] = iso.exec(text) ?? [];
  const plain = new Date(`${day}T${time}Z`);
  // What comes back as another day is not in the calendar.
  if (Number.isNaN(plain.getTime()) || !plain.toISOString().startsWith(day)) return undefined;
  const utc = new Date(`${day}T${time}${zone.replace('+00:00Z', 'Z')}`).toISOString().slice(0, 19);
  return fraction === '' ? `${utc}Z` : `${utc}.${fraction}Z`;
}

/** Units of whole digits, in microseconds, by how many digits there are. */
const epochUnits = new Map([
  [10, 1_000_000],
  [13, 1000],
  [16, 1],
]);

/**
 * @param {number} number
 * @returns {string | undefined}
 */
function epochInstant(number) {
  const micros = number * (epochUnits.get(String(number).length) ?? Number.NaN);
  if (!Number.isSafeInteger(micros)) return undefined;
  const text = new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, 19);
  const fraction = micros % 1_000_000;
  return fraction === 0 ? `${text}Z` : `${text}.${String(fraction).padStart(6, '0')}Z`;
}

/**
 * @param {unknown} value
 * @returns {number | undefined}
 */
function integerOf(value) {
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

/**
 * @param {unknown} value
 * @returns {number | undefined}
 */
function numberOf(value) {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?$/.test(value)
    ? Number(value)
    : undefined;
}

/**
 * @param {unknown} value
 * @returns {boolean | undefined}
 */
function truthOf(value) {
  if (typeof value === 'boolean') return value;
  return value === 0 || value === 1 ? value === 1 : undefined;
}

/** @param {any} value */
function textOf(value) {
  if (typeof value === 'string') return cleanText(value);
  return typeof value === 'object' ? JSON.stringify(cleanValue(value)) : String(value);
}

/**
 * @param {unknown} value
 * @returns {string | null | undefined} null: an empty text
 */
function instantOf(value) {
  if (value === '') return null;
  if (typeof value === 'number') return epochInstant(value);
  return typeof value === 'string' ? writtenInstant(value) : undefined;
}

/** @type {Readonly<Record<string, (value: any) => unknown>>} undefined: it cannot be turned into that */
const scalars = {
  integer: integerOf,
  number: numberOf,
  boolean: truthOf,
  string: textOf,
  'date-time': instantOf,
};

/**
 * An integer that was rounded in reading is marked as such.
 *
 * @param {unknown} value
 */
function keptValue(value) {
  const isRounded = typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return isRounded ? `~${BigInt(value)}` : cleanValue(value);
}

/**
 * @param {Schema} schema
 * @param {unknown} value
 * @param {string} pointer
 * @param {Kept} kept
 * @returns {unknown}
 */
function fit(schema, value, pointer, kept) {
  if (value === null || value === undefined) return null;
  const type = schema.format ?? typesOf(schema).join();
  if (type === 'array' && Array.isArray(value)) return fitItems(schema, value, pointer, kept);
  if (type === 'object' && typeof value === 'object' && !Array.isArray(value)) {
    const entries = Object.entries(value).flatMap(([name, child]) => {
      const known = schema.properties?.[name];
      const place = `${pointer}/${name}`;
      if (known !== undefined) return [[name, fit(known, child, place, kept)]];
      kept[place] = keptValue(child);
      return [];
    });
    return Object.fromEntries(entries);
  }
  const fitted = scalars[type]?.(value);
  if (fitted !== undefined) return fitted;
  kept[pointer] = keptValue(value);
  return null;
}

/**
 * @param {Schema} schema
 * @param {readonly unknown[]} values
 * @param {string} pointer
 * @param {Kept} kept
 */
function fitItems({ items = { type: 'string' } }, values, pointer, kept) {
  const mayBeNull = items.type.includes('null');
  return values.flatMap((value, place) => {
    if (value === null && !mayBeNull) kept[`${pointer}/${place}`] = null;
    const fitted = fit(items, value, `${pointer}/${place}`, kept);
    return fitted === null && (value !== null || !mayBeNull) ? [] : [fitted];
  });
}

/** @type {Readonly<Record<string, (item: Item, sandbox: Sandbox) => Item>>} what the API does not say itself */
const additions = {
  bans: ({ created_at: instant }) => ({ create_date: instant }),
  agent_timeline: ({ agent_id: agent, start_time: start }) => ({
    id: `${String(agent)}|${writtenInstant(String(start))}`,
  }),
  shortcuts: ({ id, name }) => ({ id: id ?? name }),
  routing_settings: (_item, { config }) => ({ id: config.subdomain }),
};

/**
 * @param {string} stream
 * @param {Item} item
 * @param {Sandbox} sandbox
 * @returns {Item} with `additional_fields` as an object, not as its text
 */
function recordOf(stream, item, sandbox) {
  const columns = schemas[stream]?.properties ?? {};
  /** @type {Item} */
  const whole = { ...item, ...additions[stream]?.(item, sandbox) };
  /** @type {Kept} */
  const kept = {};
  const record = Object.fromEntries(
    Object.entries(columns).map(([name, schema]) => [
      name,
      fit(schema, whole[name], `/${name}`, kept),
    ]),
  );
  for (const [name, value] of Object.entries(item)) {
    if (columns[name] === undefined) kept[`/${name}`] = keptValue(value);
  }
  return { ...record, additional_fields: Object.keys(kept).length === 0 ? null : kept };
}

/**
 * The records of a stream, without those of items that have no key.
 *
 * @param {Sandbox} sandbox
 * @param {string} stream
 * @returns {readonly Item[]}
 */
export function recordsOf(sandbox, stream) {
  const records = itemsOf(sandbox, stream).map((item) => recordOf(stream, item, sandbox));
  return records.filter((record) => recordKey(record) !== 'null');
}

/** @param {Record<string, any>} record */
export function recordKey({ id, account_key: account }) {
  return String(id ?? account ?? null);
}
