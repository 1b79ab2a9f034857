/** A config in any of its forms leads to the same requests; a wrong one to none. */
import { tmpdir } from 'node:os';

import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/json.ts';
import type { LoggedRequest } from '../../src/sandbox/request-log.ts';
import { catalogOf } from '../helpers/catalogs.ts';
import { writeInputs } from '../helpers/input-files.ts';
import { runTap, type TapInput, type TapResult } from '../helpers/run-tap.ts';
import { criticalLines, leaks, secretToken, withSandbox } from '../helpers/with-sandbox.ts';

interface Asked {
  readonly result: TapResult;
  readonly requests: readonly LoggedRequest[];
}

const chats = catalogOf('chats');

/** A run for the chats alone, and what the sandbox was asked. */
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
  {
    name: 'an address for the subdomain',
    config: { ...plain, subdomain: 'https://Sandbox.zendesk.com/' },
  },
  { name: 'a host for the subdomain', config: { ...plain, subdomain: 'sandbox.zendesk.com' } },
  {
    name: 'blanks and capitals',
    config: { ...plain, subdomain: ' Sandbox ', access_token: ` ${secretToken}\n` },
  },
  { name: 'a token with its word', config: { ...plain, access_token: `Bearer ${secretToken}` } },
  { name: 'a date-time', config: { ...plain, start_date: '2024-12-01T00:00:00Z' } },
  {
    name: 'a date-time of another zone',
    config: { ...plain, start_date: '2024-12-01T05:30:00+05:30' },
  },
  { name: 'a date-time without a zone', config: { ...plain, start_date: '2024-12-01T00:00:00' } },
  {
    name: 'OAuth keys with a token',
    config: { ...plain, ...oauth, token_file: '/nowhere/t.json' },
  },
  {
    name: "Airbyte's access token",
    config: {
      subdomain: 'sandbox',
      start_date: '2024-12-01T00:00:00Z',
      credentials: { credentials: 'access_token', access_token: secretToken },
    },
  },
  {
    name: "Airbyte's OAuth",
    config: {
      subdomain: 'sandbox',
      start_date: '2024-12-01T00:00:00Z',
      credentials: { credentials: 'oauth2.0', ...oauth, access_token: secretToken },
    },
  },
  {
    name: "Airbyte's object without the name of the method",
    config: { ...plain, access_token: '', credentials: { access_token: secretToken } },
  },
  {
    name: "Airbyte's object as text",
    config: {
      ...plain,
      access_token: null,
      credentials: JSON.stringify({ access_token: secretToken }),
    },
  },
  {
    name: 'an old draft of it',
    config: {
      subdomain: 'sandbox',
      start_date: '2024-12-01',
      authorization: { authorization: 'access_token', access_token: secretToken },
    },
  },
  {
    name: 'numbers as text',
    config: {
      ...plain,
      request_timeout: '60',
      requests_per_minute: '200',
      max_retry_seconds: '900',
    },
  },
  { name: 'empty keys', config: { ...plain, user_agent: '', end_date: null, extra_streams: [] } },
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

test('A user agent of one’s own is sent in place of ours', async () => {
  const { requests } = await ask({ config: { ...plain, user_agent: 'acme (data@acme.example)' } });
  expect(requests[0]?.userAgent).toBe('acme (data@acme.example)');
});

test('Page limits, also as text, arrive at the API', async () => {
  const { requests } = await ask({
    config: { ...plain, agents_page_limit: '7', bans_page_limit: 9 },
    catalog: catalogOf(['agents', 'bans']),
  });
  const limits = requests.map(({ path, query }) => `${path.split('/').at(-1)} ${query['limit']}`);
  expect([...new Set(limits)]).toEqual(['agents 7', 'bans 9']);
});

test('Without a start date the last two years are read, and the log says so', async () => {
  const { result } = await ask({ config: { ...plain, start_date: null } });
  expect(result.code).toBe(0);
  expect(result.stderrLines[0]).toMatch(
    /^INFO start_date is not set: chats and timelines are read from \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, two years before now\.$/,
  );
});

