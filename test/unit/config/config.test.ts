import { test } from '@jest/globals';

import {
  apiOrigin,
  propertiesOf,
  readConfigSchema,
  readExtraStreams,
  replaceTokens,
  type Config,
} from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { ConfigError } from '../../../src/core/errors.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { expect } from '../../support/readable.ts';

const nowMs = Date.UTC(2024, 5, 15, 12, 30, 20, 500);
const knownStreams = ['agents', 'chats', 'chat_engagements', 'chat_messages'].map((name) => ({
  name,
  isDefault: !name.includes('_'),
}));
const needed: JsonObject = { subdomain: 'acme', access_token: 'token-1' };

async function configOf(value: Json): Promise<Config> {
  return (await parseConfig(value, { nowMs, knownStreams })).config;
}

/** The messages about a valid config, each after its level. */
async function messagesOf(value: Json): Promise<readonly string[]> {
  const { messages } = await parseConfig(value, { nowMs, knownStreams });
  return messages.map(({ level, message }) => `${level.toUpperCase()} ${message}`);
}

async function errorOf(value: Json): Promise<ConfigError> {
  const error = await parseConfig(value, { nowMs, knownStreams }).catch((reason) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return error;
}

async function sentencesOf(value: Json): Promise<readonly string[]> {
  return (await errorOf(value)).message.split('\n');
}

const defaults = {
  startDateMs: Date.UTC(2022, 5, 15, 12, 30, 20),
  hasStartDate: false,
  lookback_minutes: 0,
  extra_streams: [],
  on_absent: 'warn',
  on_forbidden: 'fail',
  on_bad_item: 'fail',
  log_format: 'text',
  request_timeout: 60,
  min_bytes_per_minute: 1024,
  requests_per_minute: 200,
  read_ahead: 4,
  max_retry_seconds: 900,
  agents_page_limit: 100,
  bans_page_limit: 100,
  chats_page_limit: 1000,
};

test('Subdomain and access token are enough, the rest has defaults', async () => {
  expect(await configOf(needed)).toEqual({ ...needed, ...defaults });
});

test.each([
  ['true', true],
  [' False ', false],
])('A boolean may be written as text: %j', async (text, value) => {
  expect(await configOf({ ...needed, log_metrics: text })).toMatchObject({ log_metrics: value });
});

test('Every setting is in the parsed config', async () => {
  const settings = {
    ...needed,
    start_date: '2023-01-01',
    end_date: '2023-02-01T10:00:00.25+01:00',
    lookback_minutes: 30,
    extra_streams: ['chat_messages'],
    on_absent: 'fail',
    on_forbidden: 'warn',
    on_bad_item: 'warn',
    log_format: 'json',
    log_metrics: false,
    user_agent: 'acme (ops@acme.example)',
    request_timeout: 0.5,
    min_bytes_per_minute: 0,
    requests_per_minute: 1,
    read_ahead: 1,
    max_retry_seconds: 0,
    agents_page_limit: 1,
    chats_page_limit: 1,
    bans_page_limit: 1000,
    client_id: 'client',
    client_secret: 'client-secret',
    refresh_token: 'refresh-1',
    token_file: '/tmp/tokens.json',
  };
  const known = propertiesOf(readConfigSchema()).map(([key]) => key);
  const others = ['login', 'credentials', 'authorization', 'chat_search_interval_days'];
  expect([...Object.keys(settings), ...others, 'chats_full_sync_days'].sort()).toEqual(
    known.sort(),
  );
  expect(await configOf(settings)).toEqual({
    ...settings,
    startDateMs: Date.UTC(2023, 0, 1),
    hasStartDate: true,
    endDateMs: Date.UTC(2023, 1, 1, 9, 0, 0, 250),
  });
});

const oauth = { credentials: 'oauth2.0', client_id: '', client_secret: '', refresh_token: null };

function subdomains(
  expected: string,
  ...given: readonly string[]
): [JsonObject, Partial<Config>][] {
  return given.map((subdomain) => [{ subdomain }, { subdomain: expected }]);
}

function extras(given: Json, ...extra_streams: readonly string[]): [JsonObject, Partial<Config>] {
  return [{ extra_streams: given }, { extra_streams }];
}

function starts(start_date: string, startDateMs: number): [JsonObject, Partial<Config>] {
  return [{ start_date }, { startDateMs, hasStartDate: true }];
}

test.each<[JsonObject, Partial<Config>]>([
  ...subdomains(
    'acme',
    'acme',
    'https://acme.zendesk.com/',
    'http://acme.zendesk.com/chat/agent?x=1#y',
    'https://acme.zendesk.com:443',
    'acme.zendesk.com',
    ' Acme ',
    'HTTPS://ACME.ZENDESK.COM',
  ),
  ...subdomains('acme-eu2', 'acme-eu2'),
  starts('2023-05-01', Date.UTC(2023, 4, 1)),
  starts('2023-05-01T06:00:00.999Z', Date.UTC(2023, 4, 1, 6, 0, 0, 999)),
  starts('2023-05-01 06:00:00+02:00', Date.UTC(2023, 4, 1, 4)),
  starts(' 1970-01-01 ', 0),
  extras(['chat_messages'], 'chat_messages'),
  extras('all', 'all'),
  extras('"all"', 'all'),
  extras('["chat_messages", "chat_engagements"]', 'chat_messages', 'chat_engagements'),
  extras('chat_messages, chat_engagements,', 'chat_messages', 'chat_engagements'),
  extras(['chats'], 'chats'),
  extras('[]'),
  extras(''),
  extras(null),
  [{ lookback_minutes: ' 15 ' }, { lookback_minutes: 15 }],
  [{ request_timeout: '2.5' }, { request_timeout: 2.5 }],
])('%j is read as %j', async (settings, expected) => {
  expect(await configOf({ ...needed, ...settings })).toMatchObject(expected);
});

test.each<[string, JsonObject]>([
  ['with "Bearer" before it', { access_token: ' Bearer token-1\n' }],
  ['in credentials', { credentials: { credentials: 'access_token', access_token: 'token-1' } }],
  ['in OAuth credentials', { credentials: { ...oauth, access_token: 'token-1' } }],
  ['in credentials that name no method', { credentials: { access_token: 'token-1' } }],
  ['in credentials as JSON text', { credentials: '{"access_token": "token-1"}' }],
  ['in authorization', { authorization: { authorization: 'oauth2.0', access_token: 'token-1' } }],
  ['first at top level', { credentials: { access_token: 'x' }, access_token: 'token-1' }],
  ['from both places', { access_token: '', credentials: { access_token: 'token-1' } }],
])('An access token is read %s', async (_where, tokens) => {
  const value = { subdomain: 'acme', start_date: '2024-01-01', ...tokens };
  expect(await configOf(value)).toMatchObject({ access_token: 'token-1' });
  expect(await messagesOf(value)).toEqual([]);
});

test.each<[string, JsonObject]>([
  ['a refresh token and its client', { refresh_token: 'c', client_id: 'a' }],
  ['client id and secret', { client_id: 'a', client_secret: 'b' }],
  ['a token file', { token_file: 'tokens.json' }],
])('Without an access token %s is enough', async (_what, settings) => {
  const start_date = '2024-01-01';
  expect(await messagesOf({ subdomain: 'acme', start_date, ...settings })).toEqual([]);
});

test('A refresh token that cannot be used is reported', async () => {
  const messages = await messagesOf({ ...needed, start_date: '2024-01-01', refresh_token: 'c' });
  expect(messages).toEqual([expect.stringMatching(/^WARNING refresh_token is not used: /)]);
});

test.each<[string, JsonObject, JsonObject]>([
  [
    'at top level',
    { subdomain: 'acme', access_token: 'a', refresh_token: 'r' },
    { subdomain: 'acme', access_token: 'A', refresh_token: 'R' },
  ],
  [
    'in credentials',
    { credentials: { credentials: 'oauth2.0', access_token: 'a', refresh_token: 'r' } },
    { credentials: { credentials: 'oauth2.0', access_token: 'A', refresh_token: 'R' } },
  ],
  [
    'in both, and in JSON text',
    { access_token: 'a', credentials: '{"refresh_token":"r","access_token":"b"}', x: [null, ''] },
    { access_token: 'A', credentials: '{"refresh_token":"R","access_token":"A"}', x: [null, ''] },
  ],
  [
    'beside the refresh token where there was no access token',
    { access_tokens: 1, credentials: { refresh_token: 'r' } },
    { access_tokens: 1, credentials: { refresh_token: 'R', access_token: 'A' } },
  ],
])('Renewed tokens are put into a config %s', (_where, config, expected) => {
  const renewed = replaceTokens(config, { accessToken: 'A', refreshToken: 'R' });
  expect(JSON.stringify(renewed)).toBe(JSON.stringify(expected));
});

test('Every token is known as a secret, also the one that is not used', async () => {
  const secrets: string[] = [];
  const credentials = { access_token: 'token-2', client_secret: 'cs', refresh_token: 'rt' };
  await parseConfig(
    { ...needed, credentials },
    { nowMs, addSecrets: (more) => secrets.push(...more) },
  );
  expect(secrets).toEqual(['token-1', 'token-2', 'cs', 'rt']);
});

test('Without a start date the log names the start', async () => {
  expect(await messagesOf(needed)).toEqual([
    'INFO start_date is not set: chats and timelines are read from 2022-06-15T12:30:20Z, two years before now.',
  ]);
});

test('Two years before a 29 February is a 28 February', async () => {
  const { config } = await parseConfig(needed, { nowMs: Date.UTC(2024, 1, 29) });
  expect(config.startDateMs).toBe(Date.UTC(2022, 1, 28));
});

test('A start date in the future causes a warning', async () => {
  expect(await messagesOf({ ...needed, start_date: '2024-06-16' })).toEqual([
    'WARNING start_date is 2024-06-16T00:00:00Z, which is in the future: no chats and no timelines are read.',
  ]);
});

test('Without a list of known streams any name is a valid extra stream', async () => {
  const { config } = await parseConfig({ ...needed, extra_streams: 'news' }, { nowMs });
  expect(config.extra_streams).toEqual(['news']);
});

test.each<[Json, readonly string[]]>([
  [{}, []],
  [{ extra_streams: null }, []],
  [{ extra_streams: '', subdomain: 7 }, []],
  [{ extra_streams: 'all' }, ['all']],
  [{ extra_streams: ['chat_messages'] }, ['chat_messages']],
  [[], []],
])('Discovery takes extra_streams from %j, whatever else is missing', (value, expected) => {
  expect(readExtraStreams(value)).toEqual(expected);
});

test.each<Json>([7, {}, [7], '{}'])('Discovery refuses extra_streams %j', (extra_streams) => {
  expect(() => readExtraStreams({ extra_streams })).toThrow(
    'extra_streams must be a list of stream names, or all. For example ["chat_messages"].',
  );
});

const pageHint = 'The API refuses pages of more than 100 agents.';
const notAList = 'it must be a list of stream names, or all. For example ["chat_messages"].';
const noStream =
  'a stream that does not exist: it may name chat_engagements, chat_messages, or be all.';

const writeIso = 'write 2024-01-31 or 2024-01-31T08:00:00Z.';
const example = 'give acme for an account at https://acme.zendesk.com.';
const otherHost = `which is not a host of zendesk.com: ${example}`;
const noName = `which does not consist of letters, digits and hyphens: ${example}`;

test.each<[string, Json, string]>([
  ['subdomain', 'chat.acme.com', `is "chat.acme.com", ${otherHost}`],
  ['subdomain', 'https://evil.example/.zendesk.com', `is a string of 33 characters, ${otherHost}`],
  ['subdomain', 'zendesk.com', `is "zendesk.com", ${otherHost}`],
  ['subdomain', 'me@acme', `is a string of 7 characters, ${noName}`],
  ['subdomain', '-acme', `is a string of 5 characters, ${noName}`],
  ['subdomain', 'https://.zendesk.com', `is a string of 20 characters, ${noName}`],
  ['subdomain', 'a b', `is "a b", ${noName}`],
  ['subdomain', '', `is missing: ${example}`],
  [
    'start_date',
    '12/01/2010',
    'is "12/01/2010", which is not an ISO date: write 2010-01-12 or 2010-12-01.',
  ],
  ['start_date', '31.12.2010', 'is "31.12.2010", which is not an ISO date: write 2010-12-31.'],
  ['start_date', '45/45/2010', `is "45/45/2010", which is not an ISO date: ${writeIso}`],
  ['start_date', '2023-02-30', `is "2023-02-30", which is not an ISO date: ${writeIso}`],
  ['start_date', 'yesterday', `is a string of 9 characters, which is not an ISO date: ${writeIso}`],
  [
    'start_date',
    '0023-02-03',
    `is "0023-02-03", which is not between the years 1970 and 2099: ${writeIso}`,
  ],
  [
    'start_date',
    '2100-01-01',
    `is "2100-01-01", which is not between the years 1970 and 2099: ${writeIso}`,
  ],
  ['end_date', '2022-01-01', 'must be later than start_date, which is 2022-06-15T12:30:20Z.'],
  ['agents_page_limit', 500, `is 500: it must be a whole number from 1 to 100. ${pageHint}`],
  ['agents_page_limit', '0', `is 0: it must be a whole number from 1 to 100. ${pageHint}`],
  ['bans_page_limit', 1001, 'is 1001: it must be a whole number from 1 to 1000.'],
  ['bans_page_limit', 'ten', 'is "ten": it must be a whole number from 1 to 1000.'],
  ['lookback_minutes', 1.5, 'is 1.5: it must be a whole number of 0 or more.'],
  ['lookback_minutes', -1, 'is -1: it must be a whole number of 0 or more.'],
  ['request_timeout', 0, 'is 0: it must be a number above 0, at most 86400.'],
  ['max_retry_seconds', true, 'is true: it must be a number from 0 to 604800.'],
  ['requests_per_minute', 0.5, 'is 0.5: it must be a whole number from 1 to 10000.'],
  ['on_absent', 'ignore', 'is a string of 6 characters: it must be "warn" or "fail".'],
  ['log_format', 1, 'is 1: it must be "text" or "json".'],
  ['log_metrics', 'on', 'is "on": it must be true or false.'],
  ['log_metrics', 1, 'is 1: it must be true or false.'],
  [
    'user_agent',
    'a\nb',
    'is a string of 3 characters: it must be one line of printable ASCII characters.',
  ],
  ['token_file', [], 'is an array: it must be a string.'],
  ['subdomain', 7, 'is 7: it must be a string.'],
  ['start_date', 20240101, 'is 20240101: it must be an ISO date such as 2024-01-31.'],
  ['end_date', {}, 'is an object: it must be an ISO date such as 2024-01-31.'],
  ['extra_streams', 7, `is 7: ${notAList}`],
  ['extra_streams', [7], `is an array: ${notAList}`],
  [
    'extra_streams',
    'chat_mesages',
    `names "chat_mesages", ${noStream} Did you mean chat_messages?`,
  ],
  ['extra_streams', ['visitors'], `names "visitors", ${noStream}`],
  [
    'extra_streams',
    '[chat_messages]',
    `names "[chat_messages]", ${noStream} Did you mean chat_messages?`,
  ],
  [
    'access_token',
    'two words',
    'contains a space, a line break or a letter that no token contains: copy it again.',
  ],
  ['credentials', 'secret', 'must be an object with access_token.'],
])('%s: %j is rejected with advice', async (key, value, rest) => {
  const error = await errorOf({ ...needed, [key]: value });
  expect(error).toMatchObject({ kind: 'config', key, message: `${key} ${rest}` });
});

test('An end date of the first second is too early', async () => {
  const dates = { start_date: '2024-01-01', end_date: '2024-01-01' };
  expect(await sentencesOf({ ...needed, ...dates })).toEqual([
    'end_date must be later than start_date, which is 2024-01-01T00:00:00Z.',
  ]);
});

test('All mistakes in a file are reported, each in its own sentence', async () => {
  const sentences = await sentencesOf({
    subdomian: 'acme',
    access_token: 5,
    on_absent: 'never',
    start_date: '12/01/2010',
  });
  expect(sentences).toEqual([
    'subdomain is missing: give acme for an account at https://acme.zendesk.com. The config contains "subdomian": did you mean subdomain?',
    'access_token must be a string.',
    'start_date is "12/01/2010", which is not an ISO date: write 2010-01-12 or 2010-12-01.',
    'on_absent is a string of 5 characters: it must be "warn" or "fail".',
  ]);
});

test.each<[string, Json, string]>([
  ['stream_maps', '{"chats": {"email": null}}', 'map or hash values'],
  ['stream_map_config', { hash_seed: 'x' }, 'map or hash values'],
  ['faker_config', { seed: 1 }, 'replace values with fake ones'],
  ['batch_config', { encoding: {} }, 'write records to batch files'],
])('%s is rejected unless it is empty', async (key, value, what) => {
  const [sentence] = await sentencesOf({ ...needed, [key]: value });
  expect(sentence).toContain(`${key} is not supported: this tap does not ${what}. Remove it from`);
  for (const empty of [{}, [], null, '', '{}', false])
    expect(await messagesOf({ ...needed, start_date: '2024-01-01', [key]: empty })).toEqual([]);
});

const noToken =
  'access_token is missing: get one with "tap-zendesk-chat login", or give an OAuth token of Zendesk Chat ' +
  'with the scopes read and chat.';

test.each<[string, JsonObject, string]>([
  ['without one', {}, noToken],
  [
    'with acces_token',
    { acces_token: 'x' },
    `${noToken} The config contains "acces_token": did you mean access_token?`,
  ],
  [
    'with accessToken',
    { accessToken: 'x' },
    `${noToken} The config contains "accessToken": did you mean access_token?`,
  ],
  [
    'with token',
    { token: 'x' },
    `${noToken} The config contains "token": did you mean access_token?`,
  ],
  [
    'with a typing mistake inside credentials',
    { credentials: { credentials: 'access_token', access_tokn: 'x' } },
    `${noToken} The config contains "credentials.access_tokn": did you mean access_token?`,
  ],
  ['with a client secret only', { client_secret: 'b' }, noToken],
  [
    'with a refresh token only',
    { refresh_token: 'c', client_secret: 'b' },
    'client_id is missing: a refresh token works only with the client that it was issued to.',
  ],
])('The error about a config %s names the missing settings', async (_how, tokens, sentence) => {
  expect(await sentencesOf({ subdomain: 'acme', ...tokens })).toEqual([sentence]);
});

test.each<[Json, string]>([
  [['x'], 'array'],
  ['marker-7391', 'string'],
  [null, 'null'],
])('A config that is %j is rejected', async (value, type) => {
  expect(await sentencesOf(value)).toEqual([
    `The config is of type ${type}: it must be a JSON object such as {"subdomain": "acme", "access_token": "..."}.`,
  ]);
});

test('Each unknown key causes a warning and has no effect', async () => {
  const messages = await messagesOf({
    ...needed,
    start_date: '2024-01-01',
    stat_date: '2020-01-01',
    constructor: 'x',
    _limit: 3,
    credentials: { acces_token: 'marker-7391' },
  });
  const ignored = 'is unknown and ignored.';
  expect(messages).toEqual([
    `WARNING The config key "stat_date" ${ignored} Did you mean start_date?`,
    `WARNING The config key "constructor" ${ignored}`,
    `WARNING The config key "_limit" ${ignored} Did you mean agents_page_limit?`,
    `WARNING The config key "credentials.acces_token" ${ignored} Did you mean access_token?`,
  ]);
});

test('Only the first ten of very many unknown keys are named', async () => {
  const keys = Array.from({ length: 12 }, (_, index) => [`other_key_${'x'.repeat(index)}`, 1]);
  const messages = await messagesOf({ ...needed, ...Object.fromEntries(keys) });
  expect(messages).toHaveLength(12);
  expect(messages.at(-1)).toBe('WARNING 2 more config keys are unknown and ignored.');
});

test('Settings of the singer-io tap are accepted, with a message that they have no effect', async () => {
  const messages = await messagesOf({
    ...needed,
    start_date: '2024-01-01',
    chat_search_interval_days: '14',
    chats_full_sync_days: 'never',
  });
  expect(messages).toEqual([
    expect.stringMatching(/^INFO chat_search_interval_days is obsolete: A set/),
    expect.stringMatching(/^INFO chats_full_sync_days is obsolete: A setting /),
  ]);
});

test('The schema describes each key and marks those that are secret', () => {
  const keys = propertiesOf(readConfigSchema());
  const undescribed = keys.filter(
    ([, { title = '', description = '' }]) => !(title && description),
  );
  const secret = keys.filter(([, { writeOnly }]) => writeOnly === true);
  expect(undescribed).toEqual([]);
  expect(secret.map(([key]) => key)).toEqual([
    'access_token',
    'client_id',
    'client_secret',
    'refresh_token',
  ]);
});

test.each([
  ['', 'https://acme.zendesk.com'],
  ['https://api.example', 'https://api.example'],
  [' https://api.example:8443/ ', 'https://api.example:8443'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://127.9.9.9', 'http://127.9.9.9'],
  ['http://[::1]:8080/', 'http://[::1]:8080'],
  ['http://localhost:8080', 'http://localhost:8080'],
])('With ZENDESK_CHAT_API_URL=%s requests go to %s', (url, origin) => {
  expect(apiOrigin('acme', { ZENDESK_CHAT_API_URL: url })).toBe(origin);
});

test.each([
  'http://api.example',
  'http://127.0.0.1.evil.example',
  'http://localhost.evil.example',
  'http://10.0.0.1',
  'https://api.example/v2',
  'https://api.example/?a=1',
  'https://api.example/#a',
  'https://user:marker@api.example',
  'ftp://127.0.0.1',
  'api.example',
])('Requests are never sent to %s', (url) => {
  expect(() => apiOrigin('acme', { ZENDESK_CHAT_API_URL: url })).toThrow(
    /^ZENDESK_CHAT_API_URL must be https:\/\/host, or http:\/\/127\.0\.0\.1:port on this machine/,
  );
});
