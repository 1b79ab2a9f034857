/** What a case's figures say about its limits. */
/** @typedef {import('./cases.js').Case} Case */
/** @typedef {import('./cases.js').Limit} Limit */
/** @typedef {import('./cases.js').Metric} Metric */

/** @typedef {Partial<Record<Metric, number>> & { records?: number }} Run */

/** @typedef {Readonly<Record<string, readonly Run[]>>} Runs Of each variant one in every round. */

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/**
 * @typedef {object} Judged
 * @property {Limit} limit
 * @property {Spread} spread
 * @property {boolean} isMissed
 */

/**
 * @typedef {object} Verdict
 * @property {readonly Judged[]} limits
 * @property {Spread | undefined} pair
 * @property {boolean} isVoid The machine was too restless for any of this to count.
 * @property {boolean} isMissed
 */

/** Two runs of the same may differ by so much. */
const pairBounds = Object.freeze({ least: 0.95, most: 1.05 });

/** One lucky round does not save a figure, one unlucky round does not condemn it. */
const leniency = 0.95;

/** @param {readonly number[]} values @returns {Spread} */
export function spreadOf(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? Number.NaN) : upper;
  return {
    median: (upper + lower) / 2,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
}

/**
 * A figure held against another one of the same round, round by round.
 *
 * @param {Runs} runs
 * @param {Omit<Limit, 'most'>} limit
 */
export function compare(runs, { variant, metric, form, to }) {
  const values = (runs[variant] ?? []).map((run, round) => {
    const figure = run[metric] ?? Number.NaN;
    const other = typeof to === 'number' ? to : (runs[to]?.[round]?.[metric] ?? Number.NaN);
    return form === 'ratio' ? figure / other : figure - other;
  });
  return spreadOf(values);
}

/**
 * @param {Pick<Case, 'pair' | 'limits' | 'metric'>} judged
 * @param {Runs} runs
 * @param {'wallMs' | 'cpuMs'} time What stands for time: on a machine that is shared, CPU does not count the waiting.
 * @returns {Verdict}
 */
export function judge({ pair: [again, first] = ['', ''], limits, metric }, runs, time = 'wallMs') {
  const inTime = (/** @type {Metric} */ name) => {
    const hasCpu = Object.values(runs).every((all) => all.every((run) => run.cpuMs !== undefined));
    return name === 'wallMs' && hasCpu ? time : name;
  };
  const found = limits.map((limit) => {
    const spread = compare(runs, { ...limit, metric: inTime(limit.metric) });
    // What could not be computed is no success.
    const isMet = spread.median <= limit.most || spread.min <= limit.most * leniency;
    return { limit, spread, isMissed: !isMet };
  });
  const pair =
    again === ''
      ? undefined
      : compare(runs, { variant: again, metric: inTime(metric), form: 'ratio', to: first });
  const { least, most } = pairBounds;
  const isCalm = pair === undefined || (pair.median >= least && pair.median <= most);
  return {
    limits: found,
    pair,
    isVoid: !isCalm,
    isMissed: found.some(({ isMissed }) => isMissed),
  };
}
