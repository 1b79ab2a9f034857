/** Dry runs: the output and the advice of --check, --test and --test=schema. */
import { expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { catalogOf } from '../support/catalogs.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { askedPaths, lastErrorLine, leaks, withSandbox } from '../support/with-sandbox.ts';
import { withWorld } from '../support/world.ts';

/** The table, one row per stream, its words separated by one space. */
function rows({ stdout }: TapResult): readonly string[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replaceAll(/ +/g, ' '));
}

function check(at: { readonly url: string; readonly config: object }, config: object = {}) {
  return runTap({ args: ['--check'], sandboxUrl: at.url, config: { ...at.config, ...config } });
}

test('--check with a good token sends requests to each endpoint and shows how much there is', async () => {
  await withSandbox({}, async (sandbox) => {
    const result = await check(sandbox);
    expect(result.code).toBe(0);
    expect(rows(result).slice(0, 2)).toEqual([
      'accounts ok 1 record',
      'routing_settings ok 1 record',
    ]);
    expect(rows(result)).toContain('agents ok');
    expect(rows(result)).toHaveLength(12);
    expect(rows(result).at(-1)).toMatch(
      /^chats ok oldest of \d{4}-\S+Z, newest of \d{4}-\S+Z, \d+ (min|h|days) old$/,
    );
    expect(lastErrorLine(result)).toBe('INFO all 12 streams can be read');
    expect(new Set(askedPaths(sandbox)).size).toBe(12);
    expect(sandbox.requests.length).toBeLessThanOrEqual(20);
  });
});

test('--check of an unknown account shows the status of the first answer', async () => {
  await withSandbox({ switches: { absent: { '*': 404 } } }, async (sandbox) => {
    const result = await check(sandbox);
    expect(result.code).toBe(2);
    expect(rows(result)[0]).toBe('accounts FAILED answers 404');
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
    expect(rows(result)).toEqual([
      expect.stringMatching(/^chats ok oldest of \S+Z, newest of \S+Z, \d+ days old$/),
    ]);
    expect(lastErrorLine(result)).toBe('INFO the selected stream can be read');
    expect(sandbox.requests.length).toBe(4);
  });
});

const fifty = { chats_page_limit: 50, requests_per_minute: 12 };

test('--check estimates the requests and the time of a long run from two pages of times', async () => {
  await withWorld({ chats: 2000 }, async ({ sandbox, run }) => {
    const args = ['--select', 'chats', '--select', '!chats.history'];
    const checked = await run({ args: [...args, '--check'], config: fifty });
    const requests = sandbox.requests.length;
    const [row = ''] = rows(checked);
    const [, oldest, newest, about, minutes] =
      /^chats ok oldest of (\S+), newest of (\S+), 10 min old, about (\d+) requests, (\d+) min$/.exec(
        row,
      ) ?? [];
    const result = await run({ args, config: { ...fifty, read_ahead: 1 } });
    const times = result.records('chats').map((chat) => chat['update_timestamp']);
    expect([oldest, newest]).toEqual([times[0], times.at(-1)]);
    const actual = sandbox.requests.length - requests;
    expect(Number(about) / actual).toBeGreaterThan(0.5);
    expect(Number(about) / actual).toBeLessThan(2);
    expect(Number(minutes)).toBe(Math.ceil(Number(about) / 12));
    const [probe, ...estimate] = sandbox.requests.slice(0, requests).map(({ query }) => query);
    expect(probe?.['fields']).not.toContain('history');
    expect(estimate.map(({ fields }) => fields)).toEqual(
      Array.from({ length: 3 }, () => 'chats(update_timestamp)'),
    );
  });
});

test('--check finds the newest of many chats, all of them months old', async () => {
  const newestAgeSeconds = 90 * 86_400;
  await withWorld({ chats: 2000, days: 200, newestAgeSeconds }, async ({ sandbox, run }) => {
    const result = await run({ args: ['--check', '--select', 'chats'], config: fifty });
    expect(rows(result)).toEqual([expect.stringMatching(/newest of \S+, 90 days old, about /)]);
    expect(sandbox.requests.length).toBeLessThan(25);
  });
});

test.each<[string, SandboxOptions, object, RegExp]>([
  ['the whole export is one page', { chats: 49 }, {}, /oldest of .* min old$/],
  ['the last tenth is less than a page', { chats: 400 }, {}, /oldest of .* min old$/],
  [
    'the first page has only one time',
    { chats: 2000, ties: [{ at: 'start', count: 60 }] },
    {},
    /oldest of .* min old$/,
  ],
  [
    'the start is later than the newest chat',
    { chats: 400 },
    { start_date: '2026-01-05T11:55:00Z' },
    /^chats ok newest of .* min old$/,
  ],
  [
    'the end is earlier than the oldest chat',
    { chats: 400 },
    { end_date: '2024-06-01', start_date: '2024-01-01' },
    /^chats ok newest of .* min old$/,
  ],
])('--check estimates nothing if %s', async (_, options, config, text) => {
  await withWorld(options, async ({ run }) => {
    const result = await run({
      args: ['--check', '--select', 'chats'],
      config: { ...fifty, ...config },
    });
    expect(result).toMatchObject({ code: 0, warnings: [] });
    expect(rows(result)).toEqual([expect.stringMatching(text)]);
  });
});

test('--check estimates a run although the API rejects lists of fields, and does not warn', async () => {
  const options = { chats: 2000, switches: { fieldLists: 'refused' as const } };
  await withWorld(options, async ({ run }) => {
    const result = await run({ args: ['--check', '--select', 'chats'], config: fifty });
    expect(result).toMatchObject({ code: 0, warnings: [] });
    expect(rows(result)).toEqual([expect.stringMatching(/about \d+ requests, \d+ min$/)]);
  });
});

