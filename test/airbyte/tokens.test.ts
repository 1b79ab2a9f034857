/** Expiring tokens on the platform: CONTROL before a new one is used, and no token is wasted by a check. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import {
  connection,
  endsOf,
  logsOf,
  messagesOf,
  recordsOf,
  runIn,
  startIn,
  verdictOf,
} from '../support/run-source.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { checkRunFaults, readFaults } from './judge/checks.ts';
import type { SourceRun, StartedSource } from './judge/source-run.ts';

let folder = '';
let token_file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokens-'));
  token_file = join(folder, 'tokens.json');
});
afterEach(() => rm(folder, { recursive: true }));

const client = { client_id: 'sandbox-client', client_secret: 'sandbox-secret' };

/** The config of a source that was signed in on the platform. */
function signedIn({ provider, config }: Sandbox, tokens: object = {}) {
  const pair = provider.issue(client.client_id, true);
  const credentials = { credentials: 'oauth2.0', ...client, ...pair, ...tokens };
  return { subdomain: config.subdomain, start_date: config.start_date, credentials };
}

function controlsOf(run: SourceRun): readonly JsonObject[] {
  return messagesOf(run).flatMap((message) => {
    const told = message.type === 'CONTROL' ? message.control.connectorConfig : undefined;
    return told === undefined ? [] : [told.config];
  });
}

function tokenRequests({ requests }: Sandbox): readonly (number | null)[] {
  return requests.filter(({ path }) => path.endsWith('/token')).map(({ status }) => status);
}

/** Runs a verb with only this config. */
function runWith(
  sandbox: Sandbox,
  config: object,
  verb: 'check' | 'read' = 'read',
): Promise<SourceRun> {
  return runIn(sandbox, { verb, config: JSON.stringify(config) });
}

test.each([
  ['chats', 2],
  ['agents', 1],
])(
  'A token that expires in the middle of %s: one CONTROL with the whole config, and the same records',
  async (stream, nth) => {
    let met = 0;
    let expire = (): void => undefined;
    const options: SandboxOptions = {
      chats: 40,
      agents: 9,
      switches: { maxPage: 15, agentsMaxPage: 4 },
      onRequest: ({ path }) => {
        met += path.endsWith(`/${stream}`) ? 1 : 0;
        if (met === nth) expire();
      },
    };
    await withSandbox(options, async (sandbox) => {
      const config = { ...signedIn(sandbox), unknown: [null, {}] };
      const catalog = await connection(['agents', 'chats']);
      const plain = await runIn(sandbox, { config: JSON.stringify(config), catalog });
      met = 0;
      expire = () => {
        met += 1;
        sandbox.provider.expire();
      };
      const run = await runIn(sandbox, { config: JSON.stringify(config), catalog });
      expire = () => undefined;
      expect(run.code).toBe(0);
      expect(readFaults(run, { catalog, secrets: [client.client_secret] })).not.toContain(
        'CONTROL',
      );
      for (const name of ['agents', 'chats'])
        expect(recordsOf(run, name)).toEqual(recordsOf(plain, name));
      expect(tokenRequests(sandbox)).toEqual([200]);
      const [control, ...more] = controlsOf(run);
      expect(more).toEqual([]);
      const { credentials, ...others } = config;
      const fresh = {
        access_token: expect.stringMatching(/^access-/),
        refresh_token: expect.stringMatching(/^refresh-/),
      };
      expect(control).toEqual({ ...others, credentials: { ...credentials, ...fresh } });
      expect(control).not.toEqual(config);
      expect(run.touched).toEqual([]);

      sandbox.provider.expire();
      const next = await runWith(sandbox, control ?? {});
      expect(next.code).toBe(0);
      expect(controlsOf(next)).toHaveLength(1);
    });
  },
);

