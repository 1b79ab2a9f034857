/** The messages of a sync with failures: the failed streams, the statuses of all streams, and no success. */
import { expect, test } from '@jest/globals';

import type { Fault } from '../../src/sandbox/faults/fault-rules.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { resourceOf } from '../support/oracle.ts';
import {
  connection,
  endsOf,
  errorsOf,
  logsOf,
  messagesOf,
  recordsOf,
  runIn,
  statesOf,
  statusesOf,
} from '../support/run-source.ts';
import { secretToken, withSandbox } from '../support/with-sandbox.ts';
import { withClock, worldStartMs } from '../support/world.ts';
import { markedSecrets, markedToken } from '../support/secret-marks.ts';
import { readFaults } from './judge/checks.ts';
import type { SourceRun } from './judge/source-run.ts';

const streams = Object.keys(resourceOf);

interface BadRun {
  readonly run: SourceRun;
  readonly faults: readonly string[];
  readonly sandbox: Sandbox;
}

/** A run without retries, and the platform's result. Pauses of up to two seconds elapse at once. */
async function readBadly(options: SandboxOptions, config: object = {}): Promise<BadRun> {
  const clock = createManualClock(worldStartMs, (ms) => {
    if (ms <= 2000) void clock.advance(ms);
  });
  return withClock(clock, options, async (sandbox) => {
    const run = await runIn(sandbox, { clock, config: { max_retry_seconds: 0, ...config } });
    const catalog = await connection();
    return { run, sandbox, faults: readFaults(run, { catalog, secrets: [secretToken] }) };
  });
}

/** All streams are complete except these. */
function allBut(...failed: readonly string[]): Readonly<Record<string, string>> {
  const ends = streams.map((name) => [name, failed.includes(name) ? 'INCOMPLETE' : 'COMPLETE']);
  return Object.fromEntries(ends);
}

interface Row {
  readonly what: string;
  readonly stream: string;
  readonly options: SandboxOptions;
  readonly failure: 'config_error' | 'transient_error' | 'system_error';
  readonly says: RegExp;
}

function always(path: string, fault: Fault): SandboxOptions {
  return { faults: [{ path, fault }] };
}

const table: readonly Row[] = [
  {
    what: '500',
    stream: 'chats',
    options: {
      faults: [
        {
          path: 'incremental/chats',
          // The parts of chats come from the same path.
          query: { fields: 'chats(*)' },
          fault: { kind: 'status', status: 500 },
        },
      ],
    },
    failure: 'transient_error',
    says: /answers 500/,
  },
  {
    what: 'no answer',
    stream: 'goals',
    options: always('=goals', { kind: 'stall', where: 'headers' }),
    failure: 'transient_error',
    says: /goals/,
  },
  {
    what: '401 for one stream',
    stream: 'departments',
    options: { switches: { tokenRefused: ['departments'] } },
    failure: 'config_error',
    says: /answers 401/,
  },
  {
    what: 'JSON of another shape',
    stream: 'skills',
    options: always('=skills', { kind: 'wrongShape' }),
    failure: 'system_error',
    says: /skills/,
  },
  {
    what: 'a page in the wrong unit',
    stream: 'agent_timeline',
    options: { switches: { envelope: { every: 1, resource: 'agent_timeline', wrongUnit: true } } },
    failure: 'system_error',
    says: /agent_timeline/,
  },
];

test.each(table)(
  '$what: $stream fails with a $failure, the others are read, a summary is last',
  async ({ stream, options, failure, says }) => {
    const { run, faults } = await readBadly(options);
    expect(faults).toEqual([]);
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(endsOf(run)).toEqual(allBut(stream));
    expect(errorsOf(run)).toEqual([
      {
        message: expect.stringMatching(says),
        failure_type: failure,
        stream_descriptor: { name: stream },
      },
      { message: expect.stringMatching(says), failure_type: failure },
    ]);
    const last = messagesOf(run).at(-1);
    expect(last).toMatchObject({ type: 'TRACE', trace: { type: 'ERROR' } });
  },
);

test('two failed streams have an error each, and the summary names both', async () => {
  const faults = [
    { path: '=goals', fault: { kind: 'html' } as const },
    { path: '=skills', fault: { kind: 'wrongShape' } as const },
  ];
  const { run, faults: found } = await readBadly({ faults });
  expect(found).toEqual([]);
  expect(endsOf(run)).toEqual(allBut('goals', 'skills'));
  expect(errorsOf(run).map((error) => error.stream_descriptor?.name)).toEqual([
    'goals',
    'skills',
    undefined,
  ]);
  expect(errorsOf(run).at(-1)?.message).toMatch(
    `2 of ${streams.length} streams failed (goals, skills)`,
  );
});

