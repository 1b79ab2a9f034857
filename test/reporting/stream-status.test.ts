/** The effect of a stream's status on the run: absent, failed, or an unreachable account. */
import { expect, test } from '@jest/globals';

import { catalogOf } from '../support/catalogs.ts';
import { askedPaths, criticalLines, lastErrorLine } from '../support/with-sandbox.ts';
import { runOnce } from '../support/world.ts';

const table = [
  { stream: 'accounts', path: 'account', statuses: [403, 404] },
  { stream: 'routing_settings', path: 'routing_settings/account', statuses: [404] },
  { stream: 'departments', path: 'departments', statuses: [404] },
  { stream: 'goals', path: 'goals', statuses: [404] },
  { stream: 'roles', path: 'roles', statuses: [404] },
  { stream: 'shortcuts', path: 'shortcuts', statuses: [404] },
  { stream: 'skills', path: 'skills', statuses: [404] },
  { stream: 'triggers', path: 'triggers', statuses: [404] },
  { stream: 'bans', path: 'bans', statuses: [404] },
  { stream: 'agent_timeline', path: 'agent_timeline', statuses: [404] },
] as const;

const absentEverywhere = Object.fromEntries(table.map(({ path }) => [path, 404]));

test('An account with only agents and chats is read without an error, and the log names the absent streams', async () => {
  const { result } = await runOnce({ switches: { absent: absentEverywhere } });
  expect(result.code).toBe(0);
  expect(criticalLines(result)).toEqual([]);
  expect(result.warnings.map((text) => text.split(':')[0])).toEqual(
    table.map(({ stream }) => stream),
  );
  expect(result.warnings[0]).toBe(
    'accounts: the stream is not available for this account or token (/api/v2/chat/account answers 404 Not Found ' +
      '("Not Found"). The account does not have this resource: check the subdomain, or deselect the stream.)',
  );
  expect(Object.keys(result.schemas)).toEqual(['agents', 'chats']);
  expect(result.records('chats')).toHaveLength(12);
  expect(lastErrorLine(result)).toMatch(/^INFO 12 streams: 2 complete, 10 absent, 0 failed; /);
  expect(result.messages.at(-1)?.type).toBe('STATE');
});

test.each([
  { path: 'goals', status: 403, stream: 'goals', exitCode: 2 },
  { path: 'agents', status: 404, stream: 'agents', exitCode: 1 },
  { path: 'chats', status: 404, stream: 'chats', exitCode: 1 },
  { path: 'bans', status: 410, stream: 'bans', exitCode: 1 },
])(
  'Status $status of $stream is a failure of that stream, and the others are read',
  async ({ path, status, stream, exitCode }) => {
    const { result } = await runOnce({ switches: { absent: { [path]: status } } });
    expect(result.code).toBe(exitCode);
    expect(criticalLines(result)).toHaveLength(1);
    expect(lastErrorLine(result)).toMatch(new RegExp(`^CRITICAL ${stream}: .* answers ${status} `));
    expect(result.stderr).toMatch(/11 complete, 0 absent, 1 failed/);
    expect(result.lastState['currently_syncing']).toBeNull();
  },
);

test('A run with failures of both kinds ends with 1, so that it is retried', async () => {
  const faults = [{ path: '=agents', fault: { kind: 'status', status: 500 } }] as const;
  const switches = { absent: { goals: 403 } };
  const { result } = await runOnce({ switches, faults }, { config: { max_retry_seconds: 0 } });
  expect(result.code).toBe(1);
  expect(lastErrorLine(result)).toMatch(/^CRITICAL 2 of 12 streams failed \(goals, agents\): /);
});

test.each([404, 410])(
  'A wrong subdomain, for which all endpoints return %s, is also detected if only chats is selected',
  async (status) => {
    const options = { switches: { absent: { '*': status } } };
    const { result } = await runOnce(options, { args: ['--select', 'chats'] });
    expect(result.code).toBe(2);
    expect(lastErrorLine(result)).toMatch(
      /^CRITICAL chats: neither this endpoint nor agents responds .* check subdomain and access_token in the config$/,
    );
  },
);

test('A stream that disappears during the read fails, so that a part does not count as complete', async () => {
  const { result } = await runOnce(
    {
      switches: { maxPage: 5 },
      faults: [
        { path: 'incremental/agent_timeline', nth: 2, fault: { kind: 'status', status: 404 } },
      ],
    },
    { catalog: catalogOf(['agent_timeline', 'agents']) },
  );
  expect(result.code).toBe(1);
  expect(lastErrorLine(result)).toMatch(/^CRITICAL agent_timeline: .*answers 404/);
  expect(result.records('agent_timeline')).toHaveLength(5);
  expect(result.warnings).toEqual([]);
});

