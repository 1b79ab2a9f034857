/** The item at an index, modulo the length of the list. */
export function cyclicItem<T>(list: readonly T[], place: number): T {
  const item = list[place % list.length];
  if (item === undefined) throw new RangeError('There is nothing to choose from.');
  return item;
}

const twoTo32 = 2 ** 32;

/** A 32-bit hash of two numbers. */
export function hash32(left: number, right: number): number {
  let hash = Math.imul(left ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(right + 0x7f4a7c15, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Like `hash32`, as a number from 0 (included) to 1 (excluded). */
export function hashFraction(left: number, right: number): number {
  return hash32(left, right) / twoTo32;
}

/** A random number generator that gives the same numbers for the same seed on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 (included) to 1 (excluded). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / twoTo32;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** True with the probability `share`. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    return cyclicItem(list, Math.floor(this.next() * list.length));
  }
}

/** Digits in the order of their code points, so that numbers of equal width sort correctly as strings. */
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A whole number in base 62, padded with zeros to `width` digits. */
export function toBase62(value: number, width: number): string {
  let left = value;
  let text = '';
  while (left > 0) {
    text = digits.charAt(left % digits.length) + text;
    left = Math.floor(left / digits.length);
  }
  return text.padStart(width, '0');
}
