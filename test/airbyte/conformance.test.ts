/** The normal use of a connection: for each verb and account, the platform accepts all messages. */
import { expect, test } from '@jest/globals';

import { discoverRunFaults, readFaults, specRunFaults } from './judge/checks.ts';
import { storedState } from './judge/configure.ts';
import { expectedRecords, recordFaults, resourceOf } from '../support/oracle.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import type { SourceRun } from './judge/source-run.ts';
import {
  connection,
  isWhole,
  recordsOf,
  runIn,
  runVerb,
  sourceCatalog,
  spawnIn,
  spawnVerb,
  statesOf,
  statusesOf,
} from '../support/run-source.ts';
import { secretToken, withSandbox } from '../support/with-sandbox.ts';

const streams = Object.keys(resourceOf);
const secrets = [secretToken];

/** The missing, duplicate, invented or different records of a run. */
async function lossesOf(run: SourceRun, sandbox: Sandbox): Promise<readonly string[]> {
  const { streams: all } = await sourceCatalog();
  return all.flatMap(({ name, json_schema: { properties = {} } }) => {
    const expected = expectedRecords(sandbox, name, Object.keys(properties ?? {}));
    return recordFaults(name, recordsOf(run, name), expected);
  });
}

const loudness = [
  { how: 'as usual', args: [] },
  { how: 'with --debug', args: ['--debug'] },
];

test('spec is one line, is always the same, and needs no input', async () => {
  const runs = await Promise.all([runVerb('spec'), runVerb('spec', { args: ['--debug'] })]);
  expect(runs.flatMap((run) => specRunFaults(run))).toEqual([]);
  expect(runs[0].stdout.equals(runs[1].stdout)).toBe(true);
  expect(runs[0].lines).toHaveLength(1);
});

test('discover makes no request and always has the same output', async () => {
  await withSandbox({}, async (sandbox) => {
    const runs = [
      await runIn(sandbox, { verb: 'discover' }),
      await runIn(sandbox, { verb: 'discover', config: { subdomain: 'elsewhere' } }),
    ];
    expect(runs.flatMap((run) => discoverRunFaults(run, secrets))).toEqual([]);
    expect(runs[0]?.stdout.equals(runs[1]?.stdout ?? Buffer.alloc(0))).toBe(true);
    expect(sandbox.requests).toEqual([]);
  });
});

/** PyAirbyte stops reading when it has the message that it needs. */
test.each(['spec', 'discover'] as const)(
  '%s that is stopped after its last message reports no error',
  async (verb) => {
    // Without a start date the log would contain a changing one.
    const config = { subdomain: 'acme', access_token: secretToken, start_date: '2026-01-01' };
    const input = verb === 'discover' ? { config } : {};
    const { stdout } = await runVerb(verb, input);
    const run = await spawnVerb(verb, {
      ...input,
      parent: 'none',
      death: { afterBytes: stdout.length, how: 'SIGTERM' },
    });
    expect([0, null]).toContain(run.code);
    expect(run.stderr).toBe('');
    expect(run.stdout.equals(stdout)).toBe(true);
  },
);

test.each(loudness)('a first sync $how brings all there is, value by value', async ({ args }) => {
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { args });
    expect(readFaults(run, { catalog: await connection(), secrets })).toEqual([]);
    expect(run.code).toBe(0);
    expect(await lossesOf(run, sandbox)).toEqual([]);
  });
});

test('the empty states of the platform, and a second sync reads only new items', async () => {
  await withSandbox({ days: 30 }, async (sandbox) => {
    const first = await runIn(sandbox, { state: '[]' });
    const state = storedState([first]);
    const second = await runIn(sandbox, { state });

    const given = Object.fromEntries(
      streams.map((name) => [name, statesOf(first, name).at(-1) ?? {}]),
    );
    expect(readFaults(second, { catalog: await connection(), secrets, given })).toEqual([]);
    expect(recordsOf(second, 'agents')).toEqual([]);
    expect(recordsOf(second, 'bans')).toEqual([]);
    expect(recordsOf(second, 'chats').length).toBeLessThanOrEqual(1);
    expect(recordsOf(second, 'goals')).toEqual(recordsOf(first, 'goals'));
    expect(storedState([second])).toEqual(state);
  });
});

test('streams without a record start, run, write a state and end', async () => {
  const nothing = { chats: 0, agents: 0, bans: { ip: 0, visitor: 0 }, timeline: 0 };
  await withSandbox(nothing, async (sandbox) => {
    const run = await runIn(sandbox);
    expect(readFaults(run, { catalog: await connection(), secrets })).toEqual([]);
    for (const name of ['agents', 'bans', 'agent_timeline', 'chats']) {
      expect(recordsOf(run, name)).toEqual([]);
      expect(statesOf(run, name).length).toBeGreaterThan(0);
      expect(statusesOf(run, name).map(({ status }) => status)).toEqual([
        'STARTED',
        'RUNNING',
        'COMPLETE',
      ]);
    }
  });
});

/** Of about 1 MB, or of 4 MB: too much for all pipes and buffers on the way together. */
const { chats, bytesPerSecond } = isWhole
  ? { chats: 3000, bytesPerSecond: 50_000 }
  : { chats: 600, bytesPerSecond: 1_000_000 };
const maxPage = chats / 3;

test(`a reader of ${bytesPerSecond} bytes per second gets everything up to the last state`, async () => {
  await withSandbox({ chats, switches: { maxPage } }, async (sandbox) => {
    const run = await spawnIn(sandbox, { bytesPerSecond });
    expect(readFaults(run, { catalog: await connection(), secrets })).toEqual([]);
    expect(await lossesOf(run, sandbox)).toEqual([]);
  });
});

test(`a reader of ${bytesPerSecond} bytes per second gets everything that was read before a stream failed`, async () => {
  const faults = [{ path: 'incremental/chats', nth: 3, fault: { kind: 'html' } as const }];
  await withSandbox({ chats, switches: { maxPage }, faults }, async (sandbox) => {
    // An early request that fails is sent again.
    const config = { max_retry_seconds: 0, read_ahead: 1 };
    const run = await spawnIn(sandbox, { config, bytesPerSecond });
    expect(readFaults(run, { catalog: await connection(), secrets })).toEqual([]);
    expect(run.code).toBe(1);
    // The chat that is on two consecutive pages is written once.
    expect(recordsOf(run, 'chats').length).toBe(2 * maxPage - 1);
    expect(statusesOf(run, 'chats').at(-1)).toMatchObject({ status: 'INCOMPLETE' });
  });
});
