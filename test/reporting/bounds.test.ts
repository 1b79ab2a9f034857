/** The size of the input limits time, memory and output, and the program never waits for a file forever. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { errorsOf, runVerb, statusesOf } from '../support/run-source.ts';
import { runTap } from '../support/run-tap.ts';
import { spawnTap, startTap, tapPath } from '../support/spawn-tap.ts';

const config = { subdomain: 'acme', access_token: 'SECRET12345', start_date: '2024-12-01' };

/** A URL without a server: no case makes a request. */
const sandboxUrl = 'http://127.0.0.1:9';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tap-bounds-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function pipe(name: string): Promise<string> {
  const path = join(folder, name);
  await promisify(execFile)('mkfifo', [path]);
  return path;
}

/** In a separate process, because this one would be busy, too. */
test.concurrent('A pattern of eight stars is rejected like any pattern without a match', async () => {
  const run = await spawnTap({ config, sandboxUrl, args: ['--select', '********Q'] });
  expect(run.code).toBe(2);
  expect(run.stderrLines).toEqual([
    expect.stringMatching(
      /^CRITICAL --select: \(a name of 9 characters, not shown\) matches no stream or column\./,
    ),
  ]);
});

const blanks = `x${' '.repeat(200_000)}x`;

test.concurrent.each([
  {
    name: 'a state',
    input: { state: { bookmarks: { chats: { update_timestamp: blanks } } } },
    says: 'update_timestamp is a string of 200002 characters',
  },
  {
    name: 'a catalog',
    input: {
      catalog: { streams: [{ tap_stream_id: blanks, schema: {}, metadata: [], selected: true }] },
    },
    says: 'stream (a name of 200002 characters, not shown) has a "stream" of 200002 characters; the maximum is 255',
  },
])(
  'The error about a text of 200,000 spaces in $name names its length',
  async ({ input, says }) => {
    const run = await spawnTap({ config, sandboxUrl, ...input });
    expect(run.code).toBe(2);
    expect(run.stderrLines).toEqual([expect.stringContaining(says)]);
  },
);

test.concurrent('The error about an unknown config key of 14 MB names its length', async () => {
  const long = { ...config, subdomain: undefined, ['k'.repeat(14_000_000)]: 1 };
  const run = await spawnTap({ config: long, sandboxUrl });
  expect(run.code).toBe(2);
  expect(run.stderrLines).toEqual([
    'WARNING The config key (a name of 14000000 characters, not shown) is unknown and ignored.',
    expect.stringMatching(/^CRITICAL subdomain is missing: /),
  ]);
});

test('100,000 unknown config keys cause a few warnings', async () => {
  const keys = Array.from({ length: 100_000 }, (_, index) => [`key${index}`, 1]);
  const run = await runTap({
    config: { ...config, ...Object.fromEntries(keys) },
    args: ['--test=schema'],
  });
  expect(run).toMatchObject({ code: 0 });
  expect(run.warnings).toHaveLength(11);
  expect(run.warnings.at(-1)).toBe('99990 more config keys are unknown and ignored.');
});

test('100,000 unknown columns cause one warning', async () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `column${index}`);
  const properties = Object.fromEntries(names.map((name) => [name, {}]));
  const metadata = [
    { breadcrumb: [], metadata: { selected: true } },
    ...names.map((name) => ({
      breadcrumb: ['properties', name],
      metadata: { 'selected-by-default': true },
    })),
  ];
  const streams = [{ tap_stream_id: 'agents', schema: { properties }, metadata }];
  const run = await runTap({ config, catalog: { streams }, args: ['--test=schema'] });
  expect(run).toMatchObject({ code: 0 });
  expect(run.warnings).toEqual([expect.stringMatching(/ and 99990 more; they are left out\.$/)]);
});

test('100,000 unknown streams of an Airbyte catalog cause a few log lines', async () => {
  const letters = (index: number): string =>
    String(index).replaceAll(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
  const streams = Array.from({ length: 100_000 }, (_, index) => ({
    stream: { name: `stream_${letters(index)}`, json_schema: {} },
    sync_mode: 'full_refresh',
  }));
  const run = await runVerb('read', { config, catalog: { streams } });
  expect(run).toMatchObject({ code: 1, stderr: '' });
  expect(run.lines.length).toBeLessThan(40);
  expect(statusesOf(run)).toHaveLength(10);
  expect(errorsOf(run).at(-1)?.message).toMatch(
    /^100000 of 100000 streams failed \(stream_a, stream_b, /,
  );
});

const levels = 100_000;
const deep = '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

test.each([
  { name: 'config', input: { config: deep } },
  { name: 'catalog', input: { config, catalog: deep } },
  { name: 'state', input: { config, state: deep } },
])('100,000 levels of nesting in the $name are rejected', async ({ name, input }) => {
  const run = await runTap({ ...input, sandboxUrl });
  expect(run.code).toBe(2);
  expect(run.stderrLines).toEqual([
    expect.stringMatching(
      new RegExp(`^CRITICAL --${name}: .*\\.json is nested more than 100 levels deep: `),
    ),
  ]);
});

test('100,000 levels of nesting in an Airbyte state are rejected', async () => {
  const run = await runVerb('read', { config, catalog: { streams: [] }, state: deep });
  expect(run).toMatchObject({ code: 1, stderr: '' });
  expect(errorsOf(run).map(({ message }) => message)).toEqual([
    '--state: it is nested more than 100 levels deep: check the program that wrote it.',
  ]);
});

test('100,000 levels of nesting in a setting with JSON text are not a list', async () => {
  const nested = { ...config, extra_streams: '['.repeat(levels) + ']'.repeat(levels) };
  const run = await runTap({ config: nested, sandboxUrl });
  expect(run.stderrLines).toEqual([expect.stringMatching(/^CRITICAL extra_streams /)]);
});

test('A config of more than 16 MB is rejected', async () => {
  const run = await runTap({ config: ' '.repeat(16 * 1024 * 1024 + 1), sandboxUrl });
  expect(run.stderrLines).toEqual([
    expect.stringMatching(/^CRITICAL --config: .* is larger than 16 MB: /),
  ]);
});

test.concurrent('The program does not wait for a log config that is a pipe', async () => {
  const path = await pipe('log');
  const run = await spawnTap({ args: ['--discover'], env: { SINGER_SDK_LOG_CONFIG: path } });
  expect(run.code).toBe(0);
  expect(run.stderrLines).toEqual([
    `WARNING SINGER_SDK_LOG_CONFIG: ${path} is not a regular file. Logs are plain text.`,
  ]);
});

test.concurrent('A config can come from a process substitution', async () => {
  const script = '"$0" "$1" --config <(sleep 0.1; printf %s "$2") --test=schema --select roles';
  const argv = ['-c', script, process.execPath, tapPath, JSON.stringify(config)];
  const { stdout } = await promisify(execFile)('bash', argv);
  expect(stdout).toMatch(/^\{"type":"SCHEMA","stream":"roles"/);
});

test.concurrent('SIGTERM ends a program that waits for its config', async () => {
  const path = await pipe('config');
  const { child, result } = await startTap({ args: ['--config', path] });
  // The program opens its end: from now on it waits.
  const writer = execFile('sh', ['-c', 'exec 3> "$1"; echo opened; cat', 'sh', path]);
  try {
    await once(writer.stdout ?? child, 'data');
    child.kill('SIGTERM');
    expect(await result).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
  } finally {
    writer.kill();
  }
});
