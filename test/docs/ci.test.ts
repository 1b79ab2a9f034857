/** What runs on each change: .ci/run counts truthfully, the workflow runs what exists, the changelog has the version. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import { parseYaml } from './yaml.ts';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
let folder = '';

/** The runs of jest: the installed Node.js, each supported version, and test/check. */
const jestRuns = 7;
/** All parts, and what the consumers count when all is well. */
const others = 17 + 6;

/** An npm whose tests leave the counts in $JEST, whose consumers say $CONSUMERS, and whose commands that match $FAILING fail. */
const npm = `#!/bin/sh
case "$*" in
  $FAILING*) echo "this is broken"; exit 1 ;;
  test*|"run --silent jest "*|"run browser "*) for word; do case "$word" in --outputFile=*) echo "$JEST" > "\${word#*=}" ;; esac; done ;;
  *consumers) echo "$CONSUMERS" ;;
  pack*) touch "$3/tap-zendesk-chat-0.0.0.tgz" ;;
  install*) mkdir -p "$3/node_modules/.bin" && cp "$BIN"/*-zendesk-chat "$3/node_modules/.bin/" ;;
esac
case "$*" in
  *npm:node-*)
    for version in 20.19 22 24 26; do
      folder=$3/node_modules/node-$version/bin
      mkdir -p "$folder"
      printf '#!/bin/sh\\necho v%s.0\\n' "$version" > "$folder/node"
      chmod +x "$folder/node"
    done ;;
esac
`;
const tap = `#!/bin/sh
[ "$1" = --version ] || echo '{"streams": [{}]}'
`;
const source = `#!/bin/sh
[ "$1" = spec ] && echo '{"type": "SPEC"}'
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ci-'));
  await cp(new URL('.ci', root), join(folder, '.ci'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  for (const [name, text] of [
    ['npm', npm],
    ['chromium', tap],
    ['tap-zendesk-chat', tap],
    ['source-zendesk-chat', source],
  ] as const) {
    await writeFile(join(folder, 'bin', name), text);
    await chmod(join(folder, 'bin', name), 0o755);
  }
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Counts {
  readonly passed: number;
  readonly failed?: number;
  readonly broken?: number;
  readonly skipped?: number;
}

async function runCi(
  counts: Counts | undefined,
  failing = '-',
  consumers = 'ok  some consumer\n6 passed, 0 failed',
) {
  const { passed = 0, failed = 0, broken = 0, skipped = 0 } = counts ?? {};
  const results = {
    numPassedTests: passed,
    numFailedTests: failed,
    numRuntimeErrorTestSuites: broken,
    numPendingTests: skipped,
    numTodoTests: 0,
  };
  const bin = join(folder, 'bin');
  const env = {
    PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    JEST: counts === undefined ? '' : JSON.stringify(results),
    CONSUMERS: consumers,
    FAILING: failing,
    BIN: bin,
  };
  return new Promise<{ code: unknown; output: string; last: string }>((resolve) => {
    execFile('bash', ['.ci/run'], { cwd: folder, env }, (error, output) => {
      resolve({ code: error?.code ?? 0, output, last: output.trim().split('\n').at(-1) ?? '' });
    });
  });
}

test('Each part counts as one test beside those of jest and the consumers', async () => {
  const last = `${jestRuns * 100 + others} passed, 0 failed`;
  expect(await runCi({ passed: 100 })).toMatchObject({ code: 0, last });
});

test.each([
  ['the tests', 'test', 'npm test', 4],
  ['the tests with other versions', 'run --silent jest -- --max', 'Node.js 22: the tests', 6],
  ['installing other versions of Node.js', 'install*npm:node-', 'binaries of the supported', 9],
  ['the linter', 'run --silent lint', 'linter', 1],
  ['the consumers', 'run --silent consumers', 'real consumers', 2],
  ['packing', 'pack', 'package', 1],
])(
  'A failure of %s fails the run, shows why, and the rest still runs',
  async (_what, call, part, failed) => {
    const { code, output, last } = await runCi({ passed: 100 }, call);
    expect(code).toBe(1);
    expect(output).toContain(`FAILED  ${part}`);
    expect(output).toContain('this is broken');
    expect(output).toContain(part === 'package' ? 'ok      npm run demo' : 'ok      package');
    expect(last).toMatch(new RegExp(`^\\d+ passed, ${failed} failed$`));
  },
);

test.each([
  ['a failed test', { passed: 99, failed: 1 }],
  ['a suite that could not be run', { passed: 99, broken: 1 }],
  ['a skipped test', { passed: 99, skipped: 1 }],
  ['a run of jest that left no counts', undefined],
])('%s is counted as a failure', async (_what, counts) => {
  const passed = jestRuns * (counts?.passed ?? 0) + others;
  const last = `${passed} passed, ${jestRuns} failed`;
  expect(await runCi(counts)).toMatchObject({ code: 1, last });
});

test.each([
  ['A row that fails', 'FAILED  some consumer\n5 passed, 1 failed', 1],
  ['A run of the consumers that left no counts', 'killed', 6],
])('%s is counted as a failure', async (_what, consumers, missing) => {
  const last = `${jestRuns * 100 + others - missing} passed, 1 failed`;
  expect(await runCi({ passed: 100 }, '-', consumers)).toMatchObject({ code: 1, last });
});

test('npm test hands its arguments on to jest', () => {
  expect(manifest.scripts.test).toMatch(/^npm run --silent jest -- --/);
});

test('The workflow, .ci/run and package.json name the same versions of Node.js', async () => {
  const workflow = parseYaml(await readFile(new URL('.github/workflows/ci.yml', root), 'utf8'));
  const { jobs } = workflow as { jobs: Record<string, JsonObject> };
  const script = await readFile(new URL('.ci/run', root), 'utf8');
  const versions = ['20.19', '22', '24', '26'];
  expect(jobs['check']?.['strategy']).toMatchObject({ matrix: { node: versions.map(Number) } });
  expect(script).toContain(`\nversions=(${versions.join(' ')})\n`);
  expect(manifest.engines.node).toBe('^20.19.0 || ^22.0.0 || ^24.0.0 || >=26.0.0');
});

test('The workflow checks the program, the consumers, the tarball and the image, with scripts that exist', async () => {
  const text = await readFile(new URL('.github/workflows/ci.yml', root), 'utf8');
  const { jobs } = parseYaml(text) as { jobs: Record<string, JsonObject> };
  const runs = Object.values(jobs).flatMap(({ steps }) =>
    (steps as JsonObject[]).flatMap(({ run }) => (typeof run === 'string' ? [run] : [])),
  );
  expect(runs).toEqual([
    'npm ci',
    'npm run check',
    'npm run consumers',
    'npm ci',
    'npm pack --pack-destination "$RUNNER_TEMP"',
    'npm install --prefix empty --omit=dev ./tap-zendesk-chat-*.tgz',
    'empty/node_modules/.bin/tap-zendesk-chat --version',
    'empty/node_modules/.bin/tap-zendesk-chat --discover > catalog.json',
    'empty/node_modules/.bin/source-zendesk-chat spec > spec.json',
    'sudo env "PATH=$PATH" npm run image',
    'docker build --tag source-zendesk-chat:dev .',
    'docker run --rm --read-only source-zendesk-chat:dev spec',
  ]);
  expect(manifest.scripts).toMatchObject({
    check: expect.anything(),
    consumers: expect.anything(),
  });
});

test('Each npm script that .ci/run calls exists', async () => {
  const text = await readFile(new URL('.ci/run', root), 'utf8');
  const called = [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name);
  expect(called).toHaveLength(11);
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(called));
});

test('The changelog has an entry for this version', async () => {
  const text = await readFile(new URL('CHANGELOG.md', root), 'utf8');
  expect(text).toContain(`\n## [${manifest.version}]`);
});
