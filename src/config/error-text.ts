import { jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';

/** The error for a config that is not an object. */
export function notAnObjectText(value: Json): string {
  return (
    `The config is of type ${jsonTypeOf(value)}: ` +
    'it must be a JSON object such as {"subdomain": "acme", "access_token": "..."}.'
  );
}

/** The expected value of a property, as the end of a sentence. */
export function expectedText(property: JsonObject): string {
  const { type, format, pattern, enum: allowedValues } = property;
  const { minimum, maximum, exclusiveMinimum } = property;
  if (Array.isArray(allowedValues))
    return allowedValues.map((allowed) => JSON.stringify(allowed)).join(' or ');
  if (type === 'boolean') return 'true or false';
  if (type === 'array') return 'a list of stream names, or all';
  if (format !== undefined) return 'an ISO date such as 2024-01-31';
  if (pattern !== undefined) return 'one line of printable ASCII characters';
  if (type === 'string') return 'a string';
  const number = type === 'integer' ? 'a whole number' : 'a number';
  if (maximum === undefined) return `${number} of ${textOf(minimum)} or more`;
  const from =
    minimum === undefined
      ? `above ${textOf(exclusiveMinimum)}, at most`
      : `from ${textOf(minimum)} to`;
  return `${number} ${from} ${textOf(maximum)}`;
}

/** Returns a string unchanged and any other value as JSON. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
