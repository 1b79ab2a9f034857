/**
 * Runs a source as the platform does: a shell evaluates its entry point, its output goes into named pipes,
 * it stands in an empty folder that is not its own, and whoever reads is as slow as the destination.
 */
import { afterAll } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { linesOf, type ArrivedLine } from './arrivals.ts';
import { openPipe, readPieces } from './reader.ts';

export interface Death {
  /** The reader has had so many bytes. */
  readonly afterBytes: number;
  /** A signal, or the reader goes away. */
  readonly how: 'SIGKILL' | 'SIGTERM' | 'closed pipe';
}

/** What a source is given. */
export interface SourceInput {
  /** The program and its first arguments; the program's path is absolute. */
  readonly entrypoint: readonly string[];
  readonly verb: 'spec' | 'check' | 'discover' | 'read';
  /** Files, read-only: a value is written as JSON, a string as it is. Left out: no such argument. */
  readonly config?: object | string;
  readonly catalog?: object | string;
  readonly state?: object | string;
  /** Arguments behind those. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Most bytes of stdout that are read in a second. Default: all there are. */
  readonly bytesPerSecond?: number;
  readonly death?: Death;
  /** Whom signals are sent to: all processes, as when the machine goes (default), or the source alone. */
  readonly signalsTo?: 'group' | 'source';
  /** `shell` (default): as the platform does. `none`: the source is our own child, as in PyAirbyte. */
  readonly parent?: 'shell' | 'none';
  /** Everything is killed after so long. Default 60 s. */
  readonly timeoutMs?: number;
}

/** What a run left behind. */
export interface SourceRun {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly lines: readonly ArrivedLine[];
  /** As the shell tells it (143: ended by SIGTERM), or the source itself where there is no shell. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** ms since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Input files that were changed, and files that were left in the working folder. */
  readonly touched: readonly string[];
}

/** A run that has begun. */
export interface StartedSource {
  /** Of the process that was started: the shell, or without one the source. */
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  readonly result: Promise<SourceRun>;
}

/** What the platform sets, beside the entry point. */
const platformEnvironment = {
  DEPLOYMENT_MODE: 'OSS',
  WORKER_CONNECTOR_IMAGE: 'example/source-zendesk-chat:dev',
  WORKER_JOB_ID: '7',
  WORKER_JOB_ATTEMPT: '0',
  LOG_LEVEL: 'INFO',
  USE_STREAM_CAPABLE_STATE: 'true',
  USE_FILE_TRANSFER: 'false',
  AIRBYTE_ENABLE_UNSAFE_CODE: 'false',
};

/** Waits for the source in the background, so that a signal can be sent to it alone. */
const script =
  'eval "$AIRBYTE_ENTRYPOINT $SOURCE_ARGUMENTS" 2>"$PIPES/stderr" >"$PIPES/stdout" & ' +
  'echo $! >"$PIPES/pid"; wait $!';

interface Folder {
  readonly path: string;
  readonly working: string;
  /** Path to content. */
  readonly files: ReadonlyMap<string, string>;
  readonly argv: readonly string[];
}

async function prepareFolder(input: SourceInput): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'platform-'));
  const working = join(path, 'source');
  await mkdir(working);
  const files = new Map<string, string>();
  const argv: string[] = [input.verb];
  for (const name of ['config', 'catalog', 'state'] as const) {
    const content = input[name];
    if (content === undefined) continue;
    // The name tells nothing: PyAirbyte calls its files .txt.
    const file = join(path, `input_${name}.txt`);
    const written = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(file, written);
    await chmod(file, 0o444);
    files.set(file, written);
    argv.push(`--${name}`, file);
  }
  return { path, working, files, argv: [...argv, ...(input.args ?? [])] };
}

