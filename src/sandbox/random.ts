/** A list that has at least one item, so that picking from it always gives one. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** A stream of made-up choices that is the same for the same seed, on every machine. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True in `share` of all cases. */
  chance(share: number): boolean;
  pick<T>(list: NonEmpty<T>): T;
}

const twoTo32 = 2 ** 32;

/** A 32-bit number that looks random and depends on nothing but its two arguments. */
export function mix(left: number, right: number): number {
  let hash = Math.imul(left ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(right + 0x7f4a7c15, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Like `mix`, as a number from 0 (included) to 1 (excluded). */
export function fraction(left: number, right: number): number {
  return mix(left, right) / twoTo32;
}

/** Starts a stream of choices at `seed`. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / twoTo32;
  }
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (share) => next() < share,
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
  };
}

/** Digits in the order of their code points, so that a larger number of equal width sorts later as text. */
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A whole number in base 62, filled up with zeros to `width` digits. */
export function toBase62(value: number, width: number): string {
  let left = value;
  let text = '';
  while (left > 0) {
    text = digits.charAt(left % digits.length) + text;
    left = Math.floor(left / digits.length);
  }
  return text.padStart(width, '0');
}

/** The number that `toBase62` wrote, or undefined if it did not write this. */
export function fromBase62(text: string): number | undefined {
  let value = 0;
  for (const digit of text) {
    const worth = digits.indexOf(digit);
    if (worth < 0) return undefined;
    value = value * digits.length + worth;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}
