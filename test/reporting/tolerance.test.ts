/** Streams and items that cannot be read or written, and the settings that accept them. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { expect, test } from '@jest/globals';
import fetch from 'node-fetch';

import type { JsonObject } from '../../src/core/json.ts';
import { rawJson } from '../../src/sandbox/data/raw-json.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { startLocalServer } from '../support/local-server.ts';
import { runTap, type TapResult } from '../support/run-tap.ts';
import { connection, endsOf, logsOf, recordsOf, runIn } from '../support/run-source.ts';
import { criticalLines, lastErrorLine, withSandbox } from '../support/with-sandbox.ts';
import { runOnce, withWorld } from '../support/world.ts';

/** A chat without an id, a department whose id cannot be read, and a run. */
async function readBadItems(config: object): Promise<TapResult> {
  return withSandbox({}, async (sandbox) => {
    spoil(sandbox);
    return runTap({ sandboxUrl: sandbox.url, config: { ...sandbox.config, ...config } });
  });
}

function spoil({ account }: Sandbox): void {
  account.patchChat(account.idAt('chats', 5), { id: null });
  account.put('departments', { id: rawJson('1e400'), name: 'Too far' });
}

test('an item that cannot be written fails its stream, and the error names the item', async () => {
  const result = await readBadItems({});

  const errors = result.stderrLines.filter((line) => line.startsWith('ERROR '));
  expect(errors).toEqual([
    expect.stringMatching(
      /^ERROR departments: failed, 0 records, 1 request, \d+\.\d s: Key property "id" contains a number that is out of range: .* \(item 4 of page 1, received \S+Z\)\. To leave .* set on_bad_item to warn\.$/,
    ),
    expect.stringMatching(
      /^ERROR chats: failed, 11 records, 1 item left out, \d+ requests, \d+\.\d s: 1 item without a key was left out, everything else was read; see the warnings above \(it is item 6 of page 1 from start_time \d+, update_timestamp \S+Z\)\. To leave .* set on_bad_item to warn\.$/,
    ),
  ]);
  expect(result.records('departments')).toEqual([]);
  expect(result.records('chats')).toHaveLength(11);
  expect(result.code).toBe(1);
});

test('on_bad_item: warn leaves it out, with a warning and a count, and the run succeeds', async () => {
  const result = await readBadItems({ on_bad_item: 'warn' });

  expect(result.warnings).toEqual([
    expect.stringMatching(
      /^departments: item 4 of page 1 cannot be written \(.*out of range.*\) and is left out$/,
    ),
    'chats: item 6 of page 1 has no id and is left out',
  ]);
  expect(result.records('departments')).toHaveLength(3);
  expect(result.records('chats')).toHaveLength(11);
  expect(result.stderr).toMatch(/^INFO chats: complete, 11 records, 1 item left out, /m);
  expect(lastErrorLine(result)).toMatch(/12 complete, .* records, 2 items left out, /);
  expect(result.lastState['bookmarks']).toHaveProperty('chats');
  expect(result.code).toBe(0);
});

test('values kept from an item that is left out do not appear in the next record', async () => {
  const result = await withSandbox({}, async (sandbox) => {
    const id = rawJson('9007199254740993');
    sandbox.account.put('departments', { brand_new: 1, id, name: 'Too far' });
    sandbox.account.put('departments', { id: 7, name: 'Near' });
    return runTap({
      sandboxUrl: sandbox.url,
      config: { ...sandbox.config, on_bad_item: 'warn' },
    });
  });

  const kept = result.records('departments').map(({ additional_fields: fields }) => fields);
  expect(kept).toEqual([null, null, null, null]);
});

test('a run without any writable item fails, even with on_bad_item: warn', async () => {
  const result = await withSandbox({ chats: 2 }, async (sandbox) => {
    const { account } = sandbox;
    for (const index of [0, 1]) account.patchChat(account.idAt('chats', index), { id: null });
    return runTap({
      args: ['--select', 'chats'],
      sandboxUrl: sandbox.url,
      config: { ...sandbox.config, on_bad_item: 'warn' },
    });
  });

  expect(criticalLines(result)).toEqual([
    'CRITICAL no stream could be read (chats); see the warnings above',
  ]);
  expect(result.code).toBe(1);
});

const forbidden = { switches: { absent: { agents: 403, goals: 403 } } } as const;

test('on_forbidden: warn leaves out streams that answer 403, with a warning and a count', async () => {
  const { result, sandbox } = await runOnce(forbidden, { config: { on_forbidden: 'warn' } });

  expect(result.warnings).toEqual([
    expect.stringMatching(/^goals is left out: \S+ answers 403 Forbidden/),
    expect.stringMatching(/^agents is left out: \S+ answers 403 Forbidden/),
  ]);
  expect(lastErrorLine(result)).toMatch(
    /^INFO 12 streams: 10 complete, 0 absent, 2 forbidden, 0 failed; /,
  );
  expect(Object.keys(result.schemas)).toHaveLength(10);
  // A rejection may be temporary, so it counts only if it is repeated.
  expect(sandbox.requests.filter(({ path }) => path.endsWith('/goals'))).toHaveLength(2);
  expect(result.code).toBe(0);
});