test('--check is successful although its estimate fails', async () => {
  const query = { fields: 'chats(update_timestamp)' };
  const faults = [{ path: 'chats', query, fault: { kind: 'status', status: 503 } as const }];
  await withWorld({ chats: 400, faults }, async ({ run }) => {
    const result = await run({ args: ['--check', '--select', 'chats'], config: fifty });
    expect(result).toMatchObject({ code: 0, warnings: [] });
    expect(rows(result)).toEqual([expect.stringMatching(/^chats ok newest of .* min old$/)]);
  });
});

test('--check names a count under the name that the catalog gives a stream', async () => {
  const catalog = catalogOf('accounts', (entry) => {
    entry.tap_stream_id = 'account';
  });
  await withWorld({}, async ({ run }) => {
    const result = await run({ args: ['--check'], catalog });
    expect(rows(result)).toEqual(['account ok 1 record']);
  });
});

test('--check with a wrong token asks twice and says what to do', async () => {
  await withSandbox({}, async (sandbox) => {
    const result = await check(sandbox, { access_token: 'wrong-token' });
    expect(result.code).toBe(2);
    expect(rows(result).slice(0, 2)).toEqual([
      'accounts FAILED answers 401',
      'routing_settings not tried',
    ]);
    expect(lastErrorLine(result)).toMatch(/^CRITICAL accounts: .*put a new Chat token/);
    expect(sandbox.requests).toHaveLength(2);
    expect(leaks(result, 'wrong-token')).toEqual([]);
  });
});

test('--check with a token that may not read two endpoints names them, and what can be done', async () => {
  await withSandbox({ switches: { absent: { account: 403, triggers: 404 } } }, async (sandbox) => {
    const result = await check(sandbox);
    expect(result.code).toBe(0);
    expect(rows(result)).toContain('accounts absent answers 403');
    expect(rows(result)).toContain('triggers absent answers 404');
    expect(lastErrorLine(result)).toMatch(
      /^WARNING 10 of 12 streams can be read; not available .*: accounts, triggers\. Use the token of an administrator/,
    );
    const strict = await check(sandbox, { on_absent: 'fail' });
    expect(strict.code).toBe(2);
    expect(lastErrorLine(strict)).toMatch(
      /^CRITICAL 2 of 12 streams failed \(accounts, triggers\)/,
    );
  });
});

test('--check does not wait for an API that asks for patience', async () => {
  await withSandbox({}, async (sandbox) => {
    sandbox.faults.add({ path: '=agents', fault: { kind: 'status', status: 429, retryAfter: 60 } });
    const result = await check(sandbox);
    expect(result.code).toBe(1);
    expect(lastErrorLine(result)).toMatch(/^CRITICAL agents: .* allows no request before /);
  });
});

test('--test reads one record of each selected stream and writes no message', async () => {
  await withSandbox({ bans: { ip: 0, visitor: 0 } }, async (sandbox) => {
    const result = await runTap({
      args: ['--test', '--select', 'chats', '--select', 'bans', '--select', 'agents'],
      sandboxUrl: sandbox.url,
      config: sandbox.config,
    });
    expect(result.code).toBe(0);
    expect(rows(result)).toEqual(['agents ok 1 record', 'bans ok 0 records', 'chats ok 1 record']);
    expect(lastErrorLine(result)).toBe('INFO all 3 streams can be read');
  });
});

test('--test=schema prints the SCHEMA messages of the selected streams and makes no request', async () => {
  await withSandbox({}, async (sandbox) => {
    const result = await runTap({
      args: ['--test=schema', '--select', 'chats.rating', '--select', 'goals'],
      sandboxUrl: sandbox.url,
      config: sandbox.config,
    });
    expect(result.code).toBe(0);
    expect(result.messages.map(({ type }) => type)).toEqual(['SCHEMA', 'SCHEMA']);
    const columns = Object.keys(result.schemas['chats']?.schema.properties ?? {});
    expect(columns).toEqual(['id', 'update_timestamp', 'rating']);
    expect(sandbox.requests).toEqual([]);
  });
});

test('a config can come from the environment, and single choices from the command line', async () => {
  await withSandbox({}, async (sandbox) => {
    const { subdomain, access_token: token } = sandbox.config;
    const result = await runTap({
      args: ['--config=ENV', '--select', 'chats.*', '--start-date', '2000-01-01'],
      sandboxUrl: sandbox.url,
      env: { TAP_ZENDESK_CHAT_SUBDOMAIN: subdomain, TAP_ZENDESK_CHAT_ACCESS_TOKEN: token },
    });
    expect(result.code).toBe(0);
    expect(Object.keys(result.schemas)).toEqual(['chats']);
    expect(result.stderr).toContain('INFO chats: reading from 2000-01-01T00:00:00Z');
  });
});

test.each([
  { path: '=goals', body: '{}', says: /^CRITICAL goals: .* but an array of objects was expected/ },
  { path: '=account', body: '{"error":"internal"}', says: /^CRITICAL accounts: .*"internal"/ },
  {
    path: 'incremental/chats',
    body: '[]',
    says: /^CRITICAL chats: .* but an object with the array/,
  },
  { path: '=agents', body: '[{"name":"x"}]', says: /^CRITICAL agents: 1 item without a key/ },
])('--check fails where a sync would: $path answered with $body', async ({ path, body, says }) => {
  await withWorld({}, async ({ sandbox, run }) => {
    sandbox.faults.add({ path, fault: { kind: 'wrongShape', body } });
    const result = await run({ args: ['--check'] });
    expect(result.code).toBe(1);
    expect(lastErrorLine(result)).toMatch(says);
  });
});
