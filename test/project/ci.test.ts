/** CI: .ci/run counts correctly, the workflow runs existing scripts, the changelog has the version. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import { parseYaml } from './yaml.ts';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
let folder = '';

/** The runs of jest: the installed Node.js, each supported version, and test/tools/bench/smoke. */
const jestRuns = 7;
/** All parts, and the consumers' counts without a failure. */
const others = 16 + 6;

/** An npm whose tests report $JEST, whose consumers print $CONSUMERS, and whose commands that match $FAILING fail. */
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
  ['tests with other versions', 'run --silent jest -- --max', 'Node.js 22: the tests', 6],
  ['the linter', 'run --silent lint', 'linter', 1],
  ['the consumers', 'run --silent consumers', 'real consumers', 2],
])(
  'A failure of %s fails the run, shows why, and the rest still runs',
  async (_what, call, part, failed) => {
    const { code, output, last } = await runCi({ passed: 100 }, call);
    expect(code).toBe(1);
    expect(output).toContain(`FAILED  ${part}`);
    expect(output).toContain('this is broken');
    expect(output).toContain('ok      package');
    expect(last).toMatch(new RegExp(`^\\d+ passed, ${failed} failed$`));
  },
);

test.each([
  ['A failed, a broken and a skipped test', { passed: 97, failed: 1, broken: 1, skipped: 1 }, 3],
  ['A run of jest that left no counts', undefined, 1],
])('%s: each is counted as a failure', async (_what, counts, failed) => {
  const passed = jestRuns * (counts?.passed ?? 0) + others;
  const last = `${passed} passed, ${jestRuns * failed} failed`;
  expect(await runCi(counts)).toMatchObject({ code: 1, last });
});

test('A row of the consumers that fails is counted as a failure', async () => {
  const last = `${jestRuns * 100 + others - 1} passed, 1 failed`;
  const said = 'FAILED  some consumer\n5 passed, 1 failed';
  expect(await runCi({ passed: 100 }, '-', said)).toMatchObject({ code: 1, last });
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

test('Each npm script that .ci/run and the workflow call exists', async () => {
  for (const name of ['.ci/run', '.github/workflows/ci.yml']) {
    const text = await readFile(new URL(name, root), 'utf8');
    const called = [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(
      ([, script]) => script,
    );
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(called));
  }
});

test('The changelog has an entry for this version', async () => {
  const text = await readFile(new URL('CHANGELOG.md', root), 'utf8');
  expect(text).toContain(`\n## [${manifest.version}]`);
});
