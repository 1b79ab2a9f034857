import { mkdir, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTap } from './demo-tap.ts';
import type { ReportedRun } from './demo-report.ts';
import { advice, table } from './demo-report.ts';
import type { Terminal } from './serve.ts';
import type { Sandbox } from './server.ts';
import { startSandbox } from './server.ts';

export interface DemoOptions {
  readonly chats: number;
  /** Folder for what the tap writes, relative to the working directory. */
  readonly output: string;
  /** Another tap than the one this package has. */
  readonly tapPath?: string;
}

/** The data end so long before now, and the edits come so long before now: after the data, and old enough to be asked for. */
const newestAgeSeconds = 3600;
const editAgeSeconds = 600;
const edits = 5;

interface Stage {
  readonly sandbox: Sandbox;
  readonly terminal: Terminal;
  readonly tapPath: string;
  /** The folder as the user named it, for messages. */
  readonly output: string;
}

/** Runs the tap with its stdout in a file of the output folder. */
async function play(stage: Stage, file: string, flags: readonly string[]): Promise<ReportedRun> {
  const { sandbox, terminal, tapPath, output } = stage;
  const before = sandbox.requests.length;
  const result = await runTap({
    tapPath,
    flags: ['--config', `${output}/config.json`, ...flags],
    cwd: terminal.cwd,
    apiUrl: sandbox.url,
    stdoutFile: resolve(terminal.cwd, output, file),
    signal: terminal.signal,
  });
  if (result.code !== 0) {
    throw new Error(`The tap ended with ${result.code ?? 'a signal'}: ${result.lastError}`);
  }
  return { ...result, requests: sandbox.requests.slice(before) };
}

/** Discovers, syncs, changes some chats, syncs again from the saved state. Raises an error when the tap fails. */
async function story(stage: Stage): Promise<string> {
  const { sandbox, terminal, output } = stage;
  const folder = resolve(terminal.cwd, output);
  await mkdir(folder, { recursive: true });
  const say = (text: string): unknown => terminal.stdout.write(`${text}\n`);
  const keep = (file: string, value: unknown): Promise<void> =>
    writeFile(resolve(folder, file), `${JSON.stringify(value, null, 2)}\n`);

  await keep('config.json', sandbox.config);
  say(`1. A sandbox with ${sandbox.account.count('chats')} chats answers at ${sandbox.url}`);
  await play(stage, 'catalog.json', ['--discover']);
  say(`2. Discovered the streams: ${output}/catalog.json`);
  const catalog = ['--catalog', `${output}/catalog.json`];
  const first = await play(stage, 'first.jsonl', catalog);
  await keep('state.json', first.state ?? {});
  say(`3. Synced everything: ${output}/first.jsonl, state in ${output}/state.json`);
  sandbox.account.edit({
    count: edits,
    at: Math.floor(sandbox.now() / 1000) - editAgeSeconds,
  });
  say(`4. Edited ${edits} chats in the sandbox`);
  const second = await play(stage, 'second.jsonl', [...catalog, '--state', `${output}/state.json`]);
  say(`5. Synced again from the state: ${output}/second.jsonl\n`);
  return table(first, second);
}

/** The path by which a reader of the output can start a program of this package. */
function commandOf(tapPath: string, cwd: string): string {
  const path = relative(cwd, tapPath);
  return path.startsWith('..') ? 'tap-zendesk-chat' : `node ${path}`;
}

/** Plays the story and prints what came of it. Resolves with the exit code. */
export async function runDemo(options: DemoOptions, terminal: Terminal): Promise<number> {
  const { chats, output } = options;
  const tapPath =
    options.tapPath ?? fileURLToPath(new URL('../../bin/tap-zendesk-chat.js', import.meta.url));
  const sandbox = await startSandbox({ chats, newestAgeSeconds });
  try {
    terminal.stdout.write(await story({ sandbox, terminal, tapPath, output }));
    const tap = commandOf(tapPath, terminal.cwd);
    terminal.stdout.write(advice({ tap, chats, output }));
    return 0;
  } finally {
    await sandbox.close();
  }
}
