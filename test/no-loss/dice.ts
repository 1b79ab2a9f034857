/** Chance that comes out the same whenever a seed is used again. */
export interface Dice {
  /** From 0 to 1. */
  readonly next: () => number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  one<T>(choices: readonly T[]): T;
  /** True with this probability in percent. */
  percent(share: number): boolean;
}

/** Mulberry32, a generator in the public domain. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    one: (choices) => {
      const choice = choices[between(0, choices.length - 1)];
      if (choice === undefined) throw new Error('There is nothing to choose from.');
      return choice;
    },
    percent: (share) => next() * 100 < share,
  };
}
