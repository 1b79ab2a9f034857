export type Scalar = null | boolean | number | string;

/** A value that `JSON.parse` returns. */
export type Json = Scalar | Json[] | JsonObject;

/** A JSON object. Only the coercion of records changes objects in place. */
export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON type of a value: `null`, `array`, `object`, `string`, `number` or `boolean`. */
export function jsonTypeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/**
 * Limit for recursion into nested values. JSON.parse accepts any number of levels, but JSON.stringify throws a
 * RangeError at about 5,000 levels, and Python's parser fails at about 1,000.
 */
export const maxNesting = 100;

/** Whether the value has more than `maxNesting` levels of objects and arrays. Does not look deeper. */
export function isTooDeep(value: unknown, levels: number = maxNesting): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isTooDeep(child, levels - 1));
}

export function jsonText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    // RangeError: too many levels, or the text is too long. In the second case, this throws again.
    return deepJsonText(value);
  }
}

/** Like JSON.stringify, but without recursion. `replace` is applied to each scalar and each key. */
export function deepJsonText(value: Json, replace = (scalar: Scalar): Scalar => scalar): string {
  const pieces: string[] = [];
  // A stack: the next entry is the last. A string is written unchanged; a value to stringify is wrapped in an array.
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
