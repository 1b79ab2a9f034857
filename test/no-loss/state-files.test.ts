/** All of a state is checked when it is read, also of streams that are not, and before any request. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import { catalogOf } from '../support/catalogs.ts';
import { connection, errorsOf, runIn } from '../support/run-source.ts';
import { runTap } from '../support/run-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';

const noTime = 'not a time in the years 1 to 9999; ';
const noId = 'not a whole number from 0 to 9007199254740990; ';
const needsTime = 'is invalid: it has no update_timestamp, but "position"; ';

const wrongBookmarks: readonly { stream: string; entry: JsonObject | string; says: string }[] = [
  ...['0000-01-01', '9999-12-31T23:59:59-01:00'].map((time) => ({
    stream: 'chats',
    entry: { update_timestamp: time },
    says: `update_timestamp is "${time}", ${noTime}`,
  })),
  {
    stream: 'chats',
    entry: { update_timestamp: 'SECRET12345' },
    says: `a string of 11 characters, ${noTime}`,
  },
  { stream: 'chats', entry: { update_timestamp: -1 }, says: `update_timestamp is -1, ${noTime}` },
  { stream: 'chats', entry: { update_timestamp: ['2024-01-01'] }, says: `is an array, ${noTime}` },
  { stream: 'chats', entry: { position: { end_time: 1704153600, end_id: null } }, says: needsTime },
  {
    stream: 'chats',
    entry: { update_timestamp: null, position: { end_time: 1704153600, end_id: null } },
    says: needsTime,
  },
  {
    stream: 'chats',
    entry: { slices: [{ start: '10000-01-01', end: '2024-01-01' }] },
    says: `start is a string of 11 characters, ${noTime}`,
  },
  {
    stream: 'chats',
    entry: { 'chat.end_timestamp': '0000-01-01', 'offline_msg.timestamp': '2024-01-01' },
    says: `chat.end_timestamp is "0000-01-01", ${noTime}`,
  },
  {
    stream: 'agent_timeline',
    entry: { update_timestamp: '2024-01-01' },
    says: 'it has no start_time, but "update_timestamp"; ',
  },
  { stream: 'agents', entry: { id: 9007199254740991 }, says: `id is 9007199254740991, ${noId}` },
  {
    stream: 'agents',
    entry: { id: '9007199254740991' },
    says: `id is "9007199254740991", ${noId}`,
  },
  { stream: 'bans', entry: { id: 1.5 }, says: `id is 1.5, ${noId}` },
  { stream: 'bans', entry: { id: -1 }, says: `id is -1, ${noId}` },
  { stream: 'bans', entry: { position: { end_time: 5 } }, says: 'it has no id, but "position"; ' },
  { stream: 'chats', entry: 'yesterday', says: '"bookmarks.chats" must be an object, not string.' },
];

test.each(wrongBookmarks)(
  'A bookmark $entry of the unselected $stream is rejected before any request',
  async ({ stream, entry, says }) => {
    await withSandbox({}, async (sandbox) => {
      const run = await runTap({
        config: { ...sandbox.config },
        catalog: catalogOf('departments'),
        state: { bookmarks: { [stream]: entry } },
        sandboxUrl: sandbox.url,
      });
      expect(run).toMatchObject({ code: 2, stdout: '' });
      expect(run.stderrLines).toEqual([expect.stringContaining(says)]);
      expect(run.stderr).toContain(stream);
      expect(sandbox.requests).toEqual([]);
    });
  },
);

/** The first one of each stream. */
const oneEach = wrongBookmarks.filter(
  ({ stream }, index) => index === wrongBookmarks.findIndex((other) => other.stream === stream),
);

test.each(oneEach)(
  'Airbyte: a state $entry of $stream is rejected before any request',
  async ({ stream, entry }) => {
    await withSandbox({}, async (sandbox) => {
      const state = [
        { type: 'STREAM', stream: { stream_descriptor: { name: stream }, stream_state: entry } },
      ];
      const catalog = await connection(['departments']);
      const run = await runIn(sandbox, { catalog, state: JSON.stringify(state) });
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(errorsOf(run)).toEqual([
        expect.objectContaining({
          failure_type: 'config_error',
          message: expect.stringContaining(stream),
        }),
      ]);
      expect(sandbox.requests).toEqual([]);
    });
  },
);

/** All of them: unit/singer/state. */
test.each<[string, object | string, RegExp]>([
  ["Airbyte's list of stream states", [{ type: 'STREAM', stream: {} }], /as in Airbyte/],
  ['a whole STATE message', { type: 'STATE', value: {} }, /whole message.*"value"/],
  ['nothing', '', /--state/],
  ['half a file', '{"bookmarks": {"chats": ', /--state/],
])('A state that is %s is rejected before any request, with advice', async (_name, state, hint) => {
  await withSandbox({}, async (sandbox) => {
    const run = await runTap({ config: { ...sandbox.config }, state, sandboxUrl: sandbox.url });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderrLines).toEqual([expect.stringMatching(hint)]);
    expect(sandbox.requests).toEqual([]);
  });
});

test('A state whose currently_syncing is not a name is rejected', async () => {
  const run = await runTap({
    config: { subdomain: 'acme', access_token: 'token-1', start_date: '2024-12-01' },
    state: { bookmarks: {}, currently_syncing: 5 },
    sandboxUrl: 'http://127.0.0.1:9',
  });
  expect(run.stderrLines).toEqual([
    'CRITICAL The state is not usable: "currently_syncing" must be the name of a stream or null, not number.',
  ]);
});

test.each<{ state: JsonObject; warns: string }>([
  {
    state: { bookmarks: { chat: { update_timestamp: '2024-12-01T00:00:00Z' } } },
    warns:
      'The state has a bookmark for the stream "chat", which this tap does not have. Did you mean chats?',
  },
  {
    state: { chats_position: '2024-12-01T00:00:00Z' },
    warns: 'The state has no "bookmarks": every stream is read from the beginning.',
  },
])('A state $state without anything to resume from causes a warning', async ({ state, warns }) => {
  await withSandbox({}, async (sandbox) => {
    const run = await runTap({
      config: { ...sandbox.config },
      catalog: catalogOf('departments'),
      state,
      sandboxUrl: sandbox.url,
    });
    expect(run).toMatchObject({ code: 0, warnings: [warns] });
    expect(run.lastState).toMatchObject(state);
  });
});

test('A bookmark before 1970 starts at the first time that the API accepts', async () => {
  await withSandbox({}, async (sandbox) => {
    const position = { end_time: -2208988800, end_id: null };
    const run = await runTap({
      config: { ...sandbox.config, start_date: null },
      catalog: catalogOf('chats'),
      state: { bookmarks: { chats: { update_timestamp: '1900-01-01T00:00:00Z', position } } },
      sandboxUrl: sandbox.url,
    });
    expect(run.code).toBe(0);
    expect(sandbox.requests[0]?.query).toMatchObject({ start_time: '0' });
  });
});
