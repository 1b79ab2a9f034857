/** The demo, from its command line to its files: without and with a sign-in. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runSandboxProgram } from '../../src/sandbox/program/cli.ts';
import { withoutTimes } from '../support/run-tap.ts';
import { startProcess } from '../support/start-process.ts';
import { textsOf } from '../tools/picture/terminal-svg.ts';

const root = new URL('../../', import.meta.url);

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'));
});
afterEach(() => rm(folder, { recursive: true }));

function idsIn(messages: string): readonly string[] {
  const record = /^\{"type":"RECORD","stream":"chats".*?"id":"([^"]+)"/gm;
  return Array.from(messages.matchAll(record), ([, id = '']) => id);
}

function leftIn(name: string): Promise<string> {
  return readFile(join(folder, 'demo-output', name), 'utf8');
}

const picture = new URL('docs/demo.svg', root);

/** Texts of the picture that the output does not have, apart from numbers that differ in each run. */
function unlike(output: string, svg: string): readonly string[] {
  const fixed = (text: string): string =>
    text
      .replaceAll(/\d+\.\d s\b/g, '0.0 s')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:0')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
  const [, ...texts] = textsOf(svg).map(fixed);
  expect(texts.length).toBeGreaterThan(20);
  return texts.filter((text) => !fixed(output).includes(text));
}

test('The demo reads everything, and then the changes after some edits; docs/demo.svg shows this (npm run picture)', async () => {
  const stderr = await open(join(folder, 'log'), 'w');
  let printed = '';
  const code = await runSandboxProgram(['demo'], {
    cwd: folder,
    signal: new AbortController().signal,
    stdout: { write: (text) => (printed += text) },
    stderr: { write: (text) => stderr.write(text), fd: stderr.fd },
  });
  await stderr.close();
  expect(code).toBe(0);
  const commands = [...printed.matchAll(/^\$ (.*)$/gm)].map(([, command]) => command);
  expect(commands).toEqual([
    'tap-zendesk-chat --config demo-output/config.json --discover > demo-output/catalog.json',
    'tap-zendesk-chat --config demo-output/config.json --catalog demo-output/catalog.json > demo-output/first.jsonl',
    'tap-zendesk-chat --config demo-output/config.json --catalog demo-output/catalog.json --state demo-output/state.json > demo-output/second.jsonl',
  ]);
  expect(idsIn(await leftIn('first.jsonl'))).toHaveLength(3000);
  expect(idsIn(await leftIn('second.jsonl'))).toHaveLength(6);
  const state = JSON.parse(await leftIn('state.json'));
  expect(state).toHaveProperty('bookmarks.chats.position');

  const log = await readFile(join(folder, 'log'), 'utf8');
  const [, requests] = /chats: complete, 3000 records, (\d+) requests/.exec(log) ?? [];
  expect(printed).toContain(`The first run sent ${requests} requests for 3 pages of chats.`);
  const [, whole = ''] = /reads these streams whole, .*:\n(.*)\.\n/.exec(printed) ?? [];
  expect(whole).toBe(
    'accounts, routing_settings, departments, goals, roles, shortcuts, skills, triggers, agents, bans',
  );
  expect(printed).toContain('continue from the saved state: agent_timeline, chats.\n');
  expect(unlike(`${printed}${withoutTimes(log)}`, await readFile(picture, 'utf8'))).toEqual([]);
});

/** The demo with a sign-in, in a separate process, because the environment determines the browser. */
async function signedIn(decision: 'allow' | 'deny') {
  const program = fileURLToPath(new URL('bin/zendesk-chat-sandbox.js', root));
  const browser = fileURLToPath(new URL('test/support/browser.js', root));
  const demo = startProcess(process.execPath, [program, 'demo', '--login', '--chats', '20'], {
    cwd: folder,
    env: { BROWSER: browser, DECISION: decision },
    pipes: true,
  });
  const { stdout, stderr } = demo.child;
  const written = await Promise.all([buffer(stdout), buffer(stderr), demo.ended]);
  return {
    printed: String(written[0]),
    told: withoutTimes(String(written[1])),
    code: written[2].code,
  };
}

test('The demo with a sign-in gets its token in the browser and renews it when it has expired', async () => {
  const { printed, told, code } = await signedIn('allow');
  expect(`${told}${code}`).toMatch(/\n0$/);
  expect(printed).toContain("curl --location --data decision=allow 'ADDRESS'");
  expect(told).toContain('Signed in to sandbox: the token works.');
  expect(told).toContain('INFO the access token was renewed');
  expect(idsIn(await leftIn('first.jsonl'))).toHaveLength(20);
  expect(idsIn(await leftIn('second.jsonl'))).toHaveLength(5);
});

test('The demo ends if the tap fails', async () => {
  const { told, code } = await signedIn('deny');
  expect(code).toBe(2);
  expect(told).toContain('CRITICAL access was denied in the browser');
  expect(told.trim()).toMatch(
    /\nCRITICAL the tap ended with exit code 2: see its last line above, .*$/,
  );
});
