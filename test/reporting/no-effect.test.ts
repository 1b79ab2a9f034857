/** Settings and metadata without effect are reported at WARNING or above. */
import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../src/core/json.ts';
import { catalogOf, mark, type DraftEntry } from '../support/catalogs.ts';
import { connection, logsOf, runIn, verdictOf } from '../support/run-source.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { askedPaths, criticalLines, withSandbox } from '../support/with-sandbox.ts';
import { runOnce } from '../support/world.ts';

const nothingSelected =
  'No stream is selected, so nothing is read: set "selected": true in the metadata of a stream in the ' +
  'catalog (breadcrumb []), or give --select.';

test.each([
  { name: 'a catalog without a selected stream', input: { catalog: catalogOf([]) } },
  { name: 'patterns that choose nothing', input: { args: ['--select', '!*'] } },
  { name: 'a check of such a catalog', input: { catalog: catalogOf([]), args: ['--check'] } },
  { name: 'a test of such a catalog', input: { catalog: catalogOf([]), args: ['--test'] } },
  { name: 'their SCHEMA messages', input: { catalog: catalogOf([]), args: ['--test=schema'] } },
])('$name warns that nothing is read', async ({ input }) => {
  const { result, sandbox } = await runOnce({}, input);
  expect([result.code, result.warnings]).toEqual([0, [nothingSelected]]);
  expect(result.stderr).not.toContain('all 0 streams');
  expect(askedPaths(sandbox)).toEqual([]);
});

test('a connection without a stream warns that nothing is read', async () => {
  const run = await withSandbox({}, (sandbox) => runIn(sandbox, { catalog: '{"streams":[]}' }));
  expect(logsOf(run, 'WARN')).toEqual([
    'No stream is selected, so nothing is read: select at least one stream of this source in the connection.',
  ]);
});

test('--check requests only the streams that the catalog selects', async () => {
  const input = { catalog: catalogOf(['agents', 'goals']), args: ['--check'] };
  const { sandbox } = await runOnce({}, input);
  expect([...askedPaths(sandbox)].sort()).toEqual(['agents', 'goals']);
});

async function warningsAbout(change: (entry: DraftEntry) => void): Promise<readonly string[]> {
  const { result } = await runOnce({}, { catalog: catalogOf('chats', change) });
  expect(result.code).toBe(0);
  return result.warnings;
}

const isDeselected = { metadata: { selected: false } };

test('metadata for a column that the stream does not have causes a warning', async () => {
  const cases: readonly (readonly [breadcrumb: string, named: string, meant: string])[] = [
    ['properties/visitr', 'visitr', 'properties/visitor'],
    ['properties/visitor/properties/emial', 'visitor.emial', 'properties/visitor/properties/email'],
    ['properties/history/properties/msg', 'history.msg', 'properties/history/items/properties/msg'],
    ['visitor', 'visitor', 'properties/visitor'],
    ['property/visitor', 'property.visitor', 'properties/visitor'],
    ['properties/something_else_entirely', 'something_else_entirely', ''],
  ];
  const warnings = await warningsAbout((entry) => {
    for (const [breadcrumb] of cases)
      entry.metadata.push({ breadcrumb: breadcrumb.split('/'), ...isDeselected });
  });
  const warned = cases.map(
    ([, named, meant]) =>
      `Stream "chats": the catalog has metadata for "${named}", which is not a column of the stream; ` +
      `this metadata has no effect.${meant && ` Did you mean ${JSON.stringify(meant.split('/'))}?`}`,
  );
  expect(warnings).toEqual(warned);
});

test('metadata for array items has an effect, and metadata of an unselected stream causes no warning', async () => {
  const warnings = await warningsAbout((entry) => mark(entry, 'history[]', { selected: true }));
  expect(warnings).toEqual([]);
  const catalog = catalogOf('goals');
  for (const entry of catalog['streams'] as unknown as DraftEntry[])
    if (entry.tap_stream_id !== 'goals') mark(entry, 'emial', { selected: false });
  expect((await runOnce({}, { catalog })).result.warnings).toEqual([]);
});

