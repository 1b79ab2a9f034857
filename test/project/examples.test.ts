/** The examples of --help are in the documentation, and none of them can lose a state. */
import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runTap } from '../support/run-tap.ts';
import { blocksIn, readDocuments } from './documents.ts';

const documents = await readDocuments();
const blocks = documents.flatMap((document) => blocksIn(document, 'sh').map(({ text }) => text));
const { stdout: help } = await runTap({ args: ['--help'] });

/** Indented by two columns, below `Examples:`. */
const examples = (help.split('\nExamples:\n')[1] ?? '')
  .split(/\n(?! )/)
  .map((part) => part.replaceAll(/^ {2}/gm, '').split('\n').slice(1).join('\n').trim())
  .filter((text) => text !== '');

test('--help shows commands of the documentation, letter by letter', () => {
  expect(examples.length).toBeGreaterThan(3);
  for (const example of examples) expect(blocks.map((text) => text.trim())).toContain(example);
});

test('No example redirects output into a file that holds a state', () => {
  const direct = />\s*\S*state\.json|target-\S+\s*>(?!\s*\/dev\/null\s)/;
  expect([...blocks, help].filter((text) => direct.test(`${text}\n`))).toEqual([]);
});

/** The first run, and later runs. */
const [firstRun = '', laterRun = ''] = blocks.filter((text) =>
  text.includes(' state.tmp state.json'),
);

const shells = [
  ['sh'],
  ['sh', '-e'],
  ['bash', '-o', 'pipefail'],
  ['bash', '-eu', '-o', 'pipefail'],
  ['zsh', '-e', '-o', 'pipefail'],
].filter(([shell = '']) => spawnSync(shell, ['-c', 'true']).status === 0);

const older = '{"bookmarks":{"agents":{"id":1}}}';
const newer = String.raw`{"bookmarks":{"agents":{"id":2}},"note":"\u00e9 \n \\ %s $HOME"}`;
const half = '{"bookmarks":{"agents":{"id":3}}';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-example-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function writeProgram(name: string, lines: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${lines}\n`);
  await chmod(join(folder, name), 0o755);
}

interface Case {
  readonly name: string;
  /** The target's output before it ends. */
  readonly prints: string;
  /** How target and tap end, as lines of a shell. */
  readonly end?: string;
  readonly tap?: string;
  readonly leaves: string;
}

const cases: readonly Case[] = [
  { name: 'all is well', prints: `${older}\n${newer}\n`, leaves: newer },
  { name: 'the tap fails after hours', prints: `${newer}\n`, tap: 'exit 1', leaves: newer },
  { name: 'the tap fails at once', prints: '', tap: 'exit 2', leaves: older },
  { name: 'the target prints nothing', prints: '', leaves: older },
  { name: 'the target fails', prints: `${newer}\n`, end: 'exit 3', leaves: newer },
  { name: 'the target is killed at once', prints: '', end: 'kill -9 $$', leaves: older },
  {
    name: 'the target is killed in the middle of a state',
    prints: `${newer}\n${half}`,
    end: 'kill -9 $$',
    leaves: newer,
  },
  {
    name: 'the target is killed in the middle of its first state',
    prints: half,
    end: 'kill -9 $$',
    leaves: older,
  },
];

const runs = shells.flatMap((shell) => cases.map((one) => Object.assign({ shell }, one)));

test.each(runs)(
  'In $shell: when $name, state.json holds the last complete state',
  async ({ prints, end = '', tap = '', leaves, shell }) => {
    const state = join(folder, 'state.json');
    await writeFile(state, `${older}\n`);
    await writeFile(join(folder, 'printed'), prints);
    await writeProgram('tap-zendesk-chat', `echo '{"type":"RECORD"}'\n${tap}`);
    await writeProgram('target-jsonl', `cat >/dev/null\ncat printed\n${end}`);
    const [program = '', ...options] = shell;
    const run = promisify(execFile)(program, [...options, '-c', laterRun], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env['PATH']}` },
    });
    const code = await run.then(
      () => 0,
      (error: { readonly code: number }) => error.code,
    );
    expect(await readFile(state, 'utf8')).toBe(`${leaves}\n`);
    expect(await readdir(folder)).not.toContain('state.tmp');
    const failed = tap !== '' || end !== '';
    expect(code !== 0).toBe(failed && shell.includes('pipefail'));
  },
);

test('The first run differs from later runs by --state', () => {
  expect(laterRun).toContain('--config config.json --state state.json |');
  expect(firstRun).toBe(laterRun.replace(' --state state.json', ''));
});

test.each([
  {
    name: 'is killed in the middle of a state',
    messages: `${older}\n${newer}\n${half}`,
    keeps: newer,
  },
  { name: 'writes nothing', messages: '', keeps: older },
])('When the Airbyte source $name, the states stay complete', async ({ messages, keeps }) => {
  const line = blocks.join('\n').match(/^sed .* sync-state\.jsonl$/m)?.[0] ?? '';
  const stateLine = (text: string): string => text.replace('{', '{"type":"STATE",');
  await writeFile(join(folder, 'sync-state.jsonl'), `${stateLine(older)}\n`);
  await writeFile(join(folder, 'messages.jsonl'), messages.replaceAll('{"b', '{"type":"STATE","b'));
  spawnSync('sh', ['-c', line], { cwd: folder });
  const states = await readFile(join(folder, 'sync-state.jsonl'), 'utf8');
  expect(states.split('\n').at(-2)).toBe(stateLine(keeps));
});
