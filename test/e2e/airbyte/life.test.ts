/** How a sync ends when it is told to, when nobody reads it, and how it shows that it is alive. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import type { Fault } from '../../../src/sandbox/fault-rules.ts';
import type { SandboxOptions } from '../../../src/sandbox/options.ts';
import type { Sandbox } from '../../../src/sandbox/server.ts';
import {
  chosen,
  connection,
  endsOf,
  errorsOf,
  logsOf,
  messagesOf,
  recordsOf,
  spawnIn,
  sourcePath,
  startIn,
  statesOf,
  statusesOf,
  type SpawnedSourceInput,
} from '../../helpers/run-source.ts';
import { secretToken, withSandbox } from '../../helpers/with-sandbox.ts';
import { partFaults, readFaults } from '../../platform/checks.ts';
import { storedState } from '../../platform/configure.ts';
import type { SourceRun, StartedSource } from '../../platform/source-run.ts';

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

/** Small pages that take their time. */
const account: SandboxOptions = { chats: 60, switches: { maxPage: 10 }, latencyMs: 40 };

const node = [process.execPath, sourcePath];

/** Alone in a PID namespace, as the first process of a container. */
const contained = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--pid',
  '--fork',
  '--kill-child',
];

interface Way {
  readonly way: string;
  readonly input: SpawnedSourceInput;
  readonly end: Pick<SourceRun, 'code' | 'signal'>;
  readonly stop: (started: StartedSource) => void;
}

function stopSource(started: StartedSource): void {
  started.kill('SIGTERM');
}

function stopChild({ pid }: StartedSource): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  process.kill(Number(children.trim()), 'SIGTERM');
}

const ways: readonly Way[] = [
  {
    way: 'a direct parent sees the signal',
    input: { parent: 'none' },
    end: { code: null, signal: 'SIGTERM' },
    stop: stopSource,
  },
  {
    way: 'a shell sees 143',
    input: { signalsTo: 'source' },
    end: { code: 143, signal: null },
    stop: stopSource,
  },
  {
    way: 'as the first process of a container it ends by 143',
    input: { parent: 'none', entrypoint: [...contained, ...node] },
    end: { code: 143, signal: null },
    stop: stopChild,
  },
];

/** Not every machine lets a process have a namespace of its own. */
const canContain = spawnSync(contained[0] ?? '', [...contained.slice(1), 'true']).status === 0;

/** What the runs together brought is all that the account holds, and nothing else. */
function expectWhole(runs: readonly SourceRun[], sandbox: Sandbox): void {
  const ids = runs.flatMap((run) => recordsOf(run, 'chats').map(({ id }) => id));
  expect(new Set(ids)).toEqual(new Set([...sandbox.account.dump('chats')].map(({ id }) => id)));
}

const possible = ways.filter(({ stop }) => stop !== stopChild || canContain);

test.concurrent.each(possible)(
  'SIGTERM: the page in hand and its state go out, and $way',
  async ({ input, end, stop }) => {
    await withSandbox(account, async (sandbox) => {
      const catalog = await connection(['bans', 'goals', 'chats']);
      const started = await startIn(sandbox, { ...input, catalog });
      await until(() => sandbox.requests.filter(({ path }) => path.endsWith('chats')).length >= 3);
      stop(started);
      const toldMs = Date.now();
      const stopped = await started.result;

      expect(stopped).toMatchObject({ ...end, stderr: '' });
      expect(stopped.endedMs - toldMs).toBeLessThan(5000);
      expect(partFaults(stopped, { catalog, secrets: [secretToken] })).toEqual([]);
      expect(stopped.lines.at(-1)?.isWhole).toBe(true);
      expect(endsOf(stopped)).toEqual({ goals: 'COMPLETE', bans: 'COMPLETE', chats: 'INCOMPLETE' });
      expect(errorsOf(stopped)).toEqual([]);
      const last = messagesOf(stopped).filter(({ type }) => type === 'STATE' || type === 'RECORD');
      expect(last.at(-1)?.type).toBe('STATE');
      const rest = await spawnIn(sandbox, { catalog, state: storedState([stopped]) });
      expect(readFaults(rest, { catalog })).toEqual([]);
      expectWhole([stopped, rest], sandbox);
    });
  },
);

