/** All accepted forms of a config lead to the same requests, and an invalid config to none. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import type { LoggedRequest } from '../../src/sandbox/api/request-log.ts';
import { catalogOf } from '../support/catalogs.ts';
import { writeInputs } from '../support/input-files.ts';
import { runTap, type TapInput, type TapResult } from '../support/run-tap.ts';
import { criticalLines, leaks, secretToken, withSandbox } from '../support/with-sandbox.ts';

interface Asked {
  readonly result: TapResult;
  readonly requests: readonly LoggedRequest[];
}

const chats = catalogOf('chats');

/** A run that reads only chats, and its requests. */
async function ask(input: TapInput): Promise<Asked> {
  return withSandbox({}, async (sandbox) => {
    const env = { LOGLEVEL: 'debug' };
    const result = await runTap({ catalog: chats, env, ...input, sandboxUrl: sandbox.url });
    return { result, requests: [...sandbox.requests] };
  });
}

const plain = { subdomain: 'sandbox', access_token: secretToken, start_date: '2024-12-01' };

const oauth = { client_id: 'id-c11', client_secret: 'sec-c12', refresh_token: 'ref-c13' };

/** 2024-12-01T00:00:00Z. */
const startTime = '1733011200';

test.each<{ name: string; config: JsonObject | string }>([
  { name: 'the plain form', config: plain },
  { name: 'OAuth keys with a token', config: { ...plain, ...oauth } },
  {
    name: "Airbyte's OAuth as text",
    config: {
      subdomain: 'https://Sandbox.zendesk.com/',
      start_date: '2024-12-01T05:30:00+05:30',
      credentials: JSON.stringify({ ...oauth, access_token: `Bearer ${secretToken}` }),
    },
  },
  { name: 'a byte order mark', config: `\uFEFF${JSON.stringify(plain)}` },
])('A config with $name leads to the same first request', async ({ config }) => {
  const { result, requests } = await ask({ config });
  expect(result).toMatchObject({ code: 0, warnings: [] });
  expect(requests[0]).toMatchObject({
    path: '/api/v2/chat/incremental/chats',
    query: { fields: 'chats(*)', limit: '1000', start_time: startTime },
    isAuthorized: true,
    status: 200,
  });
  expect(requests[0]?.userAgent).toMatch(/^tap-zendesk-chat\/\d+\.\d+\.\d+$/);
  for (const secret of [secretToken, ...Object.values(oauth)]) {
    expect(leaks(result, secret)).toEqual([]);
  }
});

test('A configured user agent replaces the default', async () => {
  const { requests } = await ask({ config: { ...plain, user_agent: 'acme (data@acme.example)' } });
  expect(requests[0]?.userAgent).toBe('acme (data@acme.example)');
});

test('Page limits, also as strings, are sent to the API', async () => {
  const { requests } = await ask({
    config: { ...plain, agents_page_limit: '7', bans_page_limit: 9 },
    catalog: catalogOf(['agents', 'bans']),
  });
  const limits = requests.map(({ path, query }) => `${path.split('/').at(-1)} ${query['limit']}`);
  expect([...new Set(limits)]).toEqual(['agents 7', 'bans 9']);
});

test('All messages about a config are logged, each at its level', async () => {
  const config = { ...plain, start_date: null, strat_date: '2020-01-01', chats_full_sync_days: 30 };
  const { result } = await ask({ config });
  expect(result.code).toBe(0);
  expect(result.stderrLines.slice(0, 3)).toEqual([
    expect.stringMatching(/^INFO chats_full_sync_days is obsolete: /),
    expect.stringMatching(
      /^INFO start_date is not set: .* \d{4}-\d\d-\d\dT.*Z, two years before now\.$/,
    ),
    'WARNING The config key "strat_date" is unknown and ignored. Did you mean start_date?',
  ]);
});

test.each<{ name: string; input: TapInput; says: readonly RegExp[] }>([
  {
    name: 'three mistakes',
    input: {
      config: { subdomain: 'acme.example.com', acces_token: 'sec-c14', start_date: '12/01/2010' },
    },
    says: [
      /^CRITICAL subdomain is "acme\.example\.com", which is not a host of zendesk\.com: give acme for /,
      /^CRITICAL access_token is missing: .* The config contains "acces_token": did you mean access_token\?$/,
      /^CRITICAL start_date is "12\/01\/2010", which is not an ISO date: write 2010-01-12 or 2010-12-01\.$/,
    ],
  },
  { name: 'a list', input: { config: '[]' }, says: [/^CRITICAL The config is of type array: /] },
  {
    name: 'no JSON',
    input: { config: '{"subdomain": "acme",\n "access_token": sec-c14}' },
    says: [/^CRITICAL --config: .*config\.json is not JSON: the error is at line 2, column 18\./],
  },
  { name: 'no file', input: {}, says: [/^CRITICAL no config: pass --config FILE/] },
  {
    name: 'variables that no --config=ENV reads',
    input: { env: { TAP_ZENDESK_CHAT_ACCESS_TOKEN: 'sec-c14', TAP_ZENDESK_CHAT_LOGLEVEL: 'info' } },
    says: [
      /^CRITICAL no config: pass --config=ENV\. TAP_ZENDESK_CHAT_ACCESS_TOKEN is set, but only --config=ENV reads variables$/,
    ],
  },
  {
    name: 'a file that lacks what variables have',
    input: {
      config: { start_date: '2024-01-01' },
      env: { TAP_ZENDESK_CHAT_SUBDOMAIN: 'acme', TAP_ZENDESK_CHAT_TOKEN_FILE: 'sec-c14' },
    },
    says: [
      /^CRITICAL subdomain is missing: .* TAP_ZENDESK_CHAT_SUBDOMAIN is set, but it is read only with --config=ENV\.$/,
      /^CRITICAL access_token is missing: .* TAP_ZENDESK_CHAT_TOKEN_FILE is set, but it is read only with --config=ENV\.$/,
    ],
  },
])(
  'A config with $name is reported with this text, and no request is made',
  async ({ input, says }) => {
    const { result, requests } = await ask(input);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(criticalLines(result)).toEqual(says.map((text) => expect.stringMatching(text)));
    expect(result.stderrLines.at(-1)).toMatch(/^CRITICAL /);
    expect(requests).toEqual([]);
    for (const secret of ['sec-c14', ...Object.values(oauth)]) {
      expect(leaks(result, secret)).toEqual([]);
    }
  },
);

