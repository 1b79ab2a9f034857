/**
 * Convert values to the declared type of their column. A value that cannot be converted becomes null and is kept in
 * additional_fields. Objects and arrays are changed in place: nothing else uses the parsed item, and a copy would take
 * longer than the conversion.
 */
import { ItemError } from '../core/errors.ts';
import { normalizeInstant } from '../core/instant.ts';
import type { Json } from '../core/json.ts';
import { cleanValue, isUnsafeNumber, roundedNumberText, unsafeNumberKind } from './clean-value.ts';
import type { RecordPath, RecordWarnings } from './warnings.ts';
import { cleanText, isCleanText } from './clean-text.ts';

/** Converts a value to the type of its column. Returns `undefined` for an unselected column. */
export type Coerce = (value: Json) => Json | undefined;

/** A path in the records of a stream, with its properties. */
export interface Column {
  readonly path: RecordPath;
  readonly warnings: RecordWarnings;
  /** A key cannot be null, so an item whose key was rounded cannot be written. */
  readonly isKey: boolean;
  /** A nested property is not selected. A value of another type may contain it. */
  readonly hasUnselected: boolean;
}

const integerText = /^[+-]?\d+(?:\.0*)?(?:[Ee]\+?\d+)?$/;
const numberText = /^[+-]?\d+(?:\.\d*)?(?:[Ee][+-]?\d+)?$/;

/** Reports a value that its column cannot hold and keeps it in additional_fields. */
export function reject(value: Json, { path, warnings, hasUnselected }: Column): null {
  const isHarmless = typeof value === 'number' || typeof value === 'boolean';
  const isSuppressed = hasUnselected && !isHarmless;
  warnings.report(isSuppressed ? 'suppressed' : 'not-kept', path, value);
  warnings.reportNulled(path);
  if (isSuppressed) return null;
  const cleaned = cleanValue(value, path, warnings);
  // cleanValue has already kept an unsafe number under this path.
  if (typeof value !== 'number' || !isUnsafeNumber(value)) warnings.keepRaw(path, cleaned);
  return null;
}

/** Rejects a number that JSON.parse rounded. Keeps its text, which is exact if the API sent a string. */
function rejectUnsafeNumber(value: number | string, { path, warnings, isKey }: Column): null {
  const kind = unsafeNumberKind(value);
  if (isKey) {
    const problem =
      kind === 'out-of-range'
        ? 'a number that is out of range'
        : 'an integer beyond 2^53, which JSON.parse rounds';
    throw new ItemError(
      `Key property "${String(path[0])}" contains ${problem}: its records cannot be distinguished`,
      { kind: 'system' },
    );
  }
  warnings.report(kind, path, value);
  warnings.reportNulled(path);
  warnings.keepRaw(path, typeof value === 'string' ? value : roundedNumberText(value));
  return null;
}

/** The number in a string. */
function parseNumber(value: Json, pattern: RegExp, column: Column): number | null {
  if (typeof value !== 'string' || !pattern.test(value)) return reject(value, column);
  const number = Number(value);
  return isUnsafeNumber(number) ? rejectUnsafeNumber(value, column) : number;
}

function numberCoercer(column: Column): Coerce {
  return (value) => {
    if (value === null) return null;
    if (typeof value === 'number')
      return isUnsafeNumber(value) ? rejectUnsafeNumber(value, column) : value;
    return parseNumber(value, numberText, column);
  };
}

function integerCoercer(column: Column): Coerce {
  return (value) => {
    if (value === null) return null;
    if (typeof value !== 'number') return parseNumber(value, integerText, column);
    if (Number.isSafeInteger(value)) return value;
    return isUnsafeNumber(value) ? rejectUnsafeNumber(value, column) : reject(value, column);
  };
}

function booleanCoercer(column: Column): Coerce {
  return (value) => {
    if (typeof value === 'boolean' || value === null) return value;
    return value === 0 || value === 1 ? value === 1 : reject(value, column);
  };
}

function stringCoercer(column: Column): Coerce {
  const { path, warnings } = column;
  return (value) => {
    if (typeof value === 'string') {
      if (isCleanText(value)) return value;
      warnings.report('cleaned-text', path, value);
      return cleanText(value);
    }
    if (value === null) return null;
    if (typeof value === 'number' && isUnsafeNumber(value))
      return rejectUnsafeNumber(value, column);
    if (typeof value !== 'object') return String(value);
    const cleaned = cleanValue(value, path, warnings);
    // cleanValue returns JSON text for a value with too many levels.
    return typeof cleaned === 'string' ? cleaned : JSON.stringify(cleaned);
  };
}

function dateTimeCoercer(column: Column): Coerce {
  return (value) => {
    if (value === null || value === '') return null;
    return normalizeInstant(value) ?? reject(value, column);
  };
}

/** By format, or by type if there is no format. */
export const scalarCoercers: Readonly<Record<string, (column: Column) => Coerce>> = {
  boolean: booleanCoercer,
  'date-time': dateTimeCoercer,
  integer: integerCoercer,
  number: numberCoercer,
  string: stringCoercer,
};

/** Removes items that cannot be converted. */
export function arrayCoercer(
  column: Column,
  items: Column,
  coerce: Coerce,
  isNullable: boolean,
): Coerce {
  const { indexes } = column.warnings;
  const depth = column.path.filter((segment) => segment === null).length;
  return (value) => {
    if (!Array.isArray(value)) return value === null ? null : reject(value, column);
    let length = 0;
    for (let index = 0; index < value.length; index++) {
      indexes[depth] = index;
      const old = value[index] ?? null;
      const next = coerce(old) ?? null;
      if (next === null && old === null && !isNullable) reject(old, items);
      if (next === null && (old !== null || !isNullable)) continue;
      if (next !== old || length !== index) value[length] = next;
      length += 1;
    }
    if (length < value.length) value.length = length;
    return value;
  };
}
