/** Runs the tap as a user does (a process of the built program), or in this process with its own streams. */
import { afterAll } from '@jest/globals';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { runSinger } from '../../src/cli.ts';
import type { Clock } from '../../src/clock.ts';
import type { JsonObject } from '../../src/json.ts';

/** What the tap is given. Files are written to a folder of their own, which is removed afterwards. */
export interface TapInput {
  /** The sandbox's `url`; without it the real API would be asked. */
  readonly sandboxUrl?: string;
  /** Arguments besides `--config`, `--catalog` and `--state`, which follow from the fields below. */
  readonly args?: readonly string[];
  /** A value is written as JSON, a string as it is. Left out: no such argument. */
  readonly config?: object | string;
  readonly catalog?: object | string;
  readonly state?: object | string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProcessInput extends TapInput {
  readonly stdin?: string;
  /** The process is killed after so long. Default 60 s. */
  readonly timeoutMs?: number;
}

export interface InProcessInput extends TapInput {
  readonly clock?: Clock;
  /** Aborted: what SIGTERM does to a process. */
  readonly signal?: AbortSignal;
}

export interface SchemaLine {
  readonly type: 'SCHEMA';
  readonly stream: string;
  readonly schema: JsonObject & { readonly properties: Readonly<Record<string, JsonObject>> };
  readonly key_properties: readonly string[];
  readonly bookmark_properties?: readonly string[];
}

export interface RecordLine {
  readonly type: 'RECORD';
  readonly stream: string;
  readonly time_extracted: string;
  readonly record: JsonObject;
}

export interface StateLine {
  readonly type: 'STATE';
  readonly value: JsonObject;
}

export type Line = SchemaLine | RecordLine | StateLine;

/** What the tap wrote. Messages and what is made of them are parsed when first asked for. */
export interface Output {
  /** stdout byte by byte. */
  readonly bytes: Buffer;
  readonly stdout: string;
  /** stdout's lines without their ends. */
  readonly lines: readonly string[];
  readonly messages: readonly Line[];
  /** The records of a stream in the order they were written. */
  records(stream: string): readonly JsonObject[];
  /** By stream. */
  readonly schemas: Readonly<Record<string, SchemaLine>>;
  /** The values of all STATE lines. */
  readonly states: readonly JsonObject[];
  /** The value of the last STATE line; throws when there is none. */
  readonly lastState: JsonObject;
  readonly stderr: string;
  readonly stderrLines: readonly string[];
  /** Lines that begin with WARNING, without that word. */
  readonly warnings: readonly string[];
}

export interface TapResult extends Output {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function groupRecords(messages: readonly Line[]): Map<string, JsonObject[]> {
  const groups = new Map<string, JsonObject[]>();
  for (const message of messages) {
    if (message.type !== 'RECORD') continue;
    const group = groups.get(message.stream) ?? [];
    groups.set(message.stream, group);
    group.push(message.record);
  }
  return groups;
}

function lastOf(states: readonly JsonObject[]): JsonObject {
  const last = states.at(-1);
  if (last === undefined) throw new Error('The tap wrote no STATE.');
  return last;
}

/** What is in the bytes of a run, also of one that was made elsewhere. */
export function readOutput(bytes: Buffer, stderr: string): Output {
  const stdout = lazy(() => bytes.toString('utf8'));
  const lines = lazy(() => linesOf(stdout()));
  const messages = lazy(() => lines().map((line): Line => JSON.parse(line)));
  const groups = lazy(() => groupRecords(messages()));
  const schemas = lazy(() => messages().filter((line) => line.type === 'SCHEMA'));
  const states = lazy(() =>
    messages().flatMap((line) => (line.type === 'STATE' ? [line.value] : [])),
  );
  const stderrLines = linesOf(stderr);
  return {
    bytes,
    stderr,
    stderrLines,
    warnings: stderrLines
      .filter((line) => line.startsWith('WARNING '))
      .map((line) => line.slice('WARNING '.length)),
    records: (stream) => groups().get(stream) ?? [],
    get stdout() {
      return stdout();
    },
    get lines() {
      return lines();
    },
    get messages() {
      return messages();
    },
    get schemas() {
      return Object.fromEntries(schemas().map((line) => [line.stream, line]));
    },
    get states() {
      return states();
    },
    get lastState() {
      return lastOf(states());
    },
  };
}

interface Files {
  readonly folder: string;
  readonly argv: readonly string[];
}

async function writeFiles(input: TapInput): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'tap-test-'));
  const argv = [...(input.args ?? [])];
  for (const name of ['config', 'catalog', 'state'] as const) {
    const content = input[name];
    if (content === undefined) continue;
    const path = join(folder, `${name}.json`);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    argv.push(`--${name}`, path);
  }
  return { folder, argv };
}

async function removeFiles({ folder }: Files): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

function environment({ sandboxUrl, env }: TapInput): Record<string, string> {
  const url = sandboxUrl === undefined ? {} : { ZENDESK_CHAT_API_URL: sandboxUrl };
  return { ...url, ...env };
}

export const tapPath: string = fileURLToPath(
  new URL('../../bin/tap-zendesk-chat.js', import.meta.url),
);

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Processes of tests that died before they were waited for. */
const alive = new Set<Child>();

afterAll(() => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface StartedTap {
  readonly child: Child;
  /** Everything, once the process has ended and its output was read. */
  readonly result: Promise<TapResult>;
}

/**
 * Starts the built program. Its output is read at once, unless `read` is false: then the caller reads
 * `child.stdout`, and the result's stdout is empty.
 */
export async function startTap(input: ProcessInput, read: boolean = true): Promise<StartedTap> {
  const files = await writeFiles(input);
  const child = spawn(process.execPath, [tapPath, ...files.argv], {
    cwd: files.folder,
    env: { PATH: process.env['PATH'] ?? '', ...environment(input) },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: input.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
  });
  alive.add(child);
  // A tap that never reads its input may be gone before all of it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input.stdin ?? '');
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve({ code, signal }));
    },
  );
  const result = async (): Promise<TapResult> => {
    try {
      const stdout = read ? buffer(child.stdout) : Buffer.alloc(0);
      const [bytes, stderr, end] = await Promise.all([stdout, buffer(child.stderr), ended]);
      return Object.assign(readOutput(bytes, stderr.toString('utf8')), end);
    } finally {
      alive.delete(child);
      await removeFiles(files);
    }
  };
  return { child, result: result() };
}

/** Runs the built program to its end. */
export async function runTap(input: ProcessInput): Promise<TapResult> {
  const { result } = await startTap(input);
  return result;
}

/** Runs the program inside this process: no build is needed, and coverage is counted. */
export async function runInProcess(input: InProcessInput): Promise<TapResult> {
  const files = await writeFiles(input);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const written = Promise.all([buffer(stdout), buffer(stderr)]);
  try {
    const code = await runSinger({
      argv: files.argv,
      env: environment(input),
      stdout,
      stderr,
      pid: 4711,
      lifetime: {
        signal: input.signal ?? new AbortController().signal,
        end: async () => undefined,
      },
      ...(input.clock === undefined ? {} : { clock: input.clock }),
    });
    stdout.end();
    stderr.end();
    const [bytes, log] = await written;
    return Object.assign(readOutput(bytes, log.toString('utf8')), { code, signal: null });
  } finally {
    stdout.destroy();
    stderr.destroy();
    await removeFiles(files);
  }
}
