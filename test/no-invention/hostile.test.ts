/** For any values of the API, all records are valid and no value is lost. */
import { afterEach, expect, test } from '@jest/globals';

import type { Json } from '../../src/core/json.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import { rawJson } from '../../src/sandbox/data/raw-json.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';
import { compileForDrafts, draftFaults } from '../support/json-schema.ts';
import { streamFaults } from '../support/oracle.ts';
import { runTap, type Output } from '../support/run-tap.ts';
import { chosen } from '../no-loss/full-set.ts';
import { spawnTap } from '../support/spawn-tap.ts';

const sandboxes: Sandbox[] = [];

afterEach(async () => {
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
});

/** All sandboxes of this file hold the same chats, but for the hostile values. */
const account: SandboxOptions = { chats: 60, now: Date.now(), clock: Date.now, timeline: 20 };

async function start(options: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox({ ...account, ...options });
  sandboxes.push(sandbox);
  return sandbox;
}

/** Faults of SCHEMA and RECORD lines by drafts 4, 7 and 2020-12. */
function draftFaultsOf(output: Output, streams: readonly string[] = ['chats']): readonly string[] {
  return streams.flatMap((stream) => {
    const { schema } = output.schemas[stream] ?? { schema: { type: 'no SCHEMA' } };
    const check = compileForDrafts(schema);
    const faults = [...draftFaults(schema), ...output.records(stream).flatMap(check)];
    return faults.map((fault) => `${stream}: ${fault}`);
  });
}

function keptIn(text: Json | undefined): Json[] {
  return typeof text === 'string' ? [JSON.parse(text) as Json] : [];
}

test('all hostile values together are reported once per path, and only items without a key fail the run', async () => {
  const sandbox = await start({ hostile: true });

  const result = await spawnTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  const { bytes, stderr } = result;
  // No NUL and no half of a character, escaped or not, also in the JSON text of additional_fields.
  expect(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).not.toMatch(
    /\0|\\u0000|\\ud[89a-f][0-9a-f]{2}/i,
  );
  // The log never shows a value.
  expect(stderr).not.toMatch(
    /yesterday|half \S* ?only|shop\.test|90071992547|gone|vip|20001-|450\.5/,
  );
  expect(result.records('chats')).toHaveLength(58);
  expect(draftFaultsOf(result, Object.keys(result.schemas))).toEqual([]);
  expect(result.warnings.map((line) => line.replace(/(?<=\(\w+\)|page \d+) .*/, ''))).toEqual([
    'chats: /visitor/name (string)',
    'chats: /tags/* (string)',
    'chats: /comment (string)',
    'chats: /message (string)',
    'chats: /timestamp (string)',
    'chats: /end_timestamp (string)',
    'chats: /visitor (string)',
    'chats: /session (array)',
    'chats: /webpath (object)',
    'chats: /tags (string)',
    'chats: /count (string)',
    'chats: /agent_ids/* (null)',
    'chats: /triggered_response (string)',
    'chats: /history/*/prev_department_id (string)',
    'chats: /department_id (number)',
    'chats: /duration (number)',
    'chats: /count/total (number)',
    'chats: unknown field /visitor/brand_new (number)',
    'chats: unknown field /webpath/*/brand_new (null)',
    'chats: unknown field /brand_new (object)',
    'chats: unknown field /odd key ✨ (boolean)',
    'chats: /webpath/* (array)',
    'chats: /zendesk_ticket_id (number)',
    // It is unknown, and it is beyond 2^53.
    'chats: unknown field /brand_new_number (number)',
    'chats: item 56 of page 1',
    'chats: item 58 of page 1',
  ]);
  expect(result.stderrLines.at(-1)).toMatch(
    /^CRITICAL chats: 2 items without a key were left out, everything else was read; see the warnings above \(the first is item 56 of page 1 from start_time \d+, update_timestamp \S+Z\)\. To leave .* set on_bad_item to warn\.$/,
  );
  expect(result.code).toBe(1);
});

test.each(chosen([3_000_000, 30_000_000], (size) => size === 3_000_000))(
  'a chat of %i bytes arrives whole',
  async (size) => {
    const sandbox = await start({ hostile: ['big-chat'], bigChatBytes: size });

    const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

    expect(streamFaults(result, sandbox, 'chats')).toEqual([]);
    expect(Math.max(...result.lines.map((line) => line.length))).toBeGreaterThan(size);
    expect(draftFaultsOf(result)).toEqual([]);
    expect(result).toMatchObject({ code: 0, warnings: [] });
  },
);

