/** `npm run lossless` runs every case; `npm test` those that are quick and still show each promise. */
export const isWhole: boolean = process.env['LOSSLESS'] === 'all';

/** The cases to run: in `npm test` those that `isLean` picks. */
export function chosen<T>(cases: readonly T[], isLean: (one: T) => boolean): T[] {
  return cases.filter((one) => isWhole || isLean(one));
}

/** The full set prints its figures, one line per case; `npm test` does not. */
export function tellFigures(figures: object): void {
  if (isWhole) process.stderr.write(`${JSON.stringify(figures)}\n`);
}
