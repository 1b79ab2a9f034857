/**
 * Makes a value safe that no schema describes, in place. The value was parsed a moment ago and belongs
 * to nobody else.
 */
import { deepJsonText, isTooDeep, type Json, type JsonObject, type Scalar } from '../core/json.ts';
import type { FindingKind, Notes, Step } from './warnings.ts';
import { cleanText, isCleanText } from './text.ts';

/** Has reading JSON rounded it, or made it infinite? No double above 2^53 has a fraction. */
export function isUnsafe(value: number): boolean {
  return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
}

/** The digits as they were read, marked by `~` since they may not be those that were sent. */
export function roundedText(value: number): string {
  return `~${Number.isFinite(value) ? BigInt(value) : value}`;
}

/** What is wrong with a number, or a text of digits, whose value is unsafe. */
export function unsafeKind(value: number | string): FindingKind {
  return Number.isFinite(Number(value)) ? 'unsafe-integer' : 'out-of-range';
}

/** Renames the keys that no target can store, unless the clean name is taken: then the value is put aside. */
function cleanKeys(object: JsonObject, place: readonly Step[], notes: Notes): void {
  const dirty = Object.keys(object).filter((key) => !isCleanText(key));
  for (const key of dirty) {
    const value = object[key] ?? null;
    delete object[key];
    const name = cleanText(key);
    if (Object.hasOwn(object, name)) {
      notes.report('not-kept', [...place, key], value);
      notes.keep([...place, key], value);
    } else {
      const property = { value, enumerable: true, configurable: true, writable: true };
      // Plain assignment of a key that turns out to be __proto__ would not make a property.
      Object.defineProperty(object, name, property);
    }
  }
}

function cleanObject(object: JsonObject, place: Step[], notes: Notes): JsonObject {
  let hasDirtyKey = false;
  for (const key in object) {
    const old = object[key] ?? null;
    place.push(key);
    const next = cleanAt(old, place, notes);
    if (!isCleanText(key)) {
      notes.report('cleaned-text', place, key);
      hasDirtyKey = true;
    }
    place.pop();
    if (next !== old) object[key] = next;
  }
  if (hasDirtyKey) cleanKeys(object, place, notes);
  return object;
}

function cleanAt(value: Json, place: Step[], notes: Notes): Json {
  if (typeof value === 'string') {
    if (isCleanText(value)) return value;
    notes.report('cleaned-text', place, value);
    return cleanText(value);
  }
  if (typeof value === 'number' && isUnsafe(value)) {
    notes.report(unsafeKind(value), place, value);
    notes.keep(place, roundedText(value));
    return null;
  }
  if (value === null || typeof value !== 'object') return value;
  if (!Array.isArray(value)) return cleanObject(value, place, notes);
  for (const [index, item] of value.entries()) {
    place.push(index);
    const next = cleanAt(item, place, notes);
    place.pop();
    if (next !== item) value[index] = next;
  }
  return value;
}

function cleanScalar(value: Scalar): Scalar {
  if (typeof value === 'string') return cleanText(value);
  return typeof value === 'number' && isUnsafe(value) ? roundedText(value) : value;
}

/**
 * Cleans every text and key, and makes null of every number that is not what was sent. A value of too many
 * levels becomes its JSON text, in which such numbers are marked texts.
 */
export function cleanValue(value: Json, place: readonly Step[], notes: Notes): Json {
  if (typeof value === 'boolean' || value === null) return value;
  if (isTooDeep(value)) return deepJsonText(value, cleanScalar);
  return cleanAt(value, [...place], notes);
}

/** Puts a field aside that the schema does not know. */
export function keepUnknown(value: Json, place: readonly Step[], notes: Notes): void {
  notes.report('unknown-field', place, value);
  if (!notes.isKeeping) return;
  const cleaned = cleanValue(value, place, notes);
  // A number that is not what was sent has been put aside under this very place already.
  if (cleaned !== null || value === null) notes.keep(place, cleaned);
}
