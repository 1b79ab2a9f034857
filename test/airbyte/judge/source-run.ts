/**
 * Runs a source as the platform does: a shell evaluates its entry point, its output goes into named pipes,
 * its working directory is an empty folder, and the reader is as slow as the destination.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { writeInputs, type InputFiles, type InputFolder } from '../../support/input-files.ts';
import { signalTo, startProcess, type Ending } from '../../support/start-process.ts';
import { linesOf, type ArrivedLine } from './arrivals.ts';
import { openPipe, readPieces } from './reader.ts';

export interface Death {
  /** Receives the number of bytes that the reader has read. */
  readonly afterBytes: number;
  /** A signal, or the reader closes the pipe. */
  readonly how: 'SIGKILL' | 'SIGTERM' | 'closed pipe';
}

/** The input of a source, in this process or in a separate one. */
export interface VerbInput extends InputFiles {
  readonly verb: 'spec' | 'check' | 'discover' | 'read';
  readonly env?: Readonly<Record<string, string>>;
}

export interface SourceInput extends VerbInput {
  /** The program and its first arguments; the program's path is absolute. */
  readonly entrypoint: readonly string[];
  /** Maximum number of bytes that are read from stdout per second. Default: no limit. */
  readonly bytesPerSecond?: number;
  readonly death?: Death;
  /** The receiver of signals: all processes, as at a shutdown (default), or only the source. */
  readonly signalsTo?: 'group' | 'source';
  /** `shell` (default): as the platform does. `none`: the source is our own child, as in PyAirbyte. */
  readonly parent?: 'shell' | 'none';
}

/** The result of a run. */
export interface SourceRun {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly lines: readonly ArrivedLine[];
  /** The exit code that the shell reports (143: ended by SIGTERM), or that of the source if there is no shell. */
  readonly code: Ending['code'];
  readonly signal: Ending['signal'];
  /** ms since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Input files that were changed, and files that were left in the working folder. */
  readonly touched: readonly string[];
}

/** A started run. */
export interface StartedSource {
  /** The pid of the started process: the shell, or the source if there is no shell. */
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  readonly result: Promise<SourceRun>;
}

/** The variables that the platform sets, besides the entry point. */
export const platformEnvironment = {
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

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function startInShell(input: SourceInput, folder: InputFolder, argv: readonly string[]) {
  const { env, signalsTo, entrypoint } = input;
  const words = entrypoint.map((word) => quoted(word)).join(' ');
  const [stdout, stderr] = ['stdout', 'stderr'].map((name) => join(folder.path, name));
  if (stdout === undefined || stderr === undefined) throw new Error('There are two pipes.');
  execFileSync('mkfifo', [stdout, stderr]);
  const started = startProcess('sh', ['-c', script], {
    cwd: folder.working,
    env: {
      ...platformEnvironment,
      // With exec the process that the shell knows is the source, and no shell between them.
      AIRBYTE_ENTRYPOINT: signalsTo === 'source' ? `exec ${words}` : words,
      SOURCE_ARGUMENTS: argv.map((word) => quoted(word)).join(' '),
      PIPES: folder.path,
      ...env,
    },
    pipes: false,
    group: true,
  });
  // In the shell's order: each open waits for the other side.
  const pipes = async (): Promise<Pipes> => {
    const log = await openPipe(stderr);
    return [await openPipe(stdout), log];
  };
  return { ...started, pipes };
}

type Pipes = readonly [stdout: Readable, stderr: Readable];

function startDirectly(input: SourceInput, folder: InputFolder, argv: readonly string[]) {
  const [program = '', ...first] = input.entrypoint;
  const started = startProcess(program, [...first, ...argv], {
    cwd: folder.working,
    env: { ...input.env },
    pipes: true,
    group: true,
  });
  const { stdout, stderr } = started.child;
  return { ...started, pipes: async (): Promise<Pipes> => [stdout, stderr] };
}

/** The process of the source, if it is known. */
function pidOfSource({ parent }: SourceInput, folder: InputFolder, pid = 0): number {
  return parent === 'none' ? pid : Number(readFileSync(join(folder.path, 'pid'), 'utf8'));
}

/** Starts a source and reads it to its end. */
export async function startSource(input: SourceInput): Promise<StartedSource> {
  // The names have no meaning: PyAirbyte names its files .txt.
  const folder = writeInputs(input, '.txt');
  const startedMs = Date.now();
  const argv = [input.verb, ...folder.argv];
  const started = (input.parent === 'none' ? startDirectly : startInShell)(input, folder, argv);
  const { child, pipes, ended } = started;
  const kill = (signal: NodeJS.Signals): void => {
    if (input.signalsTo === 'source') signalTo(pidOfSource(input, folder, child.pid), signal);
    else started.kill(signal);
  };
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
        ended.then((ending) => ({ ...ending, endedMs: Date.now() })),
      ]);
      return {
        stdout: Buffer.concat(pieces.map(({ bytes }) => bytes)),
        stderr: log,
        lines: linesOf(pieces),
        ...end,
        startedMs,
        touched: folder.touched(),
      };
    } finally {
      // Also what the source itself has started.
      started.kill('SIGKILL');
      folder.remove();
    }
  };
  return { pid: child.pid, kill, result: read() };
}

/** Runs a source to its end, in a process. */
export async function spawnSource(input: SourceInput): Promise<SourceRun> {
  const { result } = await startSource(input);
  return result;
}
