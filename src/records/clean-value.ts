/**
 * Cleans values that no schema describes, in place: nothing else uses the parsed item.
 */
import { deepJsonText, isTooDeep, type Json, type JsonObject, type Scalar } from '../core/json.ts';
import type { SchemaMismatchKind, RecordWarnings, PathSegment, RecordPath } from './warnings.ts';
import { cleanText, isCleanText } from './clean-text.ts';

/** Whether JSON.parse may have rounded the number or made it infinite. Doubles beyond 2^53 are always integers. */
export function isUnsafeNumber(value: number): boolean {
  return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
}

/** The digits of a rounded number. The prefix `~` means that the API may have sent other digits. */
export function roundedNumberText(value: number): string {
  return `~${Number.isFinite(value) ? BigInt(value) : value}`;
}

/** The kind of an unsafe number, given as a number or as digits. */
export function unsafeNumberKind(value: number | string): SchemaMismatchKind {
  return Number.isFinite(Number(value)) ? 'unsafe-integer' : 'out-of-range';
}

/** Renames keys that no target can store. If the clean name exists, keeps the value in additional_fields instead. */
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
      // An assignment to the key __proto__ would not create a property.
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
 * Cleans all strings and keys, and replaces unsafe numbers by null. A value with too many levels becomes JSON text, in
 * which unsafe numbers are strings that start with `~`.
 */
export function cleanValue(value: Json, path: RecordPath, warnings: RecordWarnings): Json {
  if (typeof value === 'boolean' || value === null) return value;
  if (isTooDeep(value)) return deepJsonText(value, cleanScalar);
  return cleanAt(value, [...path], warnings);
}

/** Reports an unknown field and keeps it in additional_fields. */
export function keepUnknownField(value: Json, path: RecordPath, warnings: RecordWarnings): void {
  warnings.report('unknown-field', path, value);
  if (!warnings.keepsRaw) return;
  const cleaned = cleanValue(value, path, warnings);
  // cleanValue has already kept an unsafe number under this path.
  if (cleaned !== null || value === null) warnings.keepRaw(path, cleaned);
}