test('An unknown key is warned about once, with the key that was meant, and ignored', async () => {
  const { result } = await ask({ config: { ...plain, strat_date: '2020-01-01', colour: 'red' } });
  expect(result.code).toBe(0);
  expect(result.warnings).toEqual([
    'The config key "strat_date" is unknown and ignored. Did you mean start_date?',
    'The config key "colour" is unknown and ignored.',
  ]);
});

test('Settings of the singer-io tap that no longer matter have one line each', async () => {
  const config = { ...plain, chat_search_interval_days: '14', chats_full_sync_days: 30 };
  const { result } = await ask({ config });
  expect(result).toMatchObject({ code: 0, warnings: [] });
  expect(result.stderrLines.filter((line) => line.includes(' is obsolete: '))).toEqual([
    expect.stringMatching(/^INFO chat_search_interval_days is obsolete: /),
    expect.stringMatching(/^INFO chats_full_sync_days is obsolete: /),
  ]);
});

test.each<{ name: string; input: TapInput; says: readonly RegExp[] }>([
  {
    name: 'three mistakes',
    input: {
      config: { subdomain: 'acme.example.com', acces_token: 'sec-c14', start_date: '12/01/2010' },
    },
    says: [
      /^CRITICAL subdomain is "acme\.example\.com", another host than zendesk\.com: give acme for /,
      /^CRITICAL access_token is missing: .* The config holds "acces_token": did you mean access_token\?$/,
      /^CRITICAL start_date is "12\/01\/2010", which is no ISO date: write 2010-01-12 or 2010-12-01\.$/,
    ],
  },
  {
    name: 'a refresh token without its client',
    input: { config: { subdomain: 'acme', ...oauth, client_id: '' } },
    says: [/^CRITICAL client_id is missing: a refresh token can only be used together with /],
  },
  {
    name: "a refresh token without its client in Airbyte's form",
    input: {
      config: {
        subdomain: 'acme',
        credentials: { credentials: 'oauth2.0', ...oauth, client_id: null },
      },
    },
    says: [/^CRITICAL client_id is missing: a refresh token can only be used together with /],
  },
  {
    name: 'nothing in it',
    input: { config: {} },
    says: [/^CRITICAL subdomain is missing: give acme for /, /^CRITICAL access_token is missing: /],
  },
  {
    name: 'a number that is none',
    input: { config: { ...plain, requests_per_minute: 'many' } },
    says: [
      /^CRITICAL requests_per_minute is a text of 4 characters: it must be a whole number from 1 to 10000\.$/,
    ],
  },
  {
    name: 'an extra stream that does not exist',
    input: { config: { ...plain, extra_streams: ['chat_mesages'] } },
    says: [/^CRITICAL extra_streams names "chat_mesages", a stream that does not exist: /],
  },
  { name: 'a list', input: { config: '[]' }, says: [/^CRITICAL The config is of type array: /] },
  {
    name: 'no JSON',
    input: { config: '{"subdomain": "acme",\n "access_token": sec-c14}' },
    says: [/^CRITICAL --config: .*config\.json is not JSON: the mistake is at line 2, column 18\./],
  },
  { name: 'nothing at all', input: { config: ' \n' }, says: [/^CRITICAL --config: .* is empty: /] },
  {
    name: 'a file that does not exist',
    input: { args: ['--config', 'nowhere/config.json'] },
    says: [/^CRITICAL --config: nowhere\/config\.json does not exist: check the path\.$/],
  },
  {
    name: 'a folder in its place',
    input: { args: ['--config', tmpdir()] },
    says: [/^CRITICAL --config: .* is a directory: name the file in it\.$/],
  },
  { name: 'no file', input: {}, says: [/^CRITICAL no config: pass --config FILE/] },
])('A config with $name is told in so many words, and nobody is asked', async ({ input, says }) => {
  const { result, requests } = await ask(input);
  expect(result).toMatchObject({ code: 1, stdout: '' });
  expect(criticalLines(result)).toEqual(says.map((text) => expect.stringMatching(text)));
  expect(result.stderrLines.at(-1)).toMatch(/^CRITICAL /);
  expect(requests).toEqual([]);
  for (const secret of ['sec-c14', ...Object.values(oauth)]) {
    expect(leaks(result, secret)).toEqual([]);
  }
});

