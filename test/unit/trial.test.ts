/** Trying, inside this process: what --check, --test and --about print. */
import { expect, test } from '@jest/globals';

import { runTap } from '../helpers/run-tap.ts';
import { lastWords, withSandbox } from '../helpers/with-sandbox.ts';

test('--check tells of each stream whether it can be read, and how new what it has is', async () => {
  await withSandbox({ switches: { absent: { triggers: 404 } } }, async (sandbox) => {
    sandbox.faults.add({ path: '=agents', fault: { kind: 'status', status: 403 } });
    const result = await runTap({
      args: ['--check'],
      sandboxUrl: sandbox.url,
      config: sandbox.config,
    });
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^accounts +ok$/m);
    expect(result.stdout).toMatch(/^triggers +absent +answers 404$/m);
    expect(result.stdout).toMatch(/^agents +FAILED +answers 403$/m);
    expect(result.stdout).toMatch(/^chats +ok +newest of \S+Z, \d+ (min|h|days) old$/m);
    expect(lastWords(result)).toMatch(/^CRITICAL agents: /);
  });
});

test('--check of chats that are days old looks further back until there is one', async () => {
  const options = { now: Date.now() - 5 * 86_400_000, clock: Date.now };
  await withSandbox(options, async (sandbox) => {
    const result = await runTap({
      args: ['--check', '--select', 'chats'],
      sandboxUrl: sandbox.url,
      config: sandbox.config,
    });
    expect(result.stdout).toMatch(/^chats +ok +newest of \S+Z, \d+ days old$/m);
    expect(sandbox.requests.length).toBe(3);
  });
});

test('--test reads one record of each selected stream', async () => {
  await withSandbox({}, async (sandbox) => {
    const result = await runTap({
      args: ['--test', '--select', 'chats', '--select', 'goals'],
      sandboxUrl: sandbox.url,
      config: sandbox.config,
    });
    expect(result.stdout).toBe('goals  ok         1 record\nchats  ok         1 record\n');
    expect(lastWords(result)).toBe('INFO all 2 streams can be read');
  });
});

test('--test=schema and --about need no network', async () => {
  const config = { subdomain: 'acme', access_token: 'secret-token' };
  const schema = await runTap({ args: ['--test=schema', '--select', 'goals'], config });
  expect(schema.messages).toMatchObject([{ type: 'SCHEMA', stream: 'goals' }]);
  const about = await runTap({ args: ['--about', '--format', 'json'] });
  expect(JSON.parse(about.stdout)).toMatchObject({ name: 'tap-zendesk-chat' });
  const text = await runTap({ args: ['--about'] });
  expect(text.stdout).toContain('lookback_minutes');
});
