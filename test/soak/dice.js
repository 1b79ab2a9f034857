/**
 * Chance that comes out the same whenever a seed is used again.
 *
 * @typedef {object} Dice
 * @property {(low: number, high: number) => number} between A whole number, both ends included.
 * @property {<T>(choices: readonly T[]) => T} one
 * @property {(share: number) => boolean} percent True in so many of a hundred throws.
 */

/**
 * Mulberry32, a generator in the public domain.
 *
 * @param {number} seed
 * @returns {Dice}
 */
export function createDice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @type {Dice['between']} */
  const between = (low, high) => low + Math.floor(next() * (high - low + 1));
  return {
    between,
    one: (choices) => {
      const choice = choices[between(0, choices.length - 1)];
      if (choice === undefined) throw new Error('There is nothing to choose from.');
      return choice;
    },
    percent: (share) => next() * 100 < share,
  };
}
