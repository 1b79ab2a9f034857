export type Scalar = null | boolean | number | string;

/** A value as `JSON.parse` gives it. */
export type Json = Scalar | Json[] | JsonObject;

/** A JSON object. Freshly parsed ones are changed in place by the coercion; nobody else changes one. */
export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The word a reader of a log knows for the type of a JSON value: `null`, `array`, `object`, `string`, ... */
export function jsonTypeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/**
 * Values of more levels than this are not walked by recursion. JSON.parse reads any number of levels, but
 * JSON.stringify ends with a RangeError at about 5,000, Python's parser at about 1,000.
 */
export const maxNesting = 100;

/** Has the value more than `maxNesting` levels of objects and arrays? Looks no deeper than that. */
export function isTooDeep(value: unknown, levels: number = maxNesting): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isTooDeep(child, levels - 1));
}

export function jsonText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    // It has too many levels; or its text is too long, and then this throws again.
    return deepJsonText(value);
  }
}

/** JSON text made without recursion. `replace` gives what is written for each scalar and each key. */
export function deepJsonText(value: Json, replace = (scalar: Scalar): Scalar => scalar): string {
  const pieces: string[] = [];
  // The next one is last. A text is written as it is; a value stands in an array of its own.
  const rest: (string | [Json])[] = [[value]];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next === 'string') {
      pieces.push(next);
      continue;
    }
    const [json] = next;
    if (json === null || typeof json !== 'object') {
      pieces.push(JSON.stringify(replace(json)));
      continue;
    }
    const isArray = Array.isArray(json);
    pieces.push(isArray ? '[' : '{');
    rest.push(isArray ? ']' : '}');
    const children = Object.entries(json);
    for (const [index, [key, child]] of children.toReversed().entries()) {
      const comma = index === children.length - 1 ? '' : ',';
      rest.push([child], isArray ? comma : `${comma}${JSON.stringify(replace(key))}:`);
    }
  }
  return pieces.join('');
}
