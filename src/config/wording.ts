import type { Json, JsonObject } from '../json.ts';
import { isJsonObject, jsonTypeOf } from '../json.ts';

/** What is said of a config that is no object. */
export function noObject(value: Json): string {
  return (
    `The config is of type ${jsonTypeOf(value)}: ` +
    'it must be a JSON object such as {"subdomain": "acme", "access_token": "..."}.'
  );
}

/** What a value of this property has to be, as the end of a sentence. */
export function expected(property: JsonObject): string {
  const { type, enum: words, format, pattern, minimum, maximum, exclusiveMinimum } = property;
  if (Array.isArray(words)) return words.map((word) => JSON.stringify(word)).join(' or ');
  if (type === 'array') return 'a list of stream names, or all';
  if (format !== undefined) return 'an ISO date such as 2024-01-31';
  if (pattern !== undefined) return 'text of plain ASCII characters on one line';
  if (type === 'string') return 'text';
  const number = type === 'integer' ? 'a whole number' : 'a number';
  if (maximum === undefined) return `${number} of ${textOf(minimum)} or more`;
  const from =
    minimum === undefined
      ? `above ${textOf(exclusiveMinimum)}, at most`
      : `from ${textOf(minimum)} to`;
  return `${number} ${from} ${textOf(maximum)}`;
}

/** A text as it is, anything else as JSON. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** A value as a message repeats it: in one line, not at length, and without the secrets of other keys. */
export function shown(value: Json, secrets: ReadonlySet<string>): string {
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'an object';
  const text = JSON.stringify(typeof value === 'string' ? withoutSecrets(value, secrets) : value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** Where a secret was copied to the wrong place; a short text is none, and may well be elsewhere. */
function withoutSecrets(text: string, secrets: ReadonlySet<string>): string {
  return [...secrets]
    .filter((secret) => secret.length >= 4)
    .reduce((done, secret) => done.replaceAll(secret, '***'), text);
}

/** A question to put after a sentence, or nothing. */
export function didYouMean(word: string, words: readonly string[]): string {
  const near = closest(word, words);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

/** The word that was meant, if one is at most two slips away or one holds the other. */
export function closest(word: string, words: readonly string[]): string | undefined {
  const given = plain(word);
  const near = (candidate: string): boolean =>
    slips(given, plain(candidate)) <= Math.min(2, given.length / 4);
  const holds = (candidate: string): boolean =>
    plain(candidate).includes(given) || given.includes(plain(candidate));
  return words.find(near) ?? (given.length > 4 ? words.find(holds) : undefined);
}

/** `Access-Token`, `accessToken` and `access_token` are one word. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** How many letters must be changed, added or taken away to make one word of the other. */
function slips(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let index = 0; index < left.length; index += 1) {
    const next = [index + 1];
    for (let column = 0; column < right.length; column += 1) {
      const [same = 0, above = 0, before = 0] = [row[column], row[column + 1], next[column]];
      const change = left[index] === right[column] ? 0 : 1;
      next.push(Math.min(same + change, above + 1, before + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