test('the name of an unknown stream is shown by its length, because it could be a secret', async () => {
  await withSandbox({}, async (sandbox) => {
    const { streams: known } = await connection(['goals']);
    const named = known.map((one) => ({ ...one, stream: { ...one.stream, name: 'Pasted-4711' } }));
    const run = await runIn(sandbox, { catalog: { streams: [...known, ...named] } });
    expect(run.code).toBe(1);
    expect(errorsOf(run).at(-1)?.message).toContain(
      '1 of 2 streams failed ((a name of 11 characters, not shown))',
    );
    expect(run.stdout).not.toContain('Pasted-4711');
  });
});

test('a stream that fails in the middle keeps its records, and its state covers exactly these', async () => {
  const options: SandboxOptions = {
    chats: 50,
    switches: { maxPage: 10 },
    faults: [{ path: 'incremental/chats', nth: 4, fault: { kind: 'wrongShape' } }],
  };
  const { run, faults } = await readBadly(options);
  expect(faults).toEqual([]);
  expect(recordsOf(run, 'chats').length).toBeGreaterThan(20);
  expect(statesOf(run, 'chats').at(-1)).toMatchObject({
    update_timestamp: recordsOf(run, 'chats').at(-1)?.['update_timestamp'],
  });
});

test('a stream that the account does not have is complete without records, with a warning', async () => {
  const { run, faults } = await readBadly({ switches: { absent: { goals: 404, account: 403 } } });
  expect(faults).toEqual([]);
  expect(run.code).toBe(0);
  expect(endsOf(run)).toEqual(allBut());
  expect([...recordsOf(run, 'goals'), ...recordsOf(run, 'accounts')]).toEqual([]);
  expect(logsOf(run, 'WARN')).toEqual([
    expect.stringMatching(/^accounts: the stream is not available/),
    expect.stringMatching(/^goals: the stream is not available/),
  ]);
});

const wholeAccount: readonly { what: string; options: SandboxOptions; says: RegExp }[] = [
  {
    what: 'A token that is refused everywhere',
    options: { switches: { tokenRefused: true } },
    says: /access token is refused/,
  },
  {
    what: 'A subdomain where nothing answers',
    options: { switches: { absent: { '*': 404 } } },
    says: /check subdomain/,
  },
];

test.each(wholeAccount)(
  '$what ends the run at once: a config error, and every stream is incomplete',
  async ({ options, says }) => {
    const { run, faults, sandbox } = await readBadly(options);
    expect(faults).toEqual([]);
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(endsOf(run)).toEqual(allBut(...streams));
    expect(errorsOf(run)[0]).toMatchObject({
      message: expect.stringMatching(says),
      failure_type: 'config_error',
      stream_descriptor: { name: 'accounts' },
    });
    expect(sandbox.requests.length).toBeLessThanOrEqual(2);
  },
);

test('a Retry-After that exceeds the retry budget ends the run, and the error names its end', async () => {
  const retry: Fault = { kind: 'status', status: 429, retryAfter: 7200 };
  const { run, faults } = await readBadly(always('=roles', retry));
  expect(faults).toEqual([]);
  expect(run.code).toBe(1);
  const unread = streams.slice(streams.indexOf('roles'));
  expect(endsOf(run)).toEqual(allBut(...unread));
  expect(errorsOf(run)[0]).toMatchObject({
    failure_type: 'transient_error',
    stream_descriptor: { name: 'roles' },
  });
});

test('during a wait that the API requests, the stream reports its end', async () => {
  const retry: Fault = { kind: 'status', status: 429, retryAfter: 1 };
  const options: SandboxOptions = { faults: [{ path: '=bans', nth: 1, fault: retry }] };
  const { run, faults, sandbox } = await readBadly(options, { max_retry_seconds: 60 });
  expect(faults).toEqual([]);
  expect(run.code).toBe(0);
  const statuses = statusesOf(run, 'bans');
  expect(statuses.map(({ status, reasons = [] }) => [status, reasons.length])).toEqual([
    ['STARTED', 0],
    ['RUNNING', 0],
    ['RUNNING', 1],
    ['COMPLETE', 0],
  ]);
  const reset = statuses[2]?.reasons?.[0]?.rate_limited?.quota_reset ?? 0;
  const [first, second] = sandbox.requests.filter(({ path }) => path.endsWith('/bans'));
  expect(reset).toBe((first?.at ?? Infinity) + 1000);
  expect(second?.at).toBe(reset);
});

/** The others: reporting/secrets. */
test('no secret is logged if the response repeats the token, even at debug level', async () => {
  const body = JSON.stringify({ error: `Bearer ${markedToken}` });
  const faults = [{ path: 'incremental', fault: { kind: 'wrongShape', body } as const }];
  await withSandbox({ token: markedToken, faults }, async (sandbox) => {
    const run = await runIn(sandbox, {
      args: ['--debug'],
      env: { LOG_LEVEL: 'TRACE' },
      config: {
        access_token: '',
        credentials: { credentials: 'oauth2.0', ...markedSecrets },
        max_retry_seconds: 0,
      },
    });
    const catalog = await connection();
    expect(readFaults(run, { catalog, secrets: Object.values(markedSecrets) })).toEqual([]);
    expect(logsOf(run, 'DEBUG').length).toBeGreaterThan(0);
  });
});