test.each<{ name: string; input: TapInput; says: RegExp }>([
  {
    name: 'A catalog that is not JSON',
    input: { catalog: '{' },
    says: /^CRITICAL --catalog: .* is not JSON/,
  },
  {
    name: 'A catalog without streams',
    input: { catalog: {} },
    says: /^CRITICAL The catalog is not usable: it must be an object with a list "streams"/,
  },
  {
    name: 'A catalog that selects what does not exist',
    input: {
      catalog: { streams: [{ tap_stream_id: 'chat', schema: {}, selected: true }] },
    },
    says: /^CRITICAL The catalog selects the stream "chat", which this tap does not have\. Did you mean "chats"\?/,
  },
  {
    name: 'A catalog that does not exist',
    input: { args: ['-p', 'nowhere.json'] },
    says: /^CRITICAL --catalog: nowhere\.json does not exist/,
  },
  {
    name: 'A state that is not JSON',
    input: { state: '' },
    says: /^CRITICAL --state: .* is empty/,
  },
  {
    name: 'A state that is a whole message',
    input: { state: { type: 'STATE', value: { bookmarks: {} } } },
    says: /^CRITICAL The state is not usable: this is a whole message\. Pass only what stands under the "value"/,
  },
  {
    name: 'A state that is a list',
    input: { state: '[]' },
    says: /^CRITICAL The state is not usable: this is a list/,
  },
  {
    name: 'A bookmark that makes no sense',
    input: { state: { bookmarks: { chats: { update_timestamp: 'yesterday' } } } },
    says: /^CRITICAL chats: /,
  },
  {
    name: 'A config in YAML',
    input: { config: `# mine\nsubdomain: acme\naccess_token: ${secretToken}\n` },
    says: /^CRITICAL --config: .*config\.json is not JSON: it looks like YAML\. JSON is expected, such as /,
  },
  {
    name: 'A state in YAML',
    input: { state: '---\n- chats\n' },
    says: /^CRITICAL --state: .*state\.json is not JSON: it looks like YAML\. JSON is expected, such as /,
  },
])('$name is told in so many words, and nobody is asked', async ({ input, says }) => {
  const isWithCatalog = 'catalog' in input || input.args !== undefined;
  const { result, requests } = await withSandbox({}, async (sandbox) => {
    const rest = { config: { ...sandbox.config }, ...(isWithCatalog ? {} : { catalog: chats }) };
    const run = await runTap({ ...rest, ...input, sandboxUrl: sandbox.url });
    return { result: run, requests: sandbox.requests };
  });
  expect(result).toMatchObject({ code: 1, stdout: '' });
  expect(result.stderrLines).toEqual([expect.stringMatching(says)]);
  expect(requests).toEqual([]);
});

test.each([
  'http://api.example.com',
  'ftp://127.0.0.1',
  'https://user:sec-c15@api.example.com',
  'https://api.example.com/path?token=sec-c15',
  'nonsense sec-c15',
])('The API’s address cannot be turned elsewhere by ZENDESK_CHAT_API_URL=%s', async (url) => {
  const result = await runTap({ config: plain, sandboxUrl: url });
  expect(result).toMatchObject({ code: 1, stdout: '' });
  expect(criticalLines(result)).toEqual([
    expect.stringMatching(/^CRITICAL ZENDESK_CHAT_API_URL must be https:\/\/host, or /),
  ]);
  expect(leaks(result, 'sec-c15')).toEqual([]);
});

test.each([
  { name: 'null', more: { start_date: null } },
  { name: 'an empty text', more: { start_date: '' } },
])('A second --config that holds $name leaves the start_date of the first', async ({ more }) => {
  const folder = await writeInputs({ config: more });
  try {
    const { requests } = await ask({ config: plain, args: folder.argv });
    expect(requests[0]?.query).toMatchObject({ start_time: startTime });
  } finally {
    await folder.remove();
  }
});