test('Warnings about unknown keys are logged with the errors about other keys, each key once', async () => {
  const config = { subdomian: 'acme', access_token: 'x', strat_date: '2020-01-01', lookback: 1 };
  const { result } = await ask({ config, env: {} });
  expect(result.stderrLines).toEqual([
    'WARNING The config key "strat_date" is unknown and ignored. Did you mean start_date?',
    'WARNING The config key "lookback" is unknown and ignored. Did you mean lookback_minutes?',
    expect.stringMatching(/^CRITICAL subdomain is missing: .* contains "subdomian": did you mean/),
  ]);
});

test('--start-date and --end-date override the dates of the config', async () => {
  await withSandbox({}, async (sandbox) => {
    const read = async (config: JsonObject, ...args: string[]): Promise<readonly string[]> => {
      const result = await runTap({ catalog: chats, config, args, sandboxUrl: sandbox.url });
      expect(result.code).toBe(0);
      const times = result.records('chats').map(({ update_timestamp: time }) => time);
      return times.filter((time) => typeof time === 'string');
    };
    const all = await read(plain);
    const [start = '', end = ''] = [all[2], all.at(-3)];
    const narrow = { ...plain, end_date: '2024-12-02' };
    const some = await read(narrow, '--start-date', start, '--end-date', end);
    expect(some.length).toBeLessThan(all.length);
    expect(some).toEqual(all.filter((time) => time >= start && time <= end));
  });
});

test.each<{ name: string; input: TapInput; says: RegExp }>([
  {
    name: 'A state file with all states of a target',
    input: { state: '{"bookmarks": {}}\n{"bookmarks": {"agents": {"id": 4}}}\n' },
    says: /^CRITICAL --state: .* has several lines, each with a JSON object\. If a target wrote these states, use the last line \(tail -n 1\)\.$/,
  },
  {
    name: 'A state file whose last line is incomplete',
    input: { state: '{"bookmarks": {}}\n{"bookmarks": {"agents": {"id": 4}' },
    says: /^CRITICAL --state: .* has several lines, each with a JSON object\./,
  },
  {
    name: 'A catalog that is not JSON',
    input: { catalog: '{' },
    says: /^CRITICAL --catalog: .* is not JSON/,
  },
  {
    name: 'A catalog that selects what does not exist',
    input: {
      catalog: { streams: [{ tap_stream_id: 'chat', schema: {}, selected: true }] },
    },
    says: /^CRITICAL The catalog selects the stream "chat", which this tap does not have\. Did you mean "chats"\?/,
  },
  {
    name: 'A state that is not JSON',
    input: { state: '' },
    says: /^CRITICAL --state: .* is empty/,
  },
  {
    name: 'A state that is a whole message',
    input: { state: { type: 'STATE', value: { bookmarks: {} } } },
    says: /^CRITICAL The state is not usable: it is a whole message\. Pass only the "value" of a STATE message/,
  },
  {
    name: 'A bookmark that makes no sense',
    input: { state: { bookmarks: { chats: { update_timestamp: 'yesterday' } } } },
    says: /^CRITICAL chats: /,
  },
  {
    name: 'A state in YAML',
    input: { state: '---\n- chats\n' },
    says: /^CRITICAL --state: .*state\.json is not JSON: it looks like YAML\. JSON is expected, such as /,
  },
])('$name is reported with this text, and no request is made', async ({ input, says }) => {
  const isWithCatalog = 'catalog' in input || input.args !== undefined;
  const { result, requests } = await withSandbox({}, async (sandbox) => {
    const rest = { config: { ...sandbox.config }, ...(isWithCatalog ? {} : { catalog: chats }) };
    const run = await runTap({ ...rest, ...input, sandboxUrl: sandbox.url });
    return { result: run, requests: sandbox.requests };
  });
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(result.stderrLines).toEqual([expect.stringMatching(says)]);
  expect(requests).toEqual([]);
});

test('ZENDESK_CHAT_API_URL cannot redirect the token to another host', async () => {
  const url = 'https://user:sec-c15@api.example.com';
  const result = await runTap({ config: plain, sandboxUrl: url });
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(criticalLines(result)).toEqual([
    expect.stringMatching(/^CRITICAL ZENDESK_CHAT_API_URL must be https:\/\/host, or /),
  ]);
  expect(leaks(result, 'sec-c15')).toEqual([]);
});

test('A null in a second --config keeps the start_date of the first', async () => {
  const folder = writeInputs({ config: { start_date: null } });
  try {
    const { requests } = await ask({ config: plain, args: folder.argv });
    expect(requests[0]?.query).toMatchObject({ start_time: startTime });
  } finally {
    folder.remove();
  }
});