test('if a 403 means absent, on_absent applies', async () => {
  const options = { switches: { absent: { account: 403 } } } as const;
  const config = { on_forbidden: 'warn', on_absent: 'fail' };
  const { result } = await runOnce(options, { config });

  expect(lastErrorLine(result)).toMatch(/^CRITICAL accounts: .* answers 403 Forbidden/);
  expect(result.code).toBe(2);
});

test('a temporary 403 is retried, and the stream is read', async () => {
  const { result } = await runOnce(
    { faults: [{ path: '=agents', times: 1, fault: { kind: 'status', status: 403 } }] },
    { config: { on_forbidden: 'warn' } },
  );

  expect(result.warnings).toEqual([]);
  expect(result.records('agents')).toHaveLength(3);
  expect(result.code).toBe(0);
});

test('a run without any readable stream fails, even with on_forbidden: warn', async () => {
  const { result } = await runOnce(forbidden, {
    args: ['--select', 'agents', '--select', 'goals'],
    config: { on_forbidden: 'warn' },
  });

  expect(lastErrorLine(result)).toBe(
    'CRITICAL no stream could be read (goals, agents); see the warnings above',
  );
  expect(result.code).toBe(2);
});

test('--check distinguishes forbidden and absent streams', async () => {
  const { result } = await runOnce(
    { switches: { absent: { agents: 403, goals: 404 } } },
    { args: ['--check'], config: { on_forbidden: 'warn' } },
  );

  expect(result.stdout).toMatch(/^agents +forbidden +answers 403$/m);
  expect(result.stdout).toMatch(/^goals +absent +answers 404$/m);
  expect(lastErrorLine(result)).toMatch(
    /^WARNING 10 of 12 streams can be read; .*: goals, agents\. /,
  );
  expect(result.code).toBe(0);
});

test('in Airbyte a stream with items left out is complete, and the log names them', async () => {
  await withSandbox({}, async (sandbox) => {
    spoil(sandbox);
    const catalog = await connection(['departments', 'chats']);
    const run = await runIn(sandbox, { catalog, config: { on_bad_item: 'warn' } });

    expect(run.code).toBe(0);
    expect(endsOf(run)).toEqual({ departments: 'COMPLETE', chats: 'COMPLETE' });
    expect(recordsOf(run, 'departments')).toHaveLength(3);
    expect(recordsOf(run, 'chats')).toHaveLength(11);
    expect(logsOf(run, 'WARN')).toHaveLength(2);
  });
});

const spoiled = 'SPOILED';

/** Reads 30 chats through a server that replaces a text of one of them by bytes in Latin-1, and calls them UTF-8. */
async function readSpoiledText(config: object, keepsPosition = true): Promise<TapResult> {
  return withWorld({ chats: 30 }, async ({ sandbox, clock }) => {
    sandbox.account.patchChat(sandbox.account.idAt('chats', 12), { comment: spoiled });
    const server = await startLocalServer((request, response) => {
      void answerSpoiled(sandbox, request, response, keepsPosition);
    });
    try {
      return await runTap({
        args: ['--select', 'chats'],
        sandboxUrl: server.origin,
        config: { ...sandbox.config, ...config },
        clock,
      });
    } finally {
      await server.close();
    }
  });
}

async function answerSpoiled(
  sandbox: Sandbox,
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
  keepsPosition: boolean,
): Promise<void> {
  const { authorization = '' } = headers;
  const answer = await fetch(`${sandbox.url}${url}`, { headers: { authorization } });
  const text = await answer.text();
  const isAlone = text.includes(spoiled) && url.includes('limit=1&');
  const { chats } = JSON.parse(text) as JsonObject;
  const sent = isAlone && !keepsPosition ? JSON.stringify({ chats }) : text;
  const bytes = Buffer.from(sent);
  const at = bytes.indexOf(spoiled);
  if (at >= 0) bytes.set([0x63, 0x61, 0x66, 0xe9], at);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    date: answer.headers.get('date') ?? '',
  });
  response.end(bytes);
}

test('an item with invalid bytes fails its stream, and the error names its position', async () => {
  const result = await readSpoiledText({});

  expect(lastErrorLine(result)).toMatch(
    /^CRITICAL chats: .* sends bytes that are not valid UTF-8.* \(reading from \S+Z \(start_time \d+\)\)$/,
  );
  expect(result.records('chats')).toHaveLength(12);
  expect(result.code).toBe(1);
});

test('on_bad_item: warn skips an item with invalid bytes', async () => {
  const result = await readSpoiledText({ on_bad_item: 'warn' });

  expect(result.warnings.at(-1)).toMatch(
    /^chats: item 1 of page \d+ contains invalid bytes and is left out$/,
  );
  expect(new Set(result.records('chats').map(({ id }) => id)).size).toBe(29);
  expect(result.stdout).not.toContain('\uFFFD');
  expect(result.stderr).toMatch(/^INFO chats: complete, \d+ records, 1 item left out, /m);
  expect(result.code).toBe(0);
});

test('such an item is not skipped if the envelope does not contain the next position', async () => {
  const result = await readSpoiledText({ on_bad_item: 'warn' }, false);

  expect(lastErrorLine(result)).toMatch(/^CRITICAL chats: .* sends bytes that are not valid UTF-8/);
  expect(result.code).toBe(1);
});
