/** A copy of the repository that defects are planted into, and in which tests are run. */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import type { Killer, Mutant } from './mutant.js';

interface TestRun {
  /** With whole titles. */
  readonly passed: readonly Killer[];
  readonly failed: readonly Killer[];
  /** Why the tests could not be run; `''` when they were. */
  readonly trouble: string;
}

/** The used part of jest's output. */
interface Report {
  readonly testResults: readonly {
    name: string;
    message: string;
    assertionResults: readonly { status: string; fullName: string }[];
  }[];
}

const top = fileURLToPath(new URL('../../..', import.meta.url));
const copied = ['src', 'schemas', 'test', 'bin', 'package.json', 'tsconfig.json'];

/** A run that takes longer hangs: its processes are ended, and the defect counts as not noticed. */
const longestMs = 300_000;

/** Runs node in a folder, in its own process group. Returns its output. */
async function runNode(folder: string, argv: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, argv, { cwd: folder, detached: true });
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, longestMs);
  const outputs = await Promise.all([text(child.stdout), text(child.stderr)]);
  clearTimeout(timer);
  return outputs.join('');
}

function lastLine(output: string) {
  return output.trim().split('\n').at(-1) ?? '';
}

export class Copy {
  readonly #folder: string;
  #original: { path: string; content: string } | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Copies the repository into a new folder and builds it like `npm run build`, without type checks. */
  static async create(): Promise<Copy> {
    const folder = await mkdtemp(join(tmpdir(), 'tap-mutants-'));
    for (const name of copied) {
      await cp(join(top, name), join(folder, name), { recursive: true });
    }
    await symlink(join(top, 'node_modules'), join(folder, 'node_modules'));
    await runNode(folder, [join('node_modules', 'typescript', 'bin', 'tsc'), '--noCheck']);
    await runNode(folder, [join('dist', 'build', 'compile-validators.js')]);
    return new Copy(folder);
  }

  /** Returns why it does not fit; `''` when it is planted. */
  async plant({ file, search, replacement }: Mutant): Promise<string> {
    const path = join(this.#folder, file);
    const content = await readFile(path, 'utf8');
    const places = content.split(search).length - 1;
    if (places !== 1) return `mutant no longer applies: its text occurs ${places} times in ${file}`;
    this.#original = { path, content };
    await writeFile(path, content.split(search).join(replacement));
    return '';
  }

  /** Takes the planted defect out again. */
  async restore(): Promise<void> {
    if (this.#original !== undefined) await writeFile(this.#original.path, this.#original.content);
    this.#original = undefined;
  }

  /** Runs these tests and no others. */
  async test(killers: readonly Killer[]): Promise<TestRun> {
    const report = join(this.#folder, 'report.json');
    const files = new Set(killers.map(({ file }) => join('test', `${file}.test.ts`)));
    const titles = new Set(
      killers.map(({ title }) => title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)),
    );
    await rm(report, { force: true });
    const output = await runNode(this.#folder, [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join('node_modules', 'jest', 'bin', 'jest.js'),
      '--runInBand',
      // A test that fails may leave a server open.
      '--forceExit',
      '--json',
      `--outputFile=${report}`,
      `--cacheDirectory=${join(this.#folder, 'cache')}`,
      `--testNamePattern=${[...titles].join('|')}`,
      '--runTestsByPath',
      ...files,
    ]);
    const written = await readFile(report, 'utf8').catch(() => undefined);
    if (written === undefined) return { passed: [], failed: [], trouble: lastLine(output) };
    return this.#read(JSON.parse(written));
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #read({ testResults }: Report): TestRun {
    const results = testResults.flatMap(({ name, assertionResults }) => {
      const file = relative(join(this.#folder, 'test'), name).replace(/\.test\.ts$/, '');
      return assertionResults.map(({ status, fullName }) => ({ status, file, title: fullName }));
    });
    const broken = testResults.find(({ assertionResults }) => assertionResults.length === 0);
    return {
      passed: results.filter(({ status }) => status === 'passed'),
      failed: results.filter(({ status }) => status === 'failed'),
      trouble: broken === undefined ? '' : `does not run: ${lastLine(broken.message)}`,
    };
  }
}
