/** `check` requests each default stream. Its result always says what to do. */
import { expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { withClosedPort } from '../support/local-server.ts';
import { logsOf, runIn, runVerb, verdictOf } from '../support/run-source.ts';
import { askedPaths, secretToken, withSandbox } from '../support/with-sandbox.ts';
import { withClock, worldStartMs } from '../support/world.ts';
import { checkRunFaults } from './judge/checks.ts';
import type { SourceRun } from './judge/source-run.ts';

/** A FAILED status that is valid by the protocol, with this message. */
function expectFailed(run: SourceRun, says: RegExp): void {
  expect(checkRunFaults(run, [secretToken])).toEqual([]);
  expect(verdictOf(run)).toEqual({ status: 'FAILED', message: expect.stringMatching(says) });
}

interface Row {
  readonly why: string;
  readonly options: SandboxOptions;
  readonly says: RegExp;
  readonly config?: object;
}

function answering(status: number, more: object = {}): SandboxOptions {
  return { faults: [{ fault: { kind: 'status', status, ...more } }] };
}

const rows: readonly Row[] = [
  {
    why: '401: the token',
    options: { switches: { tokenRefused: true } },
    says: /401 .*access token is refused.*"read chat"/,
  },
  { why: '403: what the token may not', options: answering(403), says: /403 .*administrator/ },
  {
    why: '404: the subdomain',
    options: { switches: { absent: { '*': 404 } } },
    says: /404 .*check subdomain and access_token/,
  },
  {
    why: '429 with a pause of an hour',
    options: answering(429, { retryAfter: 3600 }),
    says: /429 .*no request before/,
  },
  { why: 'a web page', options: { faults: [{ fault: { kind: 'html' } }] }, says: /JSON/ },
  {
    why: 'a redirect elsewhere',
    options: { faults: [{ fault: { kind: 'redirect', location: 'https://elsewhere.test/' } }] },
    says: /elsewhere\.test/,
  },
  {
    why: 'no answer, and little patience',
    options: { faults: [{ fault: { kind: 'stall', where: 'headers' } }] },
    config: { request_timeout: 1 },
    says: /does not answer within 1 s/,
  },
  {
    why: 'no answer',
    options: { faults: [{ fault: { kind: 'stall', where: 'headers' } }] },
    says: /does not answer within 10 s/,
  },
];

function createClock(): FakeClock {
  return createFakeClock(worldStartMs);
}

test.each(rows)('$why: one FAILED, in its own words', async ({ options, config = {}, says }) => {
  const clock = createClock();
  await withClock(clock, options, async (sandbox) => {
    const run = await runIn(sandbox, { verb: 'check', config, clock });
    expectFailed(run, says);
    expect(sandbox.requests.length).toBeLessThanOrEqual(2);
  });
});

test('a response that never ends causes one FAILED with its own message', async () => {
  const clock = createClock();
  const faults = [{ fault: { kind: 'slow', everyMs: 1, pieces: 1000 } as const }];
  await withClock(clock, { faults }, async (sandbox) => {
    const ended = runIn(sandbox, { verb: 'check', clock });
    const isOver = ended.then(() => true);
    while (!(await Promise.race([isOver, clock.refreshed()]))) clock.pass(4000);
    expectFailed(await ended, /not respond completely within 25 s/);
  });
});

const config = { subdomain: 'acme', access_token: secretToken };

/** A check of a server that is not the sandbox. */
function checkAt(address: string): Promise<SourceRun> {
  const env = { ZENDESK_CHAT_API_URL: address };
  return runVerb('check', { config, env, clock: createClock() });
}

test('a port without a server', async () => {
  const run = await withClosedPort((origin) => checkAt(origin));
  expectFailed(run, /refuses the connection/);
});

test('a server without TLS although it is required', async () => {
  await withSandbox({}, async (sandbox) => {
    const run = await checkAt(sandbox.url.replace('http:', 'https:'));
    expectFailed(run, /the TLS connection .* fails/);
    expect(sandbox.requests).toEqual([]);
  });
});

test('one bad response is retried', async () => {
  const clock = createClock();
  const faults = [{ nth: 1, fault: { kind: 'status', status: 503 } as const }];
  await withClock(clock, { faults }, async (sandbox) => {
    const run = await runIn(sandbox, { verb: 'check', clock });
    expect(checkRunFaults(run, [secretToken])).toEqual([]);
    expect(verdictOf(run)).toEqual({ status: 'SUCCEEDED' });
    expect(sandbox.requests.map(({ status }) => status).slice(0, 2)).toEqual([503, 200]);
  });
});

/** A check of an account with these special properties. */
async function checkOf(options: SandboxOptions) {
  const clock = createClock();
  return withClock(clock, options, async (sandbox) => {
    const run = await runIn(sandbox, { verb: 'check', clock });
    expect(checkRunFaults(run, [secretToken])).toEqual([]);
    return { run, asked: askedPaths(sandbox) };
  });
}

test('every default stream is requested, within one budget', async () => {
  const { run, asked } = await checkOf({});
  expect(verdictOf(run)).toEqual({ status: 'SUCCEEDED' });
  expect(logsOf(run, 'WARN')).toEqual([]);
  expect(new Set(asked).size).toBe(12);
});

test('streams that the token may not read are named in one warning', async () => {
  const { run } = await checkOf({ switches: { absent: { chats: 403, skills: 403, goals: 404 } } });
  expect(verdictOf(run)).toEqual({ status: 'SUCCEEDED' });
  expect(logsOf(run, 'WARN')).toEqual([
    expect.stringMatching(/^goals: the stream is not available .*404/),
    expect.stringMatching(
      /^this token may not read skills, chats: a sync fails unless you deselect them/,
    ),
  ]);
});

test('a response of another shape fails the check, as it would fail a sync', async () => {
  const fault = { kind: 'wrongShape', body: '[{}]' } as const;
  const { run } = await checkOf({ faults: [{ path: '=agents', fault }] });
  expectFailed(run, /^agents: .*without a key/);
});

test('an account without any readable stream fails', async () => {
  const { run } = await checkOf({
    faults: [
      { path: '=agents', query: { since_id: '0' }, fault: { kind: 'status', status: 403 } },
      { path: '=agents', fault: { kind: 'wrongShape', body: '[]' } },
      { fault: { kind: 'status', status: 403 } },
    ],
  });
  expect(verdictOf(run)).toMatchObject({ status: 'FAILED', message: expect.stringMatching(/403/) });
});

test('an API URL that is neither https nor on this machine is rejected', async () => {
  const run = await checkAt('http://elsewhere.test');
  expectFailed(run, /^ZENDESK_CHAT_API_URL must be https/);
});

test('an invalid command line is reported on stderr, with the usage', async () => {
  const run = await runVerb('check', { config, args: ['--sideways'] });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('sideways');
});
