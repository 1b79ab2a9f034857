/** A value as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Freshly parsed ones are changed in place by the coercion; nobody else changes one. */
export interface JsonObject {
  [key: string]: Json;
}

/** Is it a JSON object: neither null nor an array? */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The word a reader of a log knows for the type of a JSON value: `null`, `array`, `object`, `string`, ... */
export function jsonTypeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}
