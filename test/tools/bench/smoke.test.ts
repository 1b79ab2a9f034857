/** The benchmark works: its programs run, their output is verified, and each has a figure. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

const program = [
  '--import',
  new URL('../../support/typescript.js', import.meta.url).href,
  fileURLToPath(new URL('./bench.ts', import.meta.url)),
];
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function bench(...args: readonly string[]) {
  return new Promise<{ code: unknown; stdout: string }>((resolve) => {
    execFile(process.execPath, [...program, ...args], (error, stdout) => {
      resolve({ code: error?.code ?? 0, stdout });
    });
  });
}

test('A round of so little that it says nothing of speed has all figures, and is not judged', async () => {
  const json = join(folder, 'figures.json');
  const chosen = ['--only', 'encode-few', '--only', 'cold-10', '--only', 'start'];
  const { code, stdout } = await bench('--smoke', '--json', json, ...chosen);
  expect([code, stdout]).toEqual([0, expect.stringContaining('3 cases')]);
  expect(stdout).toContain('not judged');
  const { cases } = JSON.parse(await readFile(json, 'utf8'));
  const found = cases.map(({ name, runs }: { name: string; runs: Record<string, object[]> }) => [
    name,
    Object.entries(runs).map(([variant, [run = {}]]) => [variant, Object.keys(run).sort()]),
  ]);
  const file = ['cpuMs', 'records', 'rssMib', 'wallMs'];
  const http = ['cpuMs', 'pageMs', 'records', 'rssMib', 'wallMs'];
  const programs = ['floor', 'floor again', 'singer', 'airbyte'];
  const starts = ['empty', 'empty again', 'tap --version', 'tap --help', 'tap --discover'];
  expect(Object.fromEntries(found)).toEqual({
    'encode-few': programs.map((variant) => [variant, file]),
    'cold-10': programs.map((variant) => [variant, http]),
    start: [...starts, 'source spec'].map((variant) => [variant, ['wallMs']]),
  });
});

test.each([
  { args: ['--only', 'nothing'], says: 'no such case: nothing' },
  { args: ['--by', 'eye'], says: '--by must be wall or cpu' },
  { args: ['--fast'], says: "Unknown option '--fast'" },
])('$args is refused', async ({ args, says }) => {
  const { code, stdout } = await bench(...args);
  expect([code, stdout]).toEqual([1, expect.stringContaining(says)]);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends it in the middle of a run, and its folder is gone',
  async (signal) => {
    const argv = [...program, '--smoke', '--only', 'cold-10', '--rounds', '1000'];
    const child = spawn(process.execPath, argv, { env: { ...process.env, TMPDIR: folder } });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    const [own = ''] = await readdir(folder);
    // The pipe of a program that is being measured.
    for await (const { filename } of watch(join(folder, own))) if (filename === 'pipe') break;
    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(await readdir(folder)).toEqual([]);
  },
);
