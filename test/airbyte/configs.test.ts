/** Every stored form of a source's config is accepted, or rejected with advice. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import {
  connection,
  errorsOf,
  logsOf,
  messagesOf,
  recordsOf,
  runIn,
  runVerb,
  verdictOf,
} from '../support/run-source.ts';
import { secretToken, withSandbox } from '../support/with-sandbox.ts';
import { checkRunFaults, readFaults } from './judge/checks.ts';

const token = { credentials: 'access_token', access_token: secretToken };

const oauth = {
  credentials: 'oauth2.0',
  client_id: 'id-c11-do-not-show',
  client_secret: 'sec-c12-do-not-show',
  access_token: secretToken,
  refresh_token: 'ref-c13-do-not-show',
};

const secrets = [secretToken, oauth.client_id, oauth.client_secret, oauth.refresh_token];

const usual = { start_date: '2024-12-01T00:00:00Z', subdomain: 'sandbox' };

interface Form {
  readonly form: string;
  readonly config: JsonObject;
}

/** The tests of the config cover other spellings of a subdomain and a date. */
const good: readonly Form[] = [
  {
    form: 'C2: a token on top, and another one in credentials',
    config: {
      ...usual,
      access_token: secretToken,
      credentials: { credentials: 'access_token', access_token: 'old' },
    },
  },
  { form: 'C4: an access token', config: { ...usual, credentials: token } },
  { form: 'C5: OAuth', config: { ...usual, credentials: oauth } },
  {
    form: 'C9: keys of samples and of the CDK',
    config: { ...usual, credentials: token, api_pagination_limit: 5, _limit: 5, a: { b: true } },
  },
  {
    form: 'C10: an old draft',
    config: {
      ...usual,
      authorization: { authorization: 'access_token', access_token: secretToken },
    },
  },
];

/** Exactly this config, without the settings of the sandbox's config. */
function exactly(config: unknown): string {
  return typeof config === 'string' ? config : JSON.stringify(config);
}

test.each(good)('$form passes check', async ({ config }) => {
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { verb: 'check', config: exactly(config) });
    expect(checkRunFaults(run, secrets)).toEqual([]);
    expect(verdictOf(run)).toEqual({ status: 'SUCCEEDED' });
    expect(new Set(sandbox.requests.map(({ isAuthorized }) => isAuthorized))).toEqual(
      new Set([true]),
    );
  });
});

const starting = good.filter(({ form }) => /^C[59]/.test(form));

test.each(starting)('$form reads from its start date, and changes no file', async ({ config }) => {
  await withSandbox({}, async (sandbox) => {
    const catalog = await connection(['chats']);
    const run = await runIn(sandbox, { config: exactly(config), catalog });
    expect(readFaults(run, { catalog, secrets })).toEqual([]);
    expect(recordsOf(run, 'chats')).toHaveLength(12);
    expect(sandbox.requests[0]?.query['start_time']).toBe('1733011200');
    expect(messagesOf(run).filter(({ type }) => type === 'CONTROL')).toEqual([]);
  });
});

const bad = [
  {
    form: 'C1: no subdomain',
    config: { start_date: '2021-02-01T00:00:00Z', access_token: secretToken },
    says: /subdomain is missing/,
  },
  { form: 'no token', config: usual, says: /access_token/ },
  { form: 'no JSON', config: '{"subdomain": ', says: /not JSON/ },
  { form: 'a list', config: [], says: /object/ },
] as const;

test.each(bad)('$form: check fails, and says so without a request', async ({ config, says }) => {
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { verb: 'check', config: exactly(config) });
    expect(checkRunFaults(run, secrets)).toEqual([]);
    expect(verdictOf(run)).toEqual({ status: 'FAILED', message: expect.stringMatching(says) });
    expect(sandbox.requests).toEqual([]);
  });
});

test('A config without a subdomain ends a sync with a config error', async () => {
  await withSandbox({}, async (sandbox) => {
    const run = await runIn(sandbox, { config: exactly(bad[0].config) });
    expect(readFaults(run, { catalog: await connection(), secrets })).toEqual([]);
    expect(run.code).toBe(1);
    expect(errorsOf(run)).toEqual([
      { message: expect.stringMatching(bad[0].says), failure_type: 'config_error' },
    ]);
    expect(sandbox.requests).toEqual([]);
  });
});

test('log_format: json has no effect, because a log line is a message', async () => {
  await withSandbox({}, async (sandbox) => {
    const catalog = await connection(['goals']);
    const run = await runIn(sandbox, { config: { log_format: 'json' }, catalog });
    expect(readFaults(run, { catalog, secrets })).toEqual([]);
    expect(logsOf(run, 'INFO').length).toBeGreaterThan(0);
  });
});

test('a missing config file is reported in one sentence', async () => {
  const run = await runVerb('check', { args: ['--config', '/nowhere/config.json'] });
  expect(checkRunFaults(run)).toEqual([]);
  expect(verdictOf(run).message).toMatch(/nowhere.config\.json/);
});