test('metadata for very many unknown columns causes a summary', async () => {
  const warnings = await warningsAbout((entry) => {
    for (let index = 0; index < 3000; index += 1)
      entry.metadata.push({ breadcrumb: ['properties', `x_${index}`], ...isDeselected });
  });
  expect(warnings).toHaveLength(11);
  expect(warnings.at(-1)).toBe('Stream "chats": the catalog has 2990 more such entries.');
});

test('an unknown column of a connection causes a warning with a suggestion', async () => {
  const { streams } = await connection(['agents']);
  const [{ stream, ...rest } = { stream: { name: '', json_schema: {} } }] = streams;
  const properties = { id: {}, emial: {}, first_nam: {} };
  const catalog = {
    streams: [{ ...rest, stream: { ...stream, json_schema: { properties } } }],
  };
  const run = await withSandbox({}, (sandbox) =>
    runIn(sandbox, { catalog: JSON.stringify(catalog) }),
  );
  expect(logsOf(run, 'WARN')).toEqual([
    'Stream "agents": the catalog has columns that the tap does not have: emial, first_nam; they are left out. Did you ' +
      'mean email, first_name?',
  ]);
});

const refused =
  'stream_maps is not supported: this tap does not map or hash values. Remove it from the config. To exclude a column, ' +
  "deselect it in the catalog or the connection, or with --select '!chats.visitor.email'.";

test('a config with stream_maps is rejected before the first request', async () => {
  const config = { stream_maps: { chats: { email: 'md5(email)' } } };
  const { result, sandbox } = await runOnce({}, { config });
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(criticalLines(result)).toEqual([`CRITICAL ${refused}`]);
  expect(askedPaths(sandbox)).toEqual([]);
  const check = await withSandbox({}, (own) => runIn(own, { verb: 'check', config }));
  expect(verdictOf(check)).toMatchObject({ status: 'FAILED', message: refused });
});

test('such a config is also rejected from the environment, and an unknown variable is named', async () => {
  const env = { TAP_ZENDESK_CHAT_STREAM_MAPS: '{"a": {}}', TAP_ZENDESK_CHAT_STRAT_DATE: '2024' };
  const input = { args: ['--config=ENV'], catalog: catalogOf('goals') };
  const { result } = await runOnce({}, { ...input, env });
  expect(criticalLines(result)).toEqual([`CRITICAL ${refused}`]);
  const { TAP_ZENDESK_CHAT_STRAT_DATE } = env;
  const other = await runOnce({}, { ...input, env: { TAP_ZENDESK_CHAT_STRAT_DATE } });
  expect(other.result.warnings).toEqual([
    'The config key "strat_date" is unknown and ignored. Did you mean start_date?',
  ]);
});

const sinceMay = { bookmarks: { chats: { update_timestamp: '2024-05-01T00:00:00Z' } } };

test('a start_date newer than the bookmark causes a warning about the skipped time', async () => {
  const input = { catalog: catalogOf('chats'), state: sinceMay };
  const { result } = await runOnce({}, { ...input, config: { start_date: '2024-06-01' } });
  expect(result.warnings).toContain(
    'chats: start_date 2024-06-01T00:00:00Z is newer than the bookmark 2024-05-01T00:00:00Z: changes ' +
      'between the two are never read. To read them, remove start_date or set it to ' +
      '2024-05-01T00:00:00Z or earlier',
  );
  const older = await runOnce({}, { ...input, config: { start_date: '2024-04-01' } });
  expect(older.result.warnings).toEqual([]);
});