const keyless = [
  ['departments', { name: 'No id' }, 'departments: item 4 of page 1 has no id and is left out'],
  ['agents', { display_name: 'No id' }, 'agents: item 1 of page 1 has no id and is left out'],
  ['bans', { visitor_id: 'no.id' }, 'bans: item 24 of page 1 has no id and is left out'],
  ['triggers', { name: 'No id' }, 'triggers: item 3 of page 1 has no id and is left out'],
] as const;

test.each(keyless)(
  'an item of %s without its key is left out and named, the rest is read',
  async (stream, item, warning) => {
    const sandbox = await start({ chats: 20 });
    const before = sandbox.account.count(stream);
    sandbox.account.put(stream, item, 1);

    const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

    expect(result.records(stream)).toHaveLength(before);
    expect(result.records('chats')).toHaveLength(20);
    expect(result).toMatchObject({ code: 1, warnings: [warning] });
  },
);

test('a timespan without start or agent is left out and named, the rest is read', async () => {
  const sandbox = await start({ chats: 20 });
  const at = sandbox.account.timeAt('agent_timeline', 5);
  sandbox.account.put('agent_timeline', { agent_id: 1, duration: 5, status: 'away' }, at);

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  expect(result.records('agent_timeline')).toHaveLength(20);
  expect(result.warnings).toEqual([
    expect.stringMatching(/^agent_timeline: item \d+ of page 1 has no id and is left out$/),
  ]);
  expect(result.code).toBe(1);
});

/** JSON text of arrays in one another: more levels than a recursion can go down. */
const nested = '['.repeat(200_000) + ']'.repeat(200_000);

test('a value of 200,000 levels is kept as JSON text, its record is written and all others are read', async () => {
  const sandbox = await start({ chats: 20 });
  const { account: held } = sandbox;
  const id = held.idAt('chats', 5);
  const deep = rawJson(nested);
  held.patchChat(id, {
    rating: deep,
    webpath: deep,
    brand_new: deep,
    visitor: { brand_new: deep },
  });
  const at = held.timeAt('agent_timeline', 5);
  const span = { agent_id: 1, start_time: new Date(at / 1000).toISOString(), status: 'away' };
  held.put('agent_timeline', { ...span, brand_new: deep }, at);
  held.put('goals', { id: 7, name: 'Deep', settings: deep });

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  expect(result.code).toBe(0);
  expect(result.records('chats')).toHaveLength(20);
  expect(result.records('agent_timeline')).toHaveLength(held.count('agent_timeline'));
  const chat = result.records('chats').find((record) => record['id'] === id);
  expect(chat).toMatchObject({ webpath: [], visitor: {} });
  expect(chat?.['rating'] === nested).toBe(true);
  const written = [...result.records('chats'), ...result.records('goals')];
  const kept = [...written, ...result.records('agent_timeline')].flatMap((record) =>
    keptIn(record['additional_fields']).flatMap((fields) => Object.entries(fields ?? {})),
  );
  const texts = kept.map(([pointer, value]) => [pointer, String(value).length]);
  expect(Object.fromEntries(texts)).toEqual({
    '/webpath/0': nested.length - 2,
    '/brand_new': nested.length,
    '/visitor/brand_new': nested.length,
    '/settings': nested.length,
  });
  expect(texts).toHaveLength(5);
});

test('a number that no double can hold is out of range', async () => {
  const sandbox = await start({ chats: 20 });
  sandbox.account.patchChat(sandbox.account.idAt('chats', 5), {
    response_time: { avg: rawJson('1e400'), first: rawJson('-1e400') },
  });

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  const where = 'it became null and its text was kept in additional_fields; reported once per path';
  expect(result.warnings).toEqual([
    `chats: /response_time/avg (number) is out of the range of numbers; ${where}`,
    `chats: /response_time/first (number) is out of the range of numbers; ${where}`,
  ]);
  expect(result.code).toBe(0);
});

test('a key beyond 2^53 fails its stream, and no other', async () => {
  const sandbox = await start({ chats: 20 });
  sandbox.account.put('departments', { id: rawJson('9007199254740993'), name: 'Too far' });

  const result = await runTap({ sandboxUrl: sandbox.url, config: sandbox.config });

  expect(result.stderrLines.at(-1)).toMatch(/^CRITICAL departments: .*"id".* beyond 2\^53/);
  expect(result.code).toBe(1);
  expect(result.records('departments')).toEqual([]);
  expect(result.records('chats')).toHaveLength(20);
});
