/** Valid inputs, from which the tests derive invalid ones. Every value in them has an effect. */
import type { Json, JsonObject } from '../../src/core/json.ts';

export function configsWith(token: string): readonly JsonObject[] {
  return [
    { subdomain: 'acme', access_token: token, start_date: '2024-01-01' },
    {
      subdomain: 'https://acme.zendesk.com/',
      start_date: '2024-01-01T08:00:00+02:00',
      end_date: '2024-06-01',
      credentials: {
        credentials: 'oauth2.0',
        access_token: token,
        client_id: 'client-4711',
        client_secret: 'client-secret-4711',
        refresh_token: 'refresh-4711',
      },
      lookback_minutes: '5',
      on_absent: 'fail',
      log_format: 'json',
      user_agent: 'acme',
      request_timeout: 30,
      requests_per_minute: '100',
      max_retry_seconds: 5,
      agents_page_limit: 50,
      bans_page_limit: 50,
    },
  ];
}

const selected = (breadcrumb: string[], value: boolean): Json => ({
  breadcrumb,
  metadata: { selected: value },
});

export const catalog: JsonObject = {
  streams: [
    {
      tap_stream_id: 'chats',
      stream: 'chat_table',
      schema: { properties: { id: { type: 'string' }, rating: { type: ['null', 'string'] } } },
      metadata: [selected([], true), selected(['properties', 'rating'], false)],
    },
    {
      tap_stream_id: 'agents',
      schema: {},
      key_properties: ['email'],
      metadata: [
        { breadcrumb: [], metadata: { selected: 'true', 'replication-method': 'INCREMENTAL' } },
        selected(['properties', 'display_name'], false),
        { breadcrumb: ['properties', 'departments'], metadata: { inclusion: 'unsupported' } },
      ],
    },
    { tap_stream_id: 'account', schema: {}, selected: true, metadata: [] },
  ],
};

/** Bookmarks by stream, in the forms that taps have written. */
export const bookmarks: readonly (readonly [stream: string, entry: JsonObject])[] = [
  [
    'chats',
    {
      update_timestamp: '2024-01-02T00:00:00Z',
      position: { end_time: 1704153600, end_id: '2401.x' },
    },
  ],
  ['chats', { update_timestamp: '1704153600' }],
  [
    'chats',
    {
      slices: [{ start: '2024-01-01T00:00:00Z', end: '2024-02-01T00:00:00Z' }],
      state_type: 'date-range',
      legacy: {},
    },
  ],
  [
    'chats',
    {
      'chat.end_timestamp': '2024-01-02T00:00:00Z',
      'offline_msg.timestamp': '2024-01-03T00:00:00Z',
    },
  ],
  [
    'agent_timeline',
    {
      start_time: '2024-01-02T00:00:00.5Z',
      position: { end_time: 1704153600500000, end_id: null },
    },
  ],
  ['agents', { id: 12 }],
  ['bans', { slices: [{ most_recent_cursor_value: 7 }] }],
];

export const states: readonly JsonObject[] = [
  { bookmarks: {}, currently_syncing: null },
  {
    bookmarks: Object.fromEntries([...bookmarks.slice(0, 1), ...bookmarks.slice(4)]),
    currently_syncing: 'chats',
  },
  { bookmarks: Object.fromEntries(bookmarks.slice(3, 4)), other_tap: { note: [1, 2] } },
];

export const airbyteCatalog: JsonObject = {
  streams: [
    {
      stream: { name: 'chats', json_schema: { properties: { id: {}, rating: {} } } },
      sync_mode: 'incremental',
      destination_sync_mode: 'append',
    },
    { stream: { name: 'agents', json_schema: {} }, sync_mode: 'full_refresh' },
  ],
};

function streamState([name, stream_state]: readonly [string, JsonObject]): JsonObject {
  return { type: 'STREAM', stream: { stream_descriptor: { name }, stream_state } };
}

export const airbyteStates: readonly Json[] = [
  [],
  bookmarks.slice(0, 1).map(streamState),
  {
    type: 'GLOBAL',
    global: { stream_states: bookmarks.slice(4).map((one) => streamState(one)['stream'] ?? null) },
  },
  { chats: { update_timestamp: '2024-01-02T00:00:00Z' }, agents: { id: 5 } },
  { type: 'STATE', state: streamState(['agents', { id: 5 }]) },
];

/** Command lines, with `CONFIG` and the like for the files' names. */
export const singerLines: readonly (readonly string[])[] = [
  ['--config', 'CONFIG'],
  ['-c', 'CONFIG', '--catalog=CATALOG', '--state', 'STATE'],
  [
    '--config',
    'CONFIG',
    '--select',
    'chats.*',
    '--select=!chats.visitor',
    '--start-date',
    '2024-02-01',
  ],
  ['--config', 'CONFIG', '--config=ENV', '--check'],
  ['--discover', '--select', 'agents'],
  ['--config', 'CONFIG', '--test=schema', '-p', 'CATALOG'],
  ['--about', '--format', 'json'],
];

export const airbyteLines: readonly (readonly string[])[] = [
  ['spec'],
  ['check', '--config', 'CONFIG'],
  ['discover', '--config=CONFIG', '--debug'],
  ['read', '--config', 'CONFIG', '--catalog', 'CATALOG', '--state', 'STATE'],
];
