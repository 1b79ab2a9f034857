/** How messages repeat what came from outside: nothing that could be a secret, nothing at length. */
import { isJsonObject } from './json.ts';

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
  const more = names.length > maxListed ? ` and ${names.length - maxListed} more` : '';
  const first = names.slice(0, maxListed);
  return `${first.map((name) => (isHarmlessName(name) ? name : redacted('name', name))).join(', ')}${more}`;
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

/** Longer names are not compared with known ones: nobody misspells them. */
const maxCompared = 64;

function isSimilar(name: string, known: readonly string[]): boolean {
  return (
    /^[ -~]{0,64}$/.test(name) &&
    known.some(
      (word) => editDistance(normalized(name), normalized(word)) <= Math.min(2, word.length / 2),
    )
  );
}

/** Those of the known names that a person may have meant by a name that is not known, best first. */
export function similarNames(name: string, known: readonly string[]): readonly string[] {
  if (name.length > maxCompared) return [];
  const given = normalized(name);
  /** A part of a known name, or a longer one, comes behind all slips of the pen. */
  const containsRank = maxCompared + 1;
  const rankOf = (word: string): number => {
    const slips = editDistance(given, word);
    if (slips <= Math.min(Math.max(2, word.length / 3), given.length / 2)) return slips;
    const isPart = given.length > 4 && (word.includes(given) || given.includes(word));
    return isPart ? containsRank : Number.POSITIVE_INFINITY;
  };
  return known
    .map((candidate) => ({ candidate, rank: rankOf(normalized(candidate)) }))
    .filter(({ rank }) => rank <= containsRank)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

export function didYouMean(name: string, known: readonly string[]): string {
  const [near] = similarNames(name, known);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

/** `Access-Token`, `accessToken` and `access_token` are one word. */
function normalized(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** How many letters have to be put in, taken out or replaced to turn one word into the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
