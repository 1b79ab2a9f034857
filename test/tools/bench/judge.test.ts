/** One noisy round cannot fail the benchmark, one lucky round cannot pass it, and a restless machine does neither. */
import { expect, test } from '@jest/globals';

import { judge } from './judge.ts';

const limits = [
  { variant: 'tap', metric: 'wallMs', form: 'ratio', to: 'floor', most: 1.25 },
] as const;
const metric = 'wallMs';

/** Rounds of the floor, always 100 ms, and rounds with these durations in ms. */
function beside(...wallMs: readonly number[]) {
  return {
    floor: wallMs.map(() => ({ wallMs: 100 })),
    tap: wallMs.map((ms) => ({ wallMs: ms })),
  };
}

test.each([
  { name: 'all rounds keep it', rounds: [120, 121, 122], isMissed: false },
  { name: 'one round of three is noisy', rounds: [120, 190, 121], isMissed: false },
  { name: 'one round of three is lucky, and by much', rounds: [130, 110, 131], isMissed: false },
  { name: 'the best round is hardly below it', rounds: [130, 119, 131], isMissed: true },
  { name: 'no round keeps it', rounds: [130, 128, 131], isMissed: true },
])('A limit is missed: $isMissed, when $name', ({ rounds, isMissed }) => {
  const verdict = judge({ limits, metric }, beside(...rounds));
  expect(verdict).toMatchObject({ isMissed, isVoid: false });
});

test('A figure is held against the same round of the other, not against its median', () => {
  const runs = {
    floor: [{ wallMs: 100 }, { wallMs: 400 }, { wallMs: 100 }],
    tap: [{ wallMs: 110 }, { wallMs: 440 }, { wallMs: 120 }],
  };
  const [found] = judge({ limits, metric }, runs).limits;
  expect(found?.spread.median).toBeCloseTo(1.1);
  expect(found?.spread.max).toBeCloseTo(1.2);
});

test('A difference is held against a number, or against another program', () => {
  const runs = { bare: [{ rssMib: 41 }], tap: [{ rssMib: 241, pageMs: 211 }] };
  const differences = [
    { variant: 'tap', metric: 'rssMib', form: 'difference', to: 'bare', most: 230 },
    { variant: 'tap', metric: 'pageMs', form: 'difference', to: 200, most: 10 },
  ] as const;
  const { limits: found } = judge({ limits: differences, metric: 'rssMib' }, runs);
  expect(found.map(({ spread, isMissed }) => [spread.median, isMissed])).toEqual([
    [200, false],
    [11, true],
  ]);
});

test.each([
  { again: [96, 104, 103], isVoid: false },
  { again: [90, 94, 99], isVoid: true },
  { again: [104, 106, 107], isVoid: true },
])('When the same program takes $again for 100, the case is void: $isVoid', ({ again, isVoid }) => {
  const runs = { ...beside(100, 100, 100), again: again.map((wallMs) => ({ wallMs })) };
  const verdict = judge({ limits, metric, pair: ['again', 'floor'] }, runs);
  expect(verdict).toMatchObject({ isVoid, isMissed: false });
});

test('Limits of time can be judged by CPU, which does not count waiting for others', () => {
  const runs = {
    floor: [{ wallMs: 100, cpuMs: 80 }],
    tap: [{ wallMs: 300, cpuMs: 90 }],
  };
  expect(judge({ limits, metric }, runs).isMissed).toBe(true);
  expect(judge({ limits, metric }, runs, 'cpuMs').isMissed).toBe(false);
});

test('A figure that is missing is no success', () => {
  expect(judge({ limits, metric }, { floor: [{ wallMs: 100 }], tap: [] }).isMissed).toBe(true);
});
