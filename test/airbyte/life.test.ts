/** The end of a sync after a signal or without a reader, and its signs of life. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import type { SandboxOptions, HookRequest } from '../../src/sandbox/program/options.ts';
import type { LoggedRequest } from '../../src/sandbox/api/request-log.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { createManualClock } from '../support/manual-clock.ts';
import {
  connection,
  endsOf,
  errorsOf,
  logsOf,
  messagesOf,
  recordsOf,
  runIn,
  spawnIn,
  sourcePath,
  startIn,
  statusesOf,
} from '../support/run-source.ts';
import { holdRequest, secretToken, withSandbox } from '../support/with-sandbox.ts';
import { withClock, worldStartMs } from '../support/world.ts';
import { partFaults, readFaults } from './judge/checks.ts';
import { storedState } from './judge/configure.ts';
import type { SourceRun, StartedSource } from './judge/source-run.ts';

/** One request after another, because the test counts requests. */
const config = { read_ahead: 1 };

/** Small pages. */
const account: SandboxOptions = { chats: 60, switches: { maxPage: 10 } };

const node = [process.execPath, sourcePath];

/** Alone in a PID namespace, as the first process of a container. */
const contained = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--pid',
  '--fork',
  '--kill-child',
];

function stopChild({ pid }: StartedSource): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  process.kill(Number(children.trim()), 'SIGTERM');
}

const ways = [
  {
    way: 'the child of a shell',
    input: { signalsTo: 'source' as const },
    stop: (started: StartedSource) => started.kill('SIGTERM'),
  },
  {
    way: 'the first process of a container',
    input: { parent: 'none' as const, entrypoint: [...contained, ...node] },
    stop: stopChild,
  },
];

/** Some machines do not allow namespaces. */
const canContain = spawnSync(contained[0] ?? '', [...contained.slice(1), 'true']).status === 0;

/** Together, the runs have written exactly the items of the account. */
function expectWhole(runs: readonly SourceRun[], sandbox: Sandbox): void {
  const ids = runs.flatMap((run) => recordsOf(run, 'chats').map(({ id }) => id));
  expect(new Set(ids)).toEqual(new Set([...sandbox.account.dump('chats')].map(({ id }) => id)));
}

const possible = ways.filter(({ stop }) => stop !== stopChild || canContain);

function chatRequests({ requests }: Sandbox): readonly LoggedRequest[] {
  return requests.filter(({ path }) => path.endsWith('/incremental/chats'));
}

test('SIGTERM: the current page and its state are written, and the next sync reads the rest', async () => {
  const stop = new AbortController();
  let count = 0;
  const onRequest = ({ path }: HookRequest): void => {
    if (path.endsWith('/chats')) count += 1;
    if (count === 3) stop.abort();
  };
  await withSandbox({ ...account, onRequest }, async (sandbox) => {
    const catalog = await connection(['bans', 'goals', 'chats']);
    const stopped = await runIn(sandbox, { catalog, config, signal: stop.signal });
    expect(stopped.stderr).toBe('');
    expect(partFaults(stopped, { catalog, secrets: [secretToken] })).toEqual([]);
    expect(stopped.lines.at(-1)?.isWhole).toBe(true);
    expect(endsOf(stopped)).toEqual({ goals: 'COMPLETE', bans: 'COMPLETE', chats: 'INCOMPLETE' });
    expect(errorsOf(stopped)).toEqual([]);
    expect(recordsOf(stopped, 'chats')).toHaveLength(19);
    const last = messagesOf(stopped).filter(({ type }) => type === 'STATE' || type === 'RECORD');
    expect(last.at(-1)?.type).toBe('STATE');
    expect(chatRequests(sandbox)).toHaveLength(3);

    const rest = await runIn(sandbox, { catalog, state: storedState([stopped]) });
    expect(readFaults(rest, { catalog })).toEqual([]);
    expectWhole([stopped, rest], sandbox);
  });
});

test.each(possible)('SIGTERM: as $way it ends by 143', async ({ input, stop }) => {
  const third = holdRequest(3, '/chats');
  await withSandbox({ ...account, onRequest: third.onRequest }, async (sandbox) => {
    const catalog = await connection(['bans', 'goals', 'chats']);
    const started = await startIn(sandbox, { ...input, catalog, config });
    await third.come;
    stop(started);
    const stopped = await started.result;
    expect(stopped).toMatchObject({ code: 143, signal: null, stderr: '' });
    // A machine that needs more than 1.5 s for the rest of a page has been given up: its last line may be cut.
    expect(partFaults(stopped, { catalog, secrets: [secretToken] })).toEqual([]);
    expect(chatRequests(sandbox)).toHaveLength(3);

    const rest = await runIn(sandbox, { catalog, state: storedState([stopped]) });
    expect(readFaults(rest, { catalog })).toEqual([]);
    expectWhole([stopped, rest], sandbox);
  });
});

test('a reader that closes the pipe ends the sync without an error message, with 1', async () => {
  await withSandbox({ chats: 600, switches: { maxPage: 20 } }, async (sandbox) => {
    const death = { afterBytes: 100_000, how: 'closed pipe' } as const;
    const catalog = await connection(['agents', 'chats']);
    const run = await spawnIn(sandbox, { death, catalog, config });
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(partFaults(run, { catalog })).toEqual([]);
    expect(sandbox.requests.length).toBeLessThan(25);
  });
});

/** The longest silence that the platform accepts. */
const maxGapMs = 45_000;

test('Retry-After of 75 s is respected, and no silence is too long', async () => {
  const pauseMs = 75_000;
  const clock = createManualClock(worldStartMs, (ms) => {
    if (ms === pauseMs) void clock.advance(ms);
  });
  const retry: Fault = { kind: 'status', status: 429, retryAfter: 75 };
  const faults = [{ path: 'incremental/chats', nth: 2, fault: retry }];
  await withClock(clock, { ...account, faults }, async (sandbox) => {
    const catalog = await connection(['goals', 'chats']);
    const run = await runIn(sandbox, { catalog, config, clock });
    expect(readFaults(run, { catalog, maxGapMs })).toEqual([]);
    expect(run.code).toBe(0);
    const [, refused, next] = chatRequests(sandbox);
    expect((next?.at ?? 0) - (refused?.doneAt ?? 0)).toBeGreaterThanOrEqual(pauseMs);
    expect(statusesOf(run, 'chats').map(({ reasons }) => reasons?.[0]?.type)).toContain(
      'RATE_LIMITED',
    );
  });
});

/** A slow body: no line can be written, but the download makes progress. */
test('during a page that arrives in 20 pieces, one every 4 s, the source sends signs of life', async () => {
  const clock = createManualClock(worldStartMs);
  const slow = { kind: 'slow', everyMs: 1, pieces: 20 } as const;
  const faults = [{ path: 'incremental/chats', nth: 2, fault: slow }];
  await withClock(clock, { ...account, faults }, async (sandbox) => {
    const catalog = await connection(['chats']);
    const ended = runIn(sandbox, { catalog, clock });
    const isOver = ended.then(() => true);
    while (!(await Promise.race([isOver, clock.refreshed()]))) await clock.advance(4000);
    const run = await ended;
    expect(clock.now() - worldStartMs).toBeGreaterThan(60_000);
    expect(readFaults(run, { catalog, maxGapMs })).toEqual([]);
    expectWhole([run], sandbox);
    expect(logsOf(run, 'WARN')).toEqual([]);
  });
});
