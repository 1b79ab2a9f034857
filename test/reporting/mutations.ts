/** Derives invalid inputs from valid ones: typical mistakes in values, keys, sizes, depths and encodings. */
import fc from 'fast-check';

import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { rawJson, toJsonText } from '../../src/sandbox/data/raw-json.ts';

/** A misplaced secret. It must never appear in the output, whatever its position. */
export const secret: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', 'ey.', 'zc-', 'A+/'),
    fc.string({
      unit: fc.constantFrom(...'ABCDEFGHJKMNabcdefghjk23456789'.split('')),
      minLength: 16,
      maxLength: 40,
    }),
    fc.constantFrom('7Q', '7Q==', ' 7Q', '"7Q', 'é7Q', '\n7Q'),
  )
  .map((parts) => parts.join(''));

/** Placeholder for the secret of a case. */
const placeholder = '\uE001secret';

function levels(count: number): string {
  return rawJson('['.repeat(count) + ']'.repeat(count));
}

/** Unexpected values. `rawJson` ones cannot be expressed in another way. */
const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    ...(JSON.parse(`[
      null, true, false, 0, -1, 1.5, 9007199254740992, 9007199254740991, 1e308, "", " ", "a", "true",
      "\\u0000", "\\ud800", "__proto__", "constructor", "0000-01-01", "2024-13-45", "12/01/2010",
      "9999-12-31T23:59:59-01:00", "2024-02-01T00:00:00Z", [], {}, [null], [[]], [{}], {"a": 1}
    ]`) as Json[]),
  ),
  fc.constantFrom('x'.repeat(70), ' '.repeat(20_000), '*'.repeat(50), '9'.repeat(400)),
  fc.constantFrom(
    levels(99),
    levels(101),
    levels(20_000),
    rawJson('1e400'),
    rawJson('9007199254740993'),
  ),
  fc
    .constantFrom('', '2024-01-01 ', 'start_date=', 'https://', '{"access_token":"')
    .map((text) => text + placeholder),
);

const key: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...'__proto__ constructor toString Start-Date acces_token stat_date stream_maps unknown chat emial'.split(
      ' ',
    ),
  ),
  fc.constantFrom('', ' ', '\u0000', 'x'.repeat(65), 'k'.repeat(30_000)),
);

/** One mistake: the change at the position with this number, counted over the whole document. */
export interface Mutation {
  readonly at: number;
  readonly op: 'replace' | 'remove' | 'add' | 'rename' | 'repeat' | 'wrap' | 'many' | 'secretKey';
  readonly value: Json;
  readonly key: string;
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(10_000),
  op: fc.constantFrom<Mutation['op'][]>(
    ...('replace replace replace remove add rename repeat wrap many secretKey'.split(
      ' ',
    ) as Mutation['op'][]),
  ),
  value: odd,
  key,
});

type Place = readonly (string | number)[];

/** Every position in a document except its root. A parent precedes its children. */
export function placesIn(value: Json): readonly Place[] {
  const places: Place[] = [];
  const walk = (one: Json, place: Place): void => {
    if (typeof one !== 'object' || one === null) return;
    for (const [name, child] of Object.entries(one)) {
      const inner = [...place, Array.isArray(one) ? Number(name) : name];
      places.push(inner);
      walk(child, inner);
    }
  };
  walk(value, []);
  return places;
}

/** The value at an existing position. */
export function valueAt(root: Json, place: Place): Json {
  return place.reduce<Json>((holder, step) => (holder as JsonObject)[step] ?? null, root);
}

/** Even `__proto__` becomes an ordinary key. */
function setKey(holder: Json[] | JsonObject, name: string | number, value: Json): void {
  Object.defineProperty(holder, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** The document with one mistake. Positions are counted again for each mistake. */
export function mutated(root: Json, { at, op, value, key: name }: Mutation, hidden: string): Json {
  const copy: Json = structuredClone(root);
  const places = placesIn(copy);
  const place = places[at % Math.max(1, places.length)];
  const next = typeof value === 'string' ? value.replace(placeholder, () => hidden) : value;
  if (place === undefined) return next;
  const holder = valueAt(copy, place.slice(0, -1)) as Json[] | JsonObject;
  const step = place.at(-1) ?? '';
  const old = (holder as JsonObject)[step] ?? null;
  const newName = op === 'secretKey' ? hidden : name;
  const list = Array.isArray(holder) ? holder : undefined;
  if (op === 'replace') setKey(holder, step, next);
  else if (op === 'wrap') setKey(holder, step, [old]);
  else if (op === 'remove' && list !== undefined) list.splice(Number(step), 1);
  else if (op === 'remove') Reflect.deleteProperty(holder, step);
  else if (op === 'many') for (let index = 0; index < 500; index += 1) list?.push(old);
  else if (list !== undefined) list.push(op === 'repeat' ? old : next);
  else {
    if (op === 'rename') Reflect.deleteProperty(holder, step);
    setKey(holder, newName, op === 'add' || op === 'secretKey' ? next : old);
  }
  return copy;
}

/** Bytes of a text, as an editor or a broken copy leaves them. */
export interface Encoding {
  readonly name: 'utf8' | 'bom' | 'crlf' | 'utf16le' | 'latin1' | 'cut' | 'more' | 'empty';
  readonly at: number;
}

export const encoding: fc.Arbitrary<Encoding> = fc.record({
  name: fc.oneof(
    fc.constant('utf8' as const),
    fc.constantFrom<Encoding['name'][]>('bom', 'crlf', 'utf16le', 'latin1', 'cut', 'more', 'empty'),
  ),
  at: fc.nat(2000),
});

/** A document as bytes. */
export function encoded(document: Json, { name, at }: Encoding): Buffer {
  const text = toJsonText(document);
  const texts: Record<Encoding['name'], string> = {
    utf8: text,
    bom: `\uFEFF${text}`,
    crlf: text.replaceAll(',', ',\r\n'),
    utf16le: `\uFEFF${text}`,
    latin1: text.replace(':', ':"é",'),
    cut: text.slice(0, at),
    more: `${text}}`,
    empty: '',
  };
  const form = name === 'utf16le' || name === 'latin1' ? name : 'utf8';
  return Buffer.from(texts[name], form);
}

/** Whether the document's value has an effect at this position. */
export function saysSomething(value: Json | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'string') return value.trim() !== '';
  return isJsonObject(value) ? Object.values(value).some(saysSomething) : true;
}
