/** A copy of the repository that defects are planted into, and in which tests are run. */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./mutant.js').Mutant} Mutant */
/** @typedef {import('./mutant.js').Killer} Killer */

/**
 * @typedef {object} TestRun
 * @property {readonly Killer[]} passed With whole titles.
 * @property {readonly Killer[]} failed With whole titles.
 * @property {string} trouble Why the tests could not be run; `''` when they were.
 */

/**
 * @typedef {object} Copy
 * @property {(mutant: Mutant) => Promise<string>} plant Why it does not fit; `''` when it is planted.
 * @property {() => Promise<void>} restore Takes the planted defect out again.
 * @property {(killers: readonly Killer[]) => Promise<TestRun>} test Runs these tests and no others.
 * @property {() => Promise<void>} remove
 */

const top = fileURLToPath(new URL('../..', import.meta.url));

const copied = ['src', 'schemas', 'test', 'bin', 'package.json', 'tsconfig.json'];

/** A run that takes longer hangs: its processes are ended, and the defect counts as not noticed. */
const longestMs = 300_000;

/**
 * Runs node in a folder, in a process group of its own.
 *
 * @param {string} folder
 * @param {readonly string[]} argv
 * @returns {Promise<string>} all it wrote
 */
async function runNode(folder, argv) {
  const child = spawn(process.execPath, argv, { cwd: folder, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const timer = setTimeout(() => {
    output += '\ntook too long';
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, longestMs);
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return output;
}

/** @param {string} text */
function literal(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/**
 * @param {string} folder
 * @param {readonly Killer[]} killers
 * @returns {Promise<TestRun>}
 */
async function runTests(folder, killers) {
  const report = join(folder, 'report.json');
  const files = [...new Set(killers.map(({ file }) => join('test', `${file}.test.ts`)))];
  const titles = [...new Set(killers.map(({ title }) => literal(title)))];
  await rm(report, { force: true });
  const output = await runNode(folder, [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join('node_modules', 'jest', 'bin', 'jest.js'),
    '--runInBand',
    '--json',
    `--outputFile=${report}`,
    `--cacheDirectory=${join(folder, 'cache')}`,
    `--testNamePattern=${titles.join('|')}`,
    '--runTestsByPath',
    ...files,
  ]);
  return readReport(folder, report, output);
}

/**
 * @typedef {object} Report
 * @property {{
 *   name: string,
 *   message: string,
 *   assertionResults: { status: string, fullName: string }[],
 * }[]} testResults
 */

/**
 * @param {string} folder
 * @param {string} path
 * @param {string} output
 * @returns {Promise<TestRun>}
 */
async function readReport(folder, path, output) {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text === '') return { passed: [], failed: [], trouble: lastLine(output) };
  /** @type {Report} */
  const report = JSON.parse(text);
  const results = report.testResults.flatMap(({ name, assertionResults }) => {
    const file = relative(join(folder, 'test'), name).replace(/\.test\.ts$/, '');
    return assertionResults.map(({ status, fullName }) => ({ status, file, title: fullName }));
  });
  const broken = report.testResults.find(({ assertionResults }) => assertionResults.length === 0);
  return {
    passed: results.filter(({ status }) => status === 'passed'),
    failed: results.filter(({ status }) => status === 'failed'),
    trouble: broken === undefined ? '' : `does not run: ${lastLine(broken.message)}`,
  };
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split('\n').at(-1) ?? '';
}

/** What the tests need of a build, before any defect: compiled validators. As `npm run build`, without a look at the types. @param {string} folder */
async function build(folder) {
  await runNode(folder, [join('node_modules', 'typescript', 'bin', 'tsc'), '--noCheck']);
  await runNode(folder, [join('dist', 'compile-validators.js')]);
}

/**
 * Copies the repository into a folder of its own.
 *
 * @returns {Promise<Copy>}
 */
export async function createCopy() {
  const folder = await mkdtemp(join(tmpdir(), 'tap-mutants-'));
  for (const name of copied) {
    await cp(join(top, name), join(folder, name), { recursive: true });
  }
  await symlink(join(top, 'node_modules'), join(folder, 'node_modules'));
  await build(folder);
  /** @type {{ path: string, text: string } | undefined} */
  let original;
  return {
    async plant({ file, search, replacement }) {
      const path = join(folder, file);
      const text = await readFile(path, 'utf8');
      const places = text.split(search).length - 1;
      if (places !== 1)
        return `mutant no longer applies: its text occurs ${places} times in ${file}`;
      original = { path, text };
      await writeFile(
        path,
        text.replace(search, () => replacement),
      );
      return '';
    },
    async restore() {
      if (original !== undefined) await writeFile(original.path, original.text);
      original = undefined;
    },
    test: (killers) => runTests(folder, killers),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