test('A source that is killed at the first use of a new token has already sent the config, which a next run can use', async () => {
  let hasStarted: (source: StartedSource) => void = () => undefined;
  const started = new Promise<StartedSource>((resolve) => {
    hasStarted = resolve;
  });
  let isRenewed = (): boolean => false;
  const onRequest: SandboxOptions['onRequest'] = async ({ path }) => {
    if (!path.startsWith('/api/') || !isRenewed()) return;
    const source = await started;
    source.kill('SIGKILL');
    await source.result;
  };
  await withSandbox({ onRequest }, async (sandbox) => {
    const config = signedIn(sandbox);
    sandbox.provider.expire();
    isRenewed = () => tokenRequests(sandbox).length > 0;
    const source = await startIn(sandbox, { config: JSON.stringify(config) });
    hasStarted(source);
    const [control] = controlsOf(await source.result);
    expect(control).toBeDefined();
    isRenewed = () => false;
    const next = await runWith(sandbox, control ?? {});
    expect(next.code).toBe(0);
    expect(controlsOf(next)).toEqual([]);
  });
});

test('With a token file the platform also receives the config, and both configs work afterwards', async () => {
  await withSandbox({}, async (sandbox) => {
    const config = { ...signedIn(sandbox), token_file };
    sandbox.provider.expire();
    const run = await runWith(sandbox, config);
    const [control = {}] = controlsOf(run);
    expect(await readFile(token_file, 'utf8')).toContain(
      (control['credentials'] as Record<string, string>)['refresh_token'],
    );
    for (const one of [config, control, config]) {
      sandbox.provider.expire();
      expect((await runWith(sandbox, one)).code).toBe(0);
    }
  });
});

test.each([
  ['an expired access token', {}],
  ['no access token', { access_token: null }],
])(
  'A check with %s that cannot store the next refresh token uses none and leaves the renewal to the sync',
  async (_what, tokens) => {
    await withSandbox({}, async (sandbox) => {
      const config = signedIn(sandbox, tokens);
      sandbox.provider.expire();
      const check = await runWith(sandbox, config, 'check');
      expect(checkRunFaults(check, [client.client_secret])).toEqual([]);
      expect(verdictOf(check)).toEqual({ status: 'SUCCEEDED' });
      expect(logsOf(check, 'WARN')).toEqual([
        expect.stringContaining('the access token has expired. The next sync renews it'),
      ]);
      expect(logsOf(check, 'WARN')[0]).toContain('did not test read access');
      expect(tokenRequests(sandbox)).toEqual([]);
      const run = await runWith(sandbox, config);
      expect(endsOf(run)).toMatchObject({ agents: 'COMPLETE', chats: 'COMPLETE' });
    });
  },
);

test('A check with a token file renews the token, reads, and stores the tokens for the sync', async () => {
  await withSandbox({}, async (sandbox) => {
    const config = { ...signedIn(sandbox), token_file };
    sandbox.provider.expire();
    const check = await runWith(sandbox, config, 'check');
    expect(verdictOf(check)).toEqual({ status: 'SUCCEEDED' });
    expect(logsOf(check, 'WARN')).toEqual([]);
    expect(controlsOf(check)).toEqual([]);
    expect((await runWith(sandbox, config)).code).toBe(0);
    expect(tokenRequests(sandbox)).toEqual([200]);
  });
});

test('A check without a refresh token fails and says to sign in again; client credentials need none', async () => {
  await withSandbox({}, async (sandbox) => {
    const expired = signedIn(sandbox, { refresh_token: '' });
    sandbox.provider.expire();
    const check = await runWith(sandbox, expired, 'check');
    expect(verdictOf(check)).toEqual({
      status: 'FAILED',
      message: expect.stringMatching(/sign in again/i),
    });
    const confidential = signedIn(sandbox, { access_token: null, refresh_token: null });
    expect(verdictOf(await runWith(sandbox, confidential, 'check'))).toEqual({
      status: 'SUCCEEDED',
    });
    const run = await runWith(sandbox, confidential);
    expect(run.code).toBe(0);
    expect(controlsOf(run)).toEqual([]);
  });
});

test('A refresh token that was used before fails the sync with advice', async () => {
  await withSandbox({}, async (sandbox) => {
    const config = signedIn(sandbox);
    sandbox.provider.expire();
    sandbox.provider.revoke();
    const run = await runWith(sandbox, config);
    expect(run.code).toBe(1);
    const errors = run.stdout.toString('utf8');
    expect(errors).toContain('the refresh token is refused');
    expect(errors).toContain('config_error');
    expect(errors).toContain('Sign in again: ');
    expect(controlsOf(run)).toEqual([]);
  });
});
