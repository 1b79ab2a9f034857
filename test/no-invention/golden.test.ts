/**
 * Whole outputs, line by line. `npm run golden` rewrites the files; a change of them is a change that users
 * see, and is reviewed as one.
 */
import { afterEach, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';

import type { JsonObject } from '../../src/core/json.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { withLookup } from '../support/fake-lookup.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { runIn, runVerb } from '../support/run-source.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';

const startMs = Date.UTC(2026, 0, 5, 12);
const clock = createFakeClock(startMs);

const sandboxes: Sandbox[] = [];

afterEach(async () => {
  clock.set(startMs);
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
});

async function startSmall(onRequest?: (path: string) => void): Promise<Sandbox> {
  const sandbox = await startSandbox({
    seed: 3,
    clock: clock.now,
    days: 2,
    chats: 4,
    history: { min: 2, max: 3 },
    agents: 2,
    bans: { ip: 1, visitor: 2 },
    timeline: 4,
    ...(onRequest && { onRequest: ({ path }) => onRequest(path) }),
  });
  sandboxes.push(sandbox);
  return sandbox;
}

async function run(
  sandbox: Sandbox,
  files: { catalog?: JsonObject; state?: JsonObject } = {},
): Promise<TapResult> {
  const result = await runTap({
    sandboxUrl: sandbox.url,
    config: sandbox.config,
    clock,
    ...files,
  });
  expect(result).toMatchObject({ code: 0, warnings: [] });
  return result;
}

/** The lines of a golden file, which is rewritten first if requested. */
async function golden(name: string, lines: readonly string[]): Promise<readonly string[]> {
  const path = new URL(`../data/golden/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] !== undefined) await writeFile(path, `${lines.join('\n')}\n`);
  return (await readFile(path, 'utf8')).trimEnd().split('\n');
}

function linesIn(text: string): readonly string[] {
  return text.trimEnd().split('\n');
}

function linesOf({ stdout }: { readonly stdout: Buffer }): readonly string[] {
  return linesIn(stdout.toString('utf8'));
}

test('a first run without a catalog', async () => {
  const { lines } = await run(await startSmall());

  expect(lines).toEqual(await golden('first-run.jsonl', lines));
});

test('the METRIC lines of a first run', async () => {
  const sandbox = await startSmall();
  const config = { ...sandbox.config, log_metrics: true };
  const { log } = await runTap({ sandboxUrl: sandbox.url, config, clock });
  const metrics = linesIn(log).filter((line) => line.includes('METRIC'));

  expect(metrics).toEqual(await golden('metrics.txt', metrics));
});

/** Logs of runs over all twelve streams, as they are in a file. */
const logs: readonly {
  run: string;
  file: string;
  code: number;
  start: () => Promise<TapResult>;
}[] = [
  { run: 'a full run', file: 'full-run', code: 0, start: async () => run(await startSmall()) },
  {
    run: 'a run with a refused token',
    file: 'refused-token',
    code: 2,
    start: async () => {
      const { url, config } = await startSmall();
      return runTap({ sandboxUrl: url, config: { ...config, access_token: 'another' }, clock });
    },
  },
  {
    run: 'a run in which two streams fail',
    file: 'two-failures',
    code: 1,
    start: async () => {
      const { url, config, faults } = await startSmall();
      for (const path of ['=goals', '=agents'])
        faults.add({ path, fault: { kind: 'status', status: 400 } });
      return runTap({ sandboxUrl: url, config, clock });
    },
  },
  {
    run: 'a run whose target dies',
    file: 'target-dies',
    code: 1,
    start: async () => {
      const die = new AbortController();
      const { url, config } = await startSmall((path) => {
        if (path.endsWith('incremental/chats')) die.abort();
      });
      const read = async (stdout: Readable): Promise<Buffer> => {
        stdout.resume();
        die.signal.addEventListener('abort', () => stdout.destroy());
        return Buffer.alloc(0);
      };
      return runTap({ sandboxUrl: url, config, clock, read });
    },
  },
  {
    run: 'a run that is stopped by a signal',
    file: 'stopped',
    code: 1,
    start: async () => {
      const stop = new AbortController();
      const { url, config } = await startSmall((path) => {
        if (path.endsWith('incremental/chats')) stop.abort();
      });
      return runTap({ sandboxUrl: url, config, clock, signal: stop.signal });
    },
  },
  {
    run: 'a run without network',
    file: 'no-network',
    code: 2,
    start: () =>
      withLookup(['ENOTFOUND'], () =>
        runTap({ config: { subdomain: 'acme', access_token: 'token' }, clock }),
      ),
  },
];

test.each(logs)(
  'the log of $run: at most 30 lines, and after a failure CRITICAL is the last',
  async ({ file, code, start }) => {
    const result = await start();
    const lines = linesIn(result.log);

    expect(result.code).toBe(code);
    expect(lines).toEqual(await golden(`log-${file}.txt`, lines));
    expect(lines.length).toBeLessThanOrEqual(30);
    expect(lines.at(-1)).toMatch(code === 0 ? /^INFO / : /^CRITICAL /);
  },
);

test('discover', async () => {
  const { lines } = await runTap({ args: ['--discover'] });

  expect(lines).toEqual(await golden('discover.json', lines));
});

test.each(['spec', 'discover'] as const)('the Airbyte source: %s', async (verb) => {
  const config = verb === 'spec' ? {} : { config: { subdomain: 'acme', access_token: 'a' } };
  const lines = linesOf(await runVerb(verb, { ...config, clock }));

  expect(lines).toEqual(await golden(`airbyte-${verb}.jsonl`, lines));
});

test('the Airbyte source: read', async () => {
  // A clock whose sleeps end at once would let the heartbeat spin.
  const lines = linesOf(await runIn(await startSmall(), { clock: createManualClock(startMs) }));

  expect(lines).toEqual(await golden('airbyte-read.jsonl', lines));
});

/** Departments and chats, without what a chat is long by and without the visitor's addresses. */
const catalog = {
  streams: [
    {
      tap_stream_id: 'departments',
      stream: 'departments',
      schema: {},
      metadata: [{ breadcrumb: [], metadata: { selected: true } }],
    },
    {
      tap_stream_id: 'chats',
      stream: 'chats',
      schema: {},
      metadata: [
        { breadcrumb: [], metadata: { selected: true } },
        ...['session', 'engagements', 'webpath', 'conversions'].map((name) => ({
          breadcrumb: ['properties', name],
          metadata: { selected: false },
        })),
        ...['email', 'phone', 'notes'].map((name) => ({
          breadcrumb: ['properties', 'visitor', 'properties', name],
          metadata: { selected: false },
        })),
        {
          breadcrumb: ['properties', 'history', 'items', 'properties', 'msg'],
          metadata: { selected: false },
        },
      ],
    },
  ],
};

test('a run with a catalog that selects some columns', async () => {
  const { lines } = await run(await startSmall(), { catalog });

  expect(lines).toEqual(await golden('selection.jsonl', lines));
});

test('a second run from the state of the first', async () => {
  const sandbox = await startSmall();
  const { lastState } = await run(sandbox);
  clock.set(startMs + 3_600_000);
  sandbox.account.edit({ ids: [sandbox.account.idAt('chats', 1)] });

  const { lines } = await run(sandbox, { state: lastState });

  expect(lines).toEqual(await golden('second-run.jsonl', lines));
});