test('an end_date older than the bookmark warns that nothing is read', async () => {
  const config = { start_date: '2024-01-01', end_date: '2024-04-01' };
  const { result } = await runOnce({}, { config, catalog: catalogOf('chats'), state: sinceMay });
  expect(result.warnings).toEqual([
    'chats: nothing is read: the bookmark 2024-05-01T00:00:00Z is later than end_date 2024-04-01T00:00:00Z',
  ]);
});

/** Streams by the status in their metrics. */
function figures({ stderrLines }: TapResult): Readonly<Record<string, readonly string[]>> {
  const groups: Record<string, string[]> = {};
  for (const line of stderrLines.filter((one) => one.includes('"metric":"record_count"'))) {
    const { tags } = JSON.parse(line.slice(line.indexOf('{'))) as {
      readonly tags: { readonly stream: string; readonly status?: string };
    };
    (groups[tags.status ?? ''] ??= []).push(tags.stream);
  }
  return groups;
}

test('the metrics of a run with a rejected token show no success', async () => {
  const { result } = await runOnce(
    {},
    { config: { access_token: 'another-token', log_metrics: true } },
  );
  expect(result.code).toBe(2);
  expect(figures(result)).toEqual({ failed: ['accounts'] });
});

test('the metrics of a stopped run show no success for unread streams', async () => {
  const stop = new AbortController();
  const result = await withSandbox(
    {
      onRequest: ({ path }) => {
        if (path.endsWith('/goals')) stop.abort();
      },
    },
    ({ config, url }) =>
      runTap({
        config: { ...config, log_metrics: true },
        sandboxUrl: url,
        signal: stop.signal,
      }),
  );
  const { succeeded = [], failed = [] } = figures(result);
  expect(succeeded).toEqual(['accounts', 'routing_settings', 'departments']);
  expect(failed).toEqual(['goals']);
});

const ids = (...numbers: readonly number[]): JsonObject[] => numbers.map((id) => ({ id }));

/** A run of one stream with this first response. */
async function readAnswer(stream: string, path: string, body: JsonObject): Promise<TapResult> {
  const fault = { kind: 'wrongShape', body: JSON.stringify(body) } as const;
  const options = { faults: [{ path: `=${path}`, times: 1, fault }] };
  return (await runOnce(options, { catalog: catalogOf(stream) })).result;
}

test('a third list of bans is read like the two known ones', async () => {
  const body = { ip_address: ids(1, 3), visitor: ids(2), email: ids(1, 4), note: ['text'] };
  const result = await readAnswer('bans', 'bans', body);
  expect(result.code).toBe(0);
  const records = result.records('bans');
  expect(records).toContainEqual(expect.objectContaining({ id: 4, type: 'email' }));
  expect(records.filter(({ id }) => id === 1).map(({ type }) => type)).toEqual([
    'ip_address',
    'email',
  ]);
  // The bans of the sandbox follow.
  expect(records.length).toBeGreaterThan(7);
  expect(result.warnings).toEqual([
    expect.stringMatching(
      /^bans: the API's response contains an array that this version does not know .*: note\./,
    ),
  ]);
});

test.each([
  {
    stream: 'chats',
    path: 'incremental/chats',
    body: { chats: [], deleted_chats: ids(1), count: 0, end_time: null },
  },
  {
    stream: 'agent_timeline',
    path: 'incremental/agent_timeline',
    body: { agent_timeline: [], deleted_chats: ids(1), tags: ['a'], count: 0, end_time: null },
  },
  {
    stream: 'routing_settings',
    path: 'routing_settings/account',
    body: { data: {}, deleted_chats: ids(1) },
  },
])('a list that is not known in an answer of $path is named', async ({ stream, path, body }) => {
  const result = await readAnswer(stream, path, body);
  expect(result.code).toBe(0);
  expect(result.warnings).toEqual([
    expect.stringMatching(
      new RegExp(
        `^${stream}: the API's response contains .* does not read: deleted_chats(, tags)?\\.`,
      ),
    ),
  ]);
});
