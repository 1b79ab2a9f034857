/**
 * What a value of each declared type may be made of. What cannot be turned into it becomes null and is
 * put aside. Objects and arrays are changed in place: they were parsed a moment ago and belong to nobody
 * else, and copying them costs more than all the rest.
 */
import { ItemError } from '../core/errors.ts';
import { normalizeInstant } from '../core/instant.ts';
import type { Json } from '../core/json.ts';
import { cleanValue, isUnsafe, roundedText, unsafeKind } from './clean-value.ts';
import type { Notes, Step } from './warnings.ts';
import { cleanText, isCleanText } from './text.ts';

/** Turns a value into what its column holds; `undefined` for a column that was not selected. */
export type Coerce = (value: Json) => Json | undefined;

/** A place in the records of a stream, and what is special about it. */
export interface Column {
  readonly place: readonly Step[];
  readonly notes: Notes;
  /** A key cannot be null: an item whose key is a rounded number cannot be written. */
  readonly isKey: boolean;
  /** The user does not want something below: a value that cannot be read as declared may hold it. */
  readonly hasUnwanted: boolean;
}

const integerText = /^[+-]?\d+(?:\.0*)?(?:[Ee]\+?\d+)?$/;
const numberText = /^[+-]?\d+(?:\.\d*)?(?:[Ee][+-]?\d+)?$/;

/** Reports a value its column cannot hold and puts it aside. */
export function refuse(value: Json, { place, notes, hasUnwanted }: Column): null {
  const isHarmless = typeof value === 'number' || typeof value === 'boolean';
  const isWithheld = hasUnwanted && !isHarmless;
  notes.report(isWithheld ? 'withheld' : 'not-kept', place, value);
  notes.nulled(place);
  if (isWithheld) return null;
  const cleaned = cleanValue(value, place, notes);
  // A rounded integer has been put aside under this very place already.
  if (typeof value !== 'number' || !isUnsafe(value)) notes.keep(place, cleaned);
  return null;
}

/** A number that is not the one that was sent; as text it still is, and that text is kept. */
function refuseUnsafe(value: number | string, { place, notes, isKey }: Column): null {
  const kind = unsafeKind(value);
  if (isKey) {
    const problem =
      kind === 'out-of-range'
        ? 'a number that is out of range'
        : 'an integer beyond 2^53, whose last digits are lost in reading';
    throw new ItemError(
      `Key property "${String(place[0])}" holds ${problem}: its records cannot be told apart`,
      { kind: 'system' },
    );
  }
  notes.report(kind, place, value);
  notes.nulled(place);
  notes.keep(place, typeof value === 'string' ? value : roundedText(value));
  return null;
}

/** The number that a text spells. */
function fromText(value: Json, form: RegExp, column: Column): number | null {
  if (typeof value !== 'string' || !form.test(value)) return refuse(value, column);
  const number = Number(value);
  return isUnsafe(number) ? refuseUnsafe(value, column) : number;
}

function numberCoercer(column: Column): Coerce {
  return (value) => {
    if (value === null) return null;
    if (typeof value === 'number') return isUnsafe(value) ? refuseUnsafe(value, column) : value;
    return fromText(value, numberText, column);
  };
}

function integerCoercer(column: Column): Coerce {
  return (value) => {
    if (value === null) return null;
    if (typeof value !== 'number') return fromText(value, integerText, column);
    if (Number.isSafeInteger(value)) return value;
    return isUnsafe(value) ? refuseUnsafe(value, column) : refuse(value, column);
  };
}

function booleanCoercer(column: Column): Coerce {
  return (value) => {
    if (typeof value === 'boolean' || value === null) return value;
    return value === 0 || value === 1 ? value === 1 : refuse(value, column);
  };
}

function stringCoercer(column: Column): Coerce {
  const { place, notes } = column;
  return (value) => {
    if (typeof value === 'string') {
      if (isCleanText(value)) return value;
      notes.report('cleaned-text', place, value);
      return cleanText(value);
    }
    if (value === null) return null;
    if (typeof value === 'number' && isUnsafe(value)) return refuseUnsafe(value, column);
    if (typeof value !== 'object') return String(value);
    const cleaned = cleanValue(value, place, notes);
    // A value of too many levels is JSON text already.
    return typeof cleaned === 'string' ? cleaned : JSON.stringify(cleaned);
  };
}

function dateTimeCoercer(column: Column): Coerce {
  return (value) => {
    if (value === null || value === '') return null;
    return normalizeInstant(value) ?? refuse(value, column);
  };
}

/** By type, or by format where there is one. */
export const scalarCoercers: Readonly<Record<string, (column: Column) => Coerce>> = {
  boolean: booleanCoercer,
  'date-time': dateTimeCoercer,
  integer: integerCoercer,
  number: numberCoercer,
  string: stringCoercer,
};

/** Items that cannot be turned into what the array holds are taken out of it. */
export function arrayCoercer(
  column: Column,
  items: Column,
  coerce: Coerce,
  isNullable: boolean,
): Coerce {
  const { indexes } = column.notes;
  const depth = column.place.filter((step) => step === null).length;
  return (value) => {
    if (!Array.isArray(value)) return value === null ? null : refuse(value, column);
    let length = 0;
    for (let index = 0; index < value.length; index++) {
      indexes[depth] = index;
      const old = value[index] ?? null;
      const next = coerce(old) ?? null;
      if (next === null && old === null && !isNullable) refuse(old, items);
      if (next === null && (old !== null || !isNullable)) continue;
      if (next !== old || length !== index) value[length] = next;
      length += 1;
    }
    if (length < value.length) value.length = length;
    return value;
  };
}
