/**
 * The records that must arrive, made of what the account holds and of the schemas by the rules the README
 * gives; shares no code with the program under test.
 */
import { readFileSync } from 'node:fs';

import { itemsOf, streams } from './expected.ts';
import type { Sandbox } from './stage.ts';
import type { Item } from './expected.ts';
import type { Answer } from './programs.ts';

export interface Schema {
  readonly type: string | readonly string[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** What could not be kept in its place, by JSON Pointer. */
type Kept = Record<string, unknown>;

export const schemas: Readonly<Record<string, Schema>> = Object.fromEntries(
  streams.map((stream) => {
    const file = new URL(`../../schemas/streams/${stream}.json`, import.meta.url);
    return [stream, JSON.parse(readFileSync(file, 'utf8'))];
  }),
);

export function typesOf({ type }: Schema): readonly string[] {
  return [type].flat().filter((name) => name !== 'null');
}

function cleanText(text: string) {
  return text.replaceAll('\0', '').toWellFormed();
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, cleanValue(child)]));
}

const iso = /^(.{10})[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|\+00:00Z|[+-]\d\d:\d\d)?$/;

/** @returns UTC, with all digits of the fraction; undefined: no instant */
export function writtenInstant(text: string): string | undefined {
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

function epochInstant(number: number): string | undefined {
  const micros = number * (epochUnits.get(String(number).length) ?? Number.NaN);
  if (!Number.isSafeInteger(micros)) return undefined;
  const text = new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, 19);
  const fraction = micros % 1_000_000;
  return fraction === 0 ? `${text}Z` : `${text}.${String(fraction).padStart(6, '0')}Z`;
}

function integerOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?$/.test(value)
    ? Number(value)
    : undefined;
}

function truthOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return value === 0 || value === 1 ? value === 1 : undefined;
}

function textOf(value: Answer) {
  if (typeof value === 'string') return cleanText(value);
  return typeof value === 'object' ? JSON.stringify(cleanValue(value)) : String(value);
}

/** @returns null: an empty text */
function instantOf(value: unknown): string | null | undefined {
  if (value === '') return null;
  if (typeof value === 'number') return epochInstant(value);
  return typeof value === 'string' ? writtenInstant(value) : undefined;
}

/** undefined: it cannot be turned into that */
const scalars: Readonly<Record<string, (value: Answer) => unknown>> = {
  integer: integerOf,
  number: numberOf,
  boolean: truthOf,
  string: textOf,
  'date-time': instantOf,
};

/** An integer that was rounded in reading is marked as such. */
function keptValue(value: unknown) {
  const isRounded = typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return isRounded ? `~${BigInt(value)}` : cleanValue(value);
}

function fit(schema: Schema, value: unknown, pointer: string, kept: Kept): unknown {
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

function fitItems(
  { items = { type: 'string' } }: Schema,
  values: readonly unknown[],
  pointer: string,
  kept: Kept,
) {
  const mayBeNull = items.type.includes('null');
  return values.flatMap((value, place) => {
    if (value === null && !mayBeNull) kept[`${pointer}/${place}`] = null;
    const fitted = fit(items, value, `${pointer}/${place}`, kept);
    return fitted === null && (value !== null || !mayBeNull) ? [] : [fitted];
  });
}

/** what the API does not say itself */
const additions: Readonly<Record<string, (item: Item, sandbox: Sandbox) => Item>> = {
  bans: ({ created_at: instant }) => ({ create_date: instant }),
  agent_timeline: ({ agent_id: agent, start_time: start }) => ({
    id: `${String(agent)}|${writtenInstant(String(start))}`,
  }),
  shortcuts: ({ id, name }) => ({ id: id ?? name }),
  routing_settings: (_item, { config }) => ({ id: config.subdomain }),
};

/** @returns with `additional_fields` as an object, not as its text */
function recordOf(stream: string, item: Item, sandbox: Sandbox): Item {
  const columns = schemas[stream]?.properties ?? {};
  const whole: Item = { ...item, ...additions[stream]?.(item, sandbox) };
  const kept: Kept = {};
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

/** The records of a stream, without those of items that have no key. */
export function recordsOf(sandbox: Sandbox, stream: string): readonly Item[] {
  const records = itemsOf(sandbox, stream).map((item) => recordOf(stream, item, sandbox));
  return records.filter((record) => recordKey(record) !== 'null');
}

export function recordKey({ id, account_key: account }: Record<string, Answer>): string {
  return String(id ?? account ?? null);
}
