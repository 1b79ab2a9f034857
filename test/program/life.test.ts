/** How the program ends: by itself, by a signal (see also no-loss/signals), or because its reader went away. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { catalogOf } from '../support/catalogs.ts';
import { readOutput, runTap, withoutTimes, type TapInput } from '../support/run-tap.ts';
import { startTap, tapPath } from '../support/spawn-tap.ts';
import {
  criticalLines,
  holdRequest,
  lastErrorLine,
  secretToken,
  withSandbox,
} from '../support/with-sandbox.ts';
import { runOnce } from '../support/world.ts';
import { readPieces } from '../airbyte/judge/reader.ts';

/** Chats that no pipe can hold. */
const plenty: SandboxOptions = { chats: 400, switches: { maxPage: 100 } };
const chats = catalogOf('chats');

function inputFor(sandbox: Sandbox): TapInput {
  return { sandboxUrl: sandbox.url, config: { ...sandbox.config }, catalog: chats };
}

function chatIds({ account }: Sandbox): readonly unknown[] {
  return [...account.dump('chats')].map(({ id }) => id);
}

test('A run that is stopped before the first response writes a state and says how to continue', async () => {
  const stop = new AbortController();
  await withSandbox({ onRequest: () => stop.abort() }, async (sandbox) => {
    const state = { bookmarks: { other_stream: { at: 1 } } };
    const stopped = await runTap({ ...inputFor(sandbox), state, signal: stop.signal });
    expect(stopped.messages).toEqual([
      { type: 'STATE', value: { ...state, currently_syncing: 'chats' } },
    ]);
    expect(criticalLines(stopped)).toEqual([
      expect.stringMatching(/^CRITICAL stopped by a signal: .* Run again/),
    ]);
  });
});

/** The output of a crashed program. */
const crash = /^\s+at |node:|Error|EPIPE/m;

test('A reader that closes the pipe after one line causes no crash, and the log explains it with advice', async () => {
  await withSandbox(plenty, async (sandbox) => {
    const { child, result } = await startTap(inputFor(sandbox), false);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const left = await result;
    expect(left).toMatchObject({ code: 1, signal: null });
    expect(left.stderr).not.toMatch(crash);
    expect(lastErrorLine(left)).toMatch(/^CRITICAL the target closed the pipe .* run again/);
  });
});

test('A reader that closes the pipe during a request does not keep the program alive', async () => {
  const second = holdRequest(2);
  await withSandbox({ ...plenty, onRequest: second.onRequest }, async (sandbox) => {
    const { child, result } = await startTap(inputFor(sandbox), false);
    await second.come;
    child.stdout.destroy();
    expect(await result).toMatchObject({ code: 1, signal: null });
  });
});

test.each([
  ['--discover', 1, /^CRITICAL the reader of the output closed the pipe .* run again\n$/],
  ['--help', 0, /^$/],
])('A reader that closes the output of %s causes no crash', async (flag, code, says) => {
  const { child, result } = await startTap({ args: [flag] }, false);
  child.stdout.destroy();
  const left = await result;
  expect(left).toMatchObject({ code, signal: null });
  expect(withoutTimes(left.stderr)).toMatch(says);
});

test.each(['--check', '--test'])('%s that is stopped says what to do', async (flag) => {
  const first = holdRequest(1);
  await withSandbox({ onRequest: first.onRequest }, async (sandbox) => {
    const { child, result } = await startTap({ ...inputFor(sandbox), args: [flag] });
    await first.come;
    child.kill('SIGINT');
    const stopped = await result;
    expect(stopped).toMatchObject({ signal: 'SIGINT' });
    expect(stopped.stderr).toBe('CRITICAL stopped by a signal: run the command again\n');
  });
});

test('A full disk is reported as such', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [tapPath, '--discover'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  expect(status).toBe(1);
  expect(withoutTimes(stderr)).toBe(
    'CRITICAL the output cannot be written: ENOSPC: no space left on device, write. Check the disk and the program that reads the output, then run again\n',
  );
});

test('The log needs no reader', async () => {
  const first = holdRequest(1);
  await withSandbox({ onRequest: first.onRequest }, async (sandbox) => {
    const { child, result } = await startTap(inputFor(sandbox));
    // Reading a pipe that was destroyed fails; the program's end is what counts here.
    result.catch(() => undefined);
    await first.come;
    child.stderr.destroy();
    first.release();
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
  });
});

const refusal = {
  path: 'incremental/chats',
  nth: 2,
  fault: { kind: 'status', status: 400 },
} as const;

test.each([
  { code: 0, faults: [], count: 300, says: /^INFO / },
  { code: 1, faults: [refusal], count: 250, says: /^CRITICAL chats: / },
])('A slow reader gets every line, and the exit code $code', async ({ faults, count, ...end }) => {
  await withSandbox({ chats: 300, switches: { maxPage: 250 }, faults }, async (sandbox) => {
    const { child, result } = await startTap(inputFor(sandbox), false);
    const pieces = await readPieces(child.stdout, { bytesPerSecond: 4_000_000 });
    const ended = await result;
    const output = readOutput(Buffer.concat(pieces.map(({ bytes }) => bytes)), ended.stderr);
    expect(ended).toMatchObject({ code: end.code, signal: null });
    expect(lastErrorLine(ended)).toMatch(end.says);
    const got = new Set(output.records('chats').map(({ id }) => id));
    expect([...got]).toEqual(chatIds(sandbox).slice(0, count));
    expect(output.messages.at(-1)?.type).toBe('STATE');
  });
});

test('Standard output contains only messages, whatever fails', async () => {
  const { result } = await runOnce({
    chats: 60,
    hostile: true,
    switches: { absent: { goals: 404 }, tokenRefused: ['skills'] },
    faults: [{ path: 'agents', nth: 1, fault: { kind: 'status', status: 429, retryAfter: 1 } }],
  });
  expect(result.code).toBe(1);
  const types = new Set(result.messages.map(({ type }) => type));
  expect(types).toEqual(new Set(['RECORD', 'SCHEMA', 'STATE']));
  expect(result.messages.at(-1)?.type).toBe('STATE');
});

test('With log_format: json every log line is an object with the keys that Meltano requires', async () => {
  await withSandbox({ switches: { absent: { chats: 500 } } }, async (sandbox) => {
    const config = { ...sandbox.config, log_format: 'json', max_retry_seconds: 0 };
    const { code, stderrLines } = await runTap({ ...inputFor(sandbox), config });
    expect(code).toBe(1);
    const entries = stderrLines.map((line): Record<string, unknown> => JSON.parse(line));
    const wanted = ['level', 'pid', 'logger_name', 'ts', 'thread_name', 'app_name', 'message'];
    expect(entries.filter((entry) => wanted.some((key) => entry[key] === undefined))).toEqual([]);
    expect(entries.at(-1)).toMatchObject({ level: 'critical', stream_name: 'chats' });
    expect(stderrLines.join('\n')).not.toContain(secretToken);
  });
});
