/** The adapter is a leaf: whoever does not want it deletes it, and has a tap that builds and passes its own tests. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

const top = fileURLToPath(new URL('../../', import.meta.url));
const adapter = ['src/airbyte', 'bin/source-zendesk-chat.js'];
const copied = ['src', 'schemas', 'test', 'bin', 'package.json', 'tsconfig.json'];

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'house-'));
  for (const name of copied) await cp(join(top, name), join(folder, name), { recursive: true });
  await symlink(join(top, 'node_modules'), join(folder, 'node_modules'));
  for (const name of adapter) await rm(join(folder, name), { recursive: true });
  for (const name of await testsOfTheAdapter()) await rm(join(folder, name));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Source {
  readonly name: string;
  readonly text: string;
  /** Files it imports, by their path in the repository. */
  readonly imports: readonly string[];
}

async function readSource(name: string): Promise<Source> {
  const text = await readFile(join(folder, name), 'utf8');
  const relative = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)];
  return { name, text, imports: relative.map(([, path = '']) => join(dirname(name), path)) };
}

/** What speaks of the adapter, and what imports that. */
async function testsOfTheAdapter(): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'test'), { recursive: true });
  const files = names.filter((name) => name.endsWith('.ts')).map((name) => join('test', name));
  const sources = await Promise.all(files.map(readSource));
  const speaks = ({ text, imports }: Source): boolean =>
    text.includes('source-zendesk-chat') ||
    imports.some((path) => path.startsWith(join('src', 'airbyte')));
  const gone = new Set(sources.filter(speaks).map(({ name }) => name));
  let before = 0;
  while (gone.size > before) {
    before = gone.size;
    const more = sources.filter(({ imports }) => imports.some((path) => gone.has(path)));
    for (const { name } of more) gone.add(name);
  }
  return [...gone];
}

/** Runs node in the copy; rejects with all it wrote when it fails. */
async function runNode(...argv: readonly string[]): Promise<string> {
  const run = promisify(execFile)(process.execPath, argv, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const { stdout, stderr } = await run.catch((error: Error & { stdout?: string }) => {
    throw new Error(`${error.message}\n${error.stdout ?? ''}`);
  });
  return stdout + stderr;
}

const compiler = join('node_modules', 'typescript', 'bin', 'tsc');

test('Without the adapter and its program the tap builds and runs', async () => {
  await runNode(compiler);
  await runNode(join('dist', 'compile-validators.js'));
  const said = await runNode(join('bin', 'tap-zendesk-chat.js'), '--version');
  expect(said).toMatch(/^tap-zendesk-chat \d/);
});

test('Its own tests still have all they import', async () => {
  await runNode(compiler, '-p', 'test');
  const left = await readdir(join(folder, 'test'), { recursive: true });
  expect(left).toEqual(expect.arrayContaining(['golden.test.ts', 'streams.test.ts']));
});

test('Its output is the same, line by line', async () => {
  const said = await runNode(
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join('node_modules', 'jest', 'bin', 'jest.js'),
    `--cacheDirectory=${join(folder, 'cache')}`,
    '--passWithNoTests=false',
    'test/golden.test.ts',
  );
  expect(said).toMatch(/Tests: +\d+ passed, \d+ total/);
});
