/**
 * Makes a value safe that no schema describes, in place. The value was parsed a moment ago and belongs
 * to nobody else.
 */
import { deepJsonText, isTooDeep, type Json, type JsonObject, type Scalar } from '../core/json.ts';
import type { SchemaMismatchKind, RecordWarnings, PathSegment, RecordPath } from './warnings.ts';
import { cleanText, isCleanText } from './clean-text.ts';

/** Has reading JSON rounded it, or made it infinite? No double above 2^53 has a fraction. */
export function isUnsafeNumber(value: number): boolean {
  return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
}

/** The digits as they were read, marked by `~` since they may not be those that were sent. */
export function roundedNumberText(value: number): string {
  return `~${Number.isFinite(value) ? BigInt(value) : value}`;
}

/** What is wrong with a number, or a text of digits, whose value is unsafe. */
export function unsafeNumberKind(value: number | string): SchemaMismatchKind {
  return Number.isFinite(Number(value)) ? 'unsafe-integer' : 'out-of-range';
}

/** Renames the keys that no target can store, unless the clean name is taken: then the value is put aside. */
function cleanKeys(object: JsonObject, path: RecordPath, warnings: RecordWarnings): void {
  const dirty = Object.keys(object).filter((key) => !isCleanText(key));
  for (const key of dirty) {
    const value = object[key] ?? null;
    delete object[key];
    const name = cleanText(key);
    if (Object.hasOwn(object, name)) {
      warnings.report('not-kept', [...path, key], value);
      warnings.keepRaw([...path, key], value);
    } else {
      const property = { value, enumerable: true, configurable: true, writable: true };
      // Plain assignment of a key that turns out to be __proto__ would not make a property.
      Object.defineProperty(object, name, property);
    }
  }
}

function cleanObject(value: JsonObject, path: PathSegment[], warnings: RecordWarnings): JsonObject {
  let hasDirtyKey = false;
  for (const key in value) {
    const old = value[key] ?? null;
    path.push(key);
    const next = cleanAt(old, path, warnings);
    if (!isCleanText(key)) {
      warnings.report('cleaned-text', path, key);
      hasDirtyKey = true;
    }
    path.pop();
    if (next !== old) value[key] = next;
  }
  if (hasDirtyKey) cleanKeys(value, path, warnings);
  return value;
}

function cleanAt(value: Json, path: PathSegment[], warnings: RecordWarnings): Json {
  if (typeof value === 'string') {
    if (isCleanText(value)) return value;
    warnings.report('cleaned-text', path, value);
    return cleanText(value);
  }
  if (typeof value === 'number' && isUnsafeNumber(value)) {
    warnings.report(unsafeNumberKind(value), path, value);
    warnings.keepRaw(path, roundedNumberText(value));
    return null;
  }
  if (value === null || typeof value !== 'object') return value;
  if (!Array.isArray(value)) return cleanObject(value, path, warnings);
  for (const [index, item] of value.entries()) {
    path.push(index);
    const next = cleanAt(item, path, warnings);
    path.pop();
    if (next !== item) value[index] = next;
  }
  return value;
}

function cleanScalar(value: Scalar): Scalar {
  if (typeof value === 'string') return cleanText(value);
  return typeof value === 'number' && isUnsafeNumber(value) ? roundedNumberText(value) : value;
}

/**
 * Cleans every text and key, and makes null of every number that is not what was sent. A value of too many
 * levels becomes its JSON text, in which such numbers are marked texts.
 */
export function cleanValue(value: Json, path: RecordPath, warnings: RecordWarnings): Json {
  if (typeof value === 'boolean' || value === null) return value;
  if (isTooDeep(value)) return deepJsonText(value, cleanScalar);
  return cleanAt(value, [...path], warnings);
}

/** Puts a field aside that the schema does not know. */
export function keepUnknownField(value: Json, path: RecordPath, warnings: RecordWarnings): void {
  warnings.report('unknown-field', path, value);
  if (!warnings.keepsRaw) return;
  const cleaned = cleanValue(value, path, warnings);
  // A number that is not what was sent has been put aside under this very path already.
  if (cleaned !== null || value === null) warnings.keepRaw(path, cleaned);
}
