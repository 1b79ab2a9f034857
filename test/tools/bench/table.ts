/** The table of a case's runs. */
import { compare, spreadOf } from './judge.ts';
import type { Case, Metric } from './cases.ts';
import type { Run, Runs, Spread, Verdict } from './judge.ts';

function fixed(value: number, digits: number) {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}

/** @param rows The first column is text, the others are figures. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_unused, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `  ${cells.join('  ')}`.trimEnd();
  });
}

function told({ median, min, max }: Spread, digits = 2) {
  return `${fixed(median, digits)} (${fixed(min, digits)} to ${fixed(max, digits)})`;
}

function medianOf(runs: readonly Run[], metric: Metric | 'records') {
  return spreadOf(runs.map((run) => run[metric] ?? Number.NaN)).median;
}

function figures({ variants, metric }: Case, runs: Runs) {
  const [first] = variants;
  const rows = variants.map(({ name }) => {
    const own = runs[name] ?? [];
    const wallMs = medianOf(own, 'wallMs');
    const to = { variant: name, form: 'ratio' as const, to: first?.name ?? '' };
    return [
      name,
      fixed(wallMs, 0),
      fixed(medianOf(own, 'cpuMs'), 0),
      fixed((wallMs * 1000) / medianOf(own, 'records'), 1),
      fixed(medianOf(own, 'pageMs'), 1),
      fixed(medianOf(own, 'rssMib'), 0),
      told(compare(runs, { ...to, metric })),
      fixed(compare(runs, { ...to, metric: 'cpuMs' }).median, 2),
    ];
  });
  const title = ['', 'wall ms', 'CPU ms', 'us/record', 'page ms', 'RSS MiB'];
  const whats = { wallMs: 'wall', cpuMs: 'CPU', pageMs: 'page ms', rssMib: 'RSS' };
  return aligned([
    [...title, `${whats[metric]} to ${first?.name}`, `CPU to ${first?.name}`],
    ...rows,
  ]);
}

const units = { wallMs: 'time', cpuMs: 'CPU', pageMs: 'page ms', rssMib: 'RSS' };

function verdicts({ limits, pair, isVoid }: Verdict, isJudged: boolean) {
  const rows = limits.map(({ limit, spread, isMissed }) => {
    const sign = limit.form === 'ratio' ? '/' : '-';
    const unit = units[limit.metric];
    const word = isMissed ? 'MISSED' : 'met';
    return [
      `${limit.variant} ${sign} ${limit.to}, ${unit}`,
      `<= ${limit.most}`,
      told(spread, limit.form === 'ratio' ? 2 : 1),
      isJudged ? word : 'not judged',
    ];
  });
  const calm = isVoid ? 'VOID: the machine is too restless' : 'calm';
  const last = pair && ['the same twice', '0.95 to 1.05', told(pair), isJudged ? calm : ''];
  return aligned([...rows, ...(last ? [last] : [])]);
}

export function caseLines(
  one: Case,
  runs: Runs,
  { verdict, isJudged }: { verdict: Verdict; isJudged: boolean },
): string[] {
  const rounds = Object.values(runs)[0]?.length ?? 0;
  return [
    `${one.id} ${one.name}: ${one.what} (${rounds} ${rounds === 1 ? 'round' : 'rounds'})`,
    ...figures(one, runs),
    ...verdicts(verdict, isJudged),
    '',
  ];
}