test.concurrent('SIGTERM during a long pause ends it at once', async () => {
  const retry: Fault = { kind: 'status', status: 429, retryAfter: 600 };
  const faults = [{ path: 'incremental/chats', nth: 3, fault: retry }];
  await withSandbox({ ...account, faults }, async (sandbox) => {
    const catalog = await connection(['chats']);
    const started = await startIn(sandbox, { catalog, signalsTo: 'source' });
    await until(() => (sandbox.requests[2]?.doneAt ?? null) !== null);
    await delay(300);
    started.kill('SIGTERM');
    const stopped = await started.result;
    expect(stopped).toMatchObject({ code: 143, stderr: '' });
    expect(partFaults(stopped, { catalog })).toEqual([]);
    const [, , throttled] = statusesOf(stopped, 'chats');
    expect(throttled?.reasons?.[0]?.type).toBe('RATE_LIMITED');
    expect(statesOf(stopped, 'chats').at(-1)).toHaveProperty('update_timestamp');
  });
});

test.concurrent('SIGTERM with a reader that takes its time: nothing in a state is not also delivered', async () => {
  await withSandbox({ chats: 3000 }, async (sandbox) => {
    const catalog = await connection(['chats']);
    const started = await startIn(sandbox, {
      catalog,
      signalsTo: 'source',
      bytesPerSecond: 500_000,
    });
    await until(() => sandbox.requests.length >= 2);
    started.kill('SIGTERM');
    const stopped = await started.result;
    expect(partFaults(stopped, { catalog })).toEqual([]);
    const rest = await spawnIn(sandbox, { catalog, state: storedState([stopped]) });
    expect(readFaults(rest, { catalog })).toEqual([]);
    expectWhole([stopped, rest], sandbox);
  });
});

test.concurrent('a reader that goes away ends the sync quietly, with 1', async () => {
  await withSandbox({ chats: 3000, switches: { maxPage: 100 } }, async (sandbox) => {
    const death = { afterBytes: 300_000, how: 'closed pipe' } as const;
    const run = await spawnIn(sandbox, { death });
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(partFaults(run, { catalog: await connection() })).toEqual([]);
    expect(sandbox.requests.length).toBeLessThan(25);
  });
});

/** While the API says nothing for so long. */
const pauses = [
  { pauseSeconds: 3, maxGapMs: 45_000 },
  { pauseSeconds: 75, maxGapMs: 45_000 },
];

test.concurrent.each(chosen(pauses, ({ pauseSeconds }) => pauseSeconds === 3))(
  'Retry-After of $pauseSeconds s is obeyed, and no silence is longer than $maxGapMs ms',
  async ({ pauseSeconds, maxGapMs }) => {
    const retry: Fault = { kind: 'status', status: 429, retryAfter: pauseSeconds };
    const faults = [{ path: 'incremental/chats', nth: 2, fault: retry }];
    const options = { chats: 60, switches: { maxPage: 10 }, faults };
    await withSandbox(options, async (sandbox) => {
      const catalog = await connection(['goals', 'chats']);
      const run = await spawnIn(sandbox, { catalog });
      expect(readFaults(run, { catalog, maxGapMs })).toEqual([]);
      expect(run.code).toBe(0);
      const [, refused, next] = sandbox.requests.filter(({ path }) => path.endsWith('chats'));
      expect((next?.at ?? 0) - (refused?.doneAt ?? 0)).toBeGreaterThanOrEqual(pauseSeconds * 1000);
      expect(statusesOf(run, 'chats').map(({ reasons }) => reasons?.[0]?.type)).toContain(
        'RATE_LIMITED',
      );
    });
  },
  180_000,
);

/** A body that drips in: no line can be written, and the download makes progress. */
const drips = [
  { pieces: 4, everyMs: 300 },
  { pieces: 20, everyMs: 4000 },
];

test.concurrent.each(chosen(drips, ({ pieces }) => pieces === 4))(
  'a page that comes in $pieces pieces, one every $everyMs ms, is waited for with signs of life',
  async ({ pieces, everyMs }) => {
    const faults = [
      { path: 'incremental/chats', nth: 2, fault: { kind: 'slow', pieces, everyMs } as const },
    ];
    const options = { chats: 60, switches: { maxPage: 10 }, faults };
    await withSandbox(options, async (sandbox) => {
      const catalog = await connection(['chats']);
      const run = await spawnIn(sandbox, { catalog });
      expect(readFaults(run, { catalog, maxGapMs: 45_000 })).toEqual([]);
      expectWhole([run], sandbox);
      expect(logsOf(run, 'WARN')).toEqual([]);
    });
  },
  180_000,
);
