/** How messages quote input: without anything that could be a secret, and without long texts. */
import { foreign } from './foreign-text.ts';
import { isJsonObject } from './json.ts';
import { isSimilar } from './suggestions.ts';

const maxRepeated = 64;

/** Forms of strings that are not a token or a password. Strings of less than four characters never count as secrets. */
const harmlessTexts: readonly RegExp[] = [
  /^[ -~]{0,3}$/,
  /^[+-]?\d{1,20}(?:[.,]\d{1,20})?$/,
  // A date, in ISO format or not.
  /^\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[T ]\d{1,2}:\d{2}[\d:.,]{0,13} ?(?:Z|[+-]\d{2}:?\d{2})?)?$/i,
  // A host name without digits.
  /^(?:https?:\/\/)?[a-z-]+(?:\.[a-z-]+)+\/?$/,
];

/** Lower-case letters, as in names of keys, streams and columns, and in patterns of such names. */
const harmlessName = /^[!*?a-z_][*?a-z._-]{0,63}$/;

/** Strings that start like a path or consist of plain names. JSON and `key=value` do not match. */
const paths: readonly RegExp[] = [
  /^(?:\.{0,2}\/|~\/|[A-Za-z]:\\)[^\p{C}{}"=]*$/u,
  /^[a-z._-][a-z._/-]*$/,
  /^[\w.-][\w ./-]*\.(?:jsonl?|ya?ml|env|txt|conf|log)$/i,
];
const maxPath = 200;

/**
 * A value that failed its check, worded to follow "is". Repeats the value only if it cannot be a secret: a number, a
 * date, or a word that is similar to one of `known`. Otherwise gives its kind and length.
 */
export function quoted(value: unknown, known: readonly string[] = []): string {
  if (Array.isArray(value)) return 'an array';
  if (isJsonObject(value)) return 'an object';
  if (typeof value !== 'string') return foreign(String(value));
  const isHarmless =
    value.length <= maxRepeated &&
    (harmlessTexts.some((form) => form.test(value)) || isSimilar(value, known));
  return isHarmless ? foreign(JSON.stringify(value)) : `a string of ${characterCount(value)}`;
}

/** A name of a key, a stream or a column, or a pattern of names, in quotes or redacted. */
export function quotedName(name: unknown, known: readonly string[] = []): string {
  if (typeof name !== 'string') return quoted(name);
  return isHarmlessName(name, known) ? foreign(JSON.stringify(name)) : redacted('name', name);
}

export function isHarmlessName(name: string, known: readonly string[] = []): boolean {
  return harmlessName.test(name) || isSimilar(name, known);
}

export const maxListed = 10;

/** The first names of a list, followed by the number of the others. */
export function quotedList(names: readonly string[]): string {
  const suffix = names.length > maxListed ? ` and ${names.length - maxListed} more` : '';
  return `${names.slice(0, maxListed).map(unquotedName).join(', ')}${suffix}`;
}

function unquotedName(name: string): string {
  return isHarmlessName(name) ? foreign(name) : redacted('name', name);
}

/** A path as the user typed it, or redacted if it does not look like a path. */
export function quotedPath(path: string): string {
  const isPath = path.length <= maxPath && paths.some((form) => form.test(path));
  return isPath ? foreign(path) : redacted('string', path);
}

function redacted(kind: string, text: string): string {
  return `(a ${kind} of ${characterCount(text)}, not shown)`;
}

/** `12 characters`. */
export function characterCount({ length }: string): string {
  return length === 1 ? '1 character' : `${length} characters`;
}
