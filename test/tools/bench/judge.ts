/** Compares the figures of a case with its limits. */
import type { Case, Limit, Metric } from './cases.ts';

export type Run = Partial<Record<Metric, number>> & { records?: number };

/** Of each variant one in every round. */
export type Runs = Readonly<Record<string, readonly Run[]>>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

interface Judged {
  readonly limit: Limit;
  readonly spread: Spread;
  readonly isMissed: boolean;
}

export interface Verdict {
  readonly limits: readonly Judged[];
  readonly pair: Spread | undefined;
  /** The machine was too restless for any of this to count. */
  readonly isVoid: boolean;
  readonly isMissed: boolean;
}

/** Two runs of the same may differ by so much. */
const pairBounds = Object.freeze({ least: 0.95, most: 1.05 });

/** One lucky round does not save a figure, one unlucky round does not condemn it. */
const leniency = 0.95;

export function spreadOf(values: readonly number[]): Spread {
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

/** A figure held against another one of the same round, round by round. */
export function compare(runs: Runs, { variant, metric, form, to }: Omit<Limit, 'most'>): Spread {
  const values = (runs[variant] ?? []).map((run, round) => {
    const figure = run[metric] ?? Number.NaN;
    const other = typeof to === 'number' ? to : (runs[to]?.[round]?.[metric] ?? Number.NaN);
    return form === 'ratio' ? figure / other : figure - other;
  });
  return spreadOf(values);
}

/** @param time The metric for time: on a shared machine, CPU time does not include waiting. */
export function judge(
  { pair: [again, first] = ['', ''], limits, metric }: Pick<Case, 'pair' | 'limits' | 'metric'>,
  runs: Runs,
  time: 'wallMs' | 'cpuMs' = 'wallMs',
): Verdict {
  const inTime = (name: Metric) => {
    const hasCpu = Object.values(runs).every((all) => all.every((run) => run.cpuMs !== undefined));
    return name === 'wallMs' && hasCpu ? time : name;
  };
  const found = limits.map((limit) => {
    const spread = compare(runs, { ...limit, metric: inTime(limit.metric) });
    // A missing figure is a failure.
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