async function touchedFiles({ working, files }: Folder): Promise<readonly string[]> {
  const left = await readdir(working);
  const contents = await Promise.all(
    [...files].map(async ([file, written]) =>
      (await readFile(file, 'utf8')) === written ? [] : [file],
    ),
  );
  return [...left, ...contents.flat()];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function environmentOf({ env, signalsTo, entrypoint }: SourceInput, folder: Folder) {
  const words = entrypoint.map((word) => quoted(word)).join(' ');
  return {
    PATH: process.env['PATH'] ?? '',
    ...platformEnvironment,
    // With exec the process that the shell knows is the source, and no shell between them.
    AIRBYTE_ENTRYPOINT: signalsTo === 'source' ? `exec ${words}` : words,
    SOURCE_ARGUMENTS: folder.argv.map((word) => quoted(word)).join(' '),
    PIPES: folder.path,
    ...env,
  };
}

interface Spawned {
  readonly child: ChildProcess;
  readonly pipes: () => Promise<readonly [stdout: Readable, stderr: Readable]>;
}

function spawnInShell(input: SourceInput, folder: Folder): Spawned {
  const [stdout, stderr] = ['stdout', 'stderr'].map((name) => join(folder.path, name));
  if (stdout === undefined || stderr === undefined) throw new Error('There are two pipes.');
  execFileSync('mkfifo', [stdout, stderr]);
  const child = spawn('sh', ['-c', script], {
    cwd: folder.working,
    env: environmentOf(input, folder),
    stdio: 'ignore',
    detached: true,
  });
  return {
    child,
    // In the shell's order: each open waits for the other side.
    pipes: async () => {
      const log = await openPipe(stderr);
      return [await openPipe(stdout), log];
    },
  };
}

function spawnDirectly(input: SourceInput, folder: Folder): Spawned {
  const [program = '', ...first] = input.entrypoint;
  const child = spawn(program, [...first, ...folder.argv], {
    cwd: folder.working,
    env: { PATH: process.env['PATH'] ?? '', ...input.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  return { child, pipes: () => Promise.resolve([child.stdout, child.stderr]) };
}

/** Processes of tests that died before they were waited for. */
const alive = new Set<ChildProcess>();

/** Sends a signal to a process or, with a negative number, to a group; nobody of it may be left. */
function signalTo(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) signalTo(-pid, signal);
}

afterAll(() => {
  for (const child of alive) killGroup(child, 'SIGKILL');
});

function endOf(child: ChildProcess): Promise<Pick<SourceRun, 'code' | 'signal' | 'endedMs'>> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal, endedMs: Date.now() }));
  });
}

/** The process that the source itself is, where there is one for sure. */
function pidOfSource({ signalsTo, parent }: SourceInput, folder: Folder, child: ChildProcess) {
  if (parent === 'none') return child.pid;
  if (signalsTo !== 'source') return undefined;
  return Number(readFileSync(join(folder.path, 'pid'), 'utf8'));
}

/** Starts a source and reads it to its end. */
export async function startSource(input: SourceInput): Promise<StartedSource> {
  const folder = await prepareFolder(input);
  const startedMs = Date.now();
  const { child, pipes } = (input.parent === 'none' ? spawnDirectly : spawnInShell)(input, folder);
  alive.add(child);
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), input.timeoutMs ?? 60_000);
  const kill = (signal: NodeJS.Signals): void => {
    if (input.signalsTo === 'source') signalTo(pidOfSource(input, folder, child), signal);
    else killGroup(child, signal);
  };
  const ended = endOf(child);
  const read = async (): Promise<SourceRun> => {
    try {
      const [stdout, stderr] = await pipes();
      const { how, afterBytes } = input.death ?? {};
      const atByte = (): boolean => {
        if (how === 'SIGKILL' || how === 'SIGTERM') kill(how);
        return how === 'closed pipe';
      };
      const [pieces, log, end] = await Promise.all([
        readPieces(stdout, { bytesPerSecond: input.bytesPerSecond, afterBytes, atByte }),
        text(stderr),
        ended,
      ]);
      return {
        stdout: Buffer.concat(pieces.map(({ bytes }) => bytes)),
        stderr: log,
        lines: linesOf(pieces),
        ...end,
        startedMs,
        touched: await touchedFiles(folder),
      };
    } finally {
      clearTimeout(timer);
      alive.delete(child);
      killGroup(child, 'SIGKILL');
      await rm(folder.path, { recursive: true, force: true });
    }
  };
  return { pid: child.pid, kill, result: read() };
}

/** Runs a source to its end. */
export async function runSource(input: SourceInput): Promise<SourceRun> {
  const { result } = await startSource(input);
  return result;
}