test.each([404, 403])(
  'A wrong subdomain, for which all endpoints return %s, ends the run at once with advice',
  async (status) => {
    const { result, sandbox } = await runOnce({ switches: { absent: { '*': status } } });
    expect(result.code).toBe(2);
    expect(criticalLines(result)).toHaveLength(1);
    expect(lastErrorLine(result)).toMatch(
      /^CRITICAL accounts: neither this endpoint nor agents responds .* check subdomain and access_token in the config$/,
    );
    expect(askedPaths(sandbox)).toEqual(['account', 'agents']);
    expect(result.lines).toEqual([
      '{"type":"STATE","value":{"bookmarks":{},"currently_syncing":"accounts"}}',
    ]);
    expect(result.stderr).toContain('1 failed, 11 unread');
  },
);

test('A token that all endpoints reject ends the run at once with advice', async () => {
  const { result, sandbox } = await runOnce({ switches: { tokenRefused: true } });
  expect(result.code).toBe(2);
  expect(criticalLines(result)).toHaveLength(1);
  expect(lastErrorLine(result)).toMatch(
    /^CRITICAL accounts: .* answers 401 Unauthorized .* The access token is refused: .*put a new Chat token/,
  );
  expect(askedPaths(sandbox)).toEqual(['account', 'agents/me']);
});

test.each([
  { resource: 'account', stream: 'accounts' },
  { resource: 'departments', stream: 'departments' },
  { resource: 'chats', stream: 'chats' },
] as const)(
  'A token that is only rejected for $stream fails only that stream',
  async ({ resource, stream }) => {
    const { result } = await runOnce({ switches: { tokenRefused: [resource] } });
    expect(result.code).toBe(2);
    expect(criticalLines(result)).toEqual([
      expect.stringMatching(new RegExp(`^CRITICAL ${stream}: .* answers 401 Unauthorized`)),
    ]);
    expect(result.stderr).toMatch(/11 complete, 0 absent, 1 failed/);
    expect(Object.keys(result.schemas)).toHaveLength(11);
  },
);

test('A stream that was available earlier causes a warning, and its bookmark is kept', async () => {
  const bookmark = {
    start_time: '2025-12-01T00:00:00.000001Z',
    position: { end_time: 1_764_547_200_000_001, end_id: null },
  };
  const { result } = await runOnce(
    { switches: { absent: { agent_timeline: 404 } } },
    { state: { bookmarks: { agent_timeline: bookmark } } },
  );
  expect(result.code).toBe(0);
  expect(result.warnings).toEqual([
    expect.stringMatching(
      /^agent_timeline: the stream is not available for this account or token, although the state shows that it was available earlier \(/,
    ),
  ]);
  expect(result.lastState['bookmarks']).toMatchObject({ agent_timeline: bookmark });
});

test('A status that means absent may be temporary, so the stream is requested again after 2 s', async () => {
  const { result, sandbox } = await runOnce(
    { faults: [{ path: '=departments', times: 1, fault: { kind: 'status', status: 404 } }] },
    { catalog: catalogOf(['agents', 'departments']) },
  );
  expect(result.code).toBe(0);
  expect(result.warnings).toEqual([]);
  expect(result.records('departments')).toHaveLength(3);
  const asked = sandbox.requests.filter(({ path }) => path.endsWith('/departments'));
  const times = asked.map(({ at }) => at);
  expect(times).toHaveLength(2);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
});

test('A stream that returns 404 and then 403 is not absent but fails', async () => {
  const { result } = await runOnce(
    {
      faults: [
        { path: '=departments', nth: 1, fault: { kind: 'status', status: 404 } },
        { path: '=departments', fault: { kind: 'status', status: 403 } },
      ],
    },
    { catalog: catalogOf(['departments', 'agents']) },
  );
  expect(result.code).toBe(2);
  expect(lastErrorLine(result)).toMatch(/^CRITICAL departments: .* answers 403 /);
});

test('A 404 with Retry-After is a rate limit and is retried', async () => {
  const fault = { kind: 'status', status: 404, retryAfter: 30 } as const;
  const { result, clock } = await runOnce(
    { faults: [{ path: '=departments', times: 1, fault }] },
    { catalog: catalogOf(['departments', 'agents']) },
  );
  expect(result.code).toBe(0);
  expect(result.records('departments')).toHaveLength(3);
  expect(clock.sleeps).toEqual([30_000]);
});
