/** The Airbyte program inside this process: each verb once, against the sandbox. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runAirbyte } from '../../../src/airbyte/cli.ts';
import type { JsonObject } from '../../../src/json.ts';
import type { Sandbox } from '../../../src/sandbox/server.ts';
import { withSandbox } from '../../helpers/with-sandbox.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airbyte-cli-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly lines: readonly JsonObject[];
  readonly stderr: string;
}

async function file(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(value));
  return path;
}

async function run(argv: readonly string[], url = 'http://127.0.0.1:9'): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const written = Promise.all([text(stdout), text(stderr)]);
  const lifetime = {
    signal: new AbortController().signal,
    deferStop: () => undefined,
    end: async () => undefined,
  };
  const env = { ZENDESK_CHAT_API_URL: url, LOG_LEVEL: 'INFO' };
  const code = await runAirbyte({ argv, env, stdout, stderr, pid: 1, lifetime });
  stdout.end();
  stderr.end();
  const [out, err] = await written;
  const lines = out.split('\n').filter((line) => line.startsWith('{'));
  return { code, lines: lines.map((line): JsonObject => JSON.parse(line)), stderr: err };
}

function types({ lines }: Ran): readonly unknown[] {
  return lines.map(({ type }) => type);
}

const modes = { sync_mode: 'incremental', destination_sync_mode: 'append' };

async function read(sandbox: Sandbox, names: readonly string[], state?: unknown): Promise<Ran> {
  const streams = names.map((name) => ({ stream: { name, json_schema: {} }, ...modes }));
  const argv = ['read', '--config', await file('config.json', sandbox.config)];
  argv.push('--catalog', await file('catalog.json', { streams }));
  if (state !== undefined) argv.push('--state', await file('state.json', state));
  return run(argv, sandbox.url);
}

test('spec is one message', async () => {
  const ran = await run(['spec']);
  expect([ran.code, types(ran), ran.stderr]).toEqual([0, ['SPEC'], '']);
});

test('check says that the account can be read, or why it cannot', async () => {
  await withSandbox({}, async (sandbox) => {
    const good = await run(['check', '--config', await file('c', sandbox.config)], sandbox.url);
    expect(good.lines.at(-1)).toEqual({
      type: 'CONNECTION_STATUS',
      connectionStatus: { status: 'SUCCEEDED' },
    });
    sandbox.faults.add({ fault: { kind: 'status', status: 404 } });
    const bad = await run(['check', '--config', await file('c', sandbox.config)], sandbox.url);
    expect(bad.code).toBe(0);
    expect(JSON.stringify(bad.lines.at(-1))).toContain('no Zendesk Chat account at this subdomain');
  });
  const wrong = await run(['check', '--debug', '--config', await file('c', {})]);
  expect(JSON.stringify(wrong.lines.at(-1))).toContain('subdomain is missing');
});

test('discover offers all streams and asks nobody', async () => {
  const config = { subdomain: 'acme', access_token: 'secret-token' };
  const ran = await run(['discover', '--config', await file('c', config)]);
  expect(types(ran).at(-1)).toBe('CATALOG');
  expect(ran.code).toBe(0);
});

test('read ends with 0 when every stream is complete, and mentions what the state has besides', async () => {
  await withSandbox({ chats: 5 }, async (sandbox) => {
    const ran = await read(sandbox, ['goals', 'chats'], {
      chats: {},
      goals: {},
      tickets: { a: 1 },
    });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.lines.filter(({ type }) => type === 'RECORD').length).toBeGreaterThanOrEqual(5);
    expect(JSON.stringify(ran.lines)).toContain(
      'the state holds streams this source does not have: tickets',
    );
  });
});

test('read ends with 1 when a stream fails or does not exist; the last line sums up', async () => {
  await withSandbox({ chats: 5 }, async (sandbox) => {
    sandbox.faults.add({ path: '=agents', fault: { kind: 'status', status: 400 } });
    const ran = await read(sandbox, ['agents', 'tickets', 'chats']);
    expect(ran.code).toBe(1);
    expect(JSON.stringify(ran.lines.at(-1))).toContain('2 of 3 streams failed (tickets, agents)');
  });
});

test('a token that is refused leaves the streams behind it incomplete', async () => {
  await withSandbox({ switches: { tokenRefused: true } }, async (sandbox) => {
    const ran = await read(sandbox, ['goals', 'chats']);
    expect(ran.code).toBe(1);
    const told = JSON.stringify(ran.lines);
    expect(told.match(/"INCOMPLETE"/g)).toHaveLength(2);
    expect(told).toContain('"failure_type":"config_error"');
  });
});

test('a state nobody understands is an error before any request', async () => {
  await withSandbox({}, async (sandbox) => {
    const ran = await read(sandbox, ['chats'], [{ type: 'STREAM' }]);
    expect([ran.code, types(ran).at(-1)]).toEqual([1, 'TRACE']);
    expect(sandbox.requests).toEqual([]);
  });
});

test('a command line nobody understands is answered on both ways out', async () => {
  const ran = await run(['write']);
  expect([ran.code, types(ran)]).toEqual([1, ['TRACE']]);
  expect(ran.stderr).toContain('source-zendesk-chat read     --config FILE');
  expect((await run(['--version'])).code).toBe(0);
});
