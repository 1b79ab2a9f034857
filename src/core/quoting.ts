/** How messages repeat what came from outside: nothing that could be a secret, nothing at length. */
import { isJsonObject } from './json.ts';
import { isSimilar } from './suggestions.ts';

const maxRepeated = 64;

/** Texts that cannot be a token or a password. Shorter ones than four characters are never taken for one. */
const harmlessTexts: readonly RegExp[] = [
  /^[ -~]{0,3}$/,
  /^[+-]?\d{1,20}(?:[.,]\d{1,20})?$/,
  // A date, also one that is not ISO.
  /^\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[T ]\d{1,2}:\d{2}[\d:.,]{0,13} ?(?:Z|[+-]\d{2}:?\d{2})?)?$/i,
  // A host name without digits.
  /^(?:https?:\/\/)?[a-z-]+(?:\.[a-z-]+)+\/?$/,
];

/** Letters of one case, as in names of keys, streams and columns, and in patterns of them. */
const harmlessName = /^[!*?a-z_][*?a-z._-]{0,63}$/;

/** Begins like a path, or consists of plain names. What could be JSON or a key and its value is none. */
const paths: readonly RegExp[] = [
  /^(?:\.{0,2}\/|~\/|[A-Za-z]:\\)[^\p{C}{}"=]*$/u,
  /^[a-z._-][a-z._/-]*$/,
  /^[\w.-][\w ./-]*\.(?:jsonl?|ya?ml|env|txt|conf|log)$/i,
];
const maxPath = 200;

/**
 * A value that failed its check, as the object of "is": itself if it can be no secret (a number, a date, a word
 * that is `known` or nearly so), else its kind and length.
 */
export function quoted(value: unknown, known: readonly string[] = []): string {
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'an object';
  if (typeof value !== 'string') return String(value);
  const isHarmless =
    value.length <= maxRepeated &&
    (harmlessTexts.some((form) => form.test(value)) || isSimilar(value, known));
  return isHarmless ? JSON.stringify(value) : `a text of ${characterCount(value)}`;
}

/** A name (of a key, a stream, a column) or a pattern of names, as an apposition. */
export function quotedName(name: unknown, known: readonly string[] = []): string {
  if (typeof name !== 'string') return quoted(name);
  return isHarmlessName(name, known) ? JSON.stringify(name) : redacted('name', name);
}

export function isHarmlessName(name: string, known: readonly string[] = []): boolean {
  return harmlessName.test(name) || isSimilar(name, known);
}

export const maxListed = 10;

/** Names of one kind in a sentence: the first of them, and how many there are beside them. */
export function quotedList(names: readonly string[]): string {
  const suffix = names.length > maxListed ? ` and ${names.length - maxListed} more` : '';
  const first = names.slice(0, maxListed);
  return `${first.map((name) => (isHarmlessName(name) ? name : redacted('name', name))).join(', ')}${suffix}`;
}

/** A path as it was typed, if it looks like one. */
export function quotedPath(path: string): string {
  const isPath = path.length <= maxPath && paths.some((form) => form.test(path));
  return isPath ? path : redacted('text', path);
}

function redacted(kind: string, text: string): string {
  return `(a ${kind} of ${characterCount(text)}, not shown)`;
}

/** `12 characters`. */
export function characterCount({ length }: string): string {
  return length === 1 ? '1 character' : `${length} characters`;
}
