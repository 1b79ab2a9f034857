/** One run of one program in a separate process, with its output in a real pipe. */
import { execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PageSet } from './pages.ts';
import type { Told, Wish } from './server.ts';

export interface Command {
  /** The arguments of `node`. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The process reports its time and memory (launch.js). */
  readonly reports?: boolean;
  /** A slow reader's pace. Default: as fast as can be. */
  readonly bytesPerSecond?: number;
}

interface Figures {
  readonly wallMs: number;
  readonly cpuMs: number | undefined;
  readonly rssMib: number | undefined;
  /** Lines with records, when a slow reader has counted them. */
  readonly records: number | undefined;
}

export function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** A run that takes longer than this hangs. */
const longestMs = 30 * 60_000;

function start(
  { argv, env = {}, reports }: Command,
  { report, stdout, signal }: { report?: string; stdout: number | 'pipe'; signal: AbortSignal },
) {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [...argv], {
    stdio: ['ignore', stdout, 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env, ...(reports && { BENCH_REPORT: report }) },
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  let told = '';
  child.stderr?.setEncoding('utf8').on('data', (piece) => {
    told = `${told}${piece}`.slice(-2000);
  });
  const ended = once(child, 'exit').then(([code, by]) => {
    signal.removeEventListener('abort', kill);
    signal.throwIfAborted();
    if (code === 0) return;
    throw new Error(`${argv.join(' ')} ended with ${by ?? code}: ${told.trim()}`);
  });
  return { child, ended };
}

/** The end of a pipe that something reads. */
async function openPipe(fifo: string, bytesPerSecond: number | undefined) {
  await promisify(execFile)('mkfifo', [fifo]);
  const slow = [process.execPath, pathOf('slow-reader.js'), String(bytesPerSecond)];
  const argv =
    bytesPerSecond === undefined
      ? ['-c', 'exec cat "$0" > /dev/null', fifo]
      : ['-c', 'exec "$@" < "$0"', fifo, ...slow];
  const reader = spawn('sh', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const counted = text(reader.stdout);
  const pipe = await open(fifo, 'w');
  return { pipe, counted };
}

/** @param scene For files of the run's own; ends the run. */
export async function measure(
  command: Command,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<Figures> {
  const fifo = join(folder, 'pipe');
  const report = join(folder, 'report.json');
  const { pipe, counted } = await openPipe(fifo, command.bytesPerSecond);
  try {
    const startMs = performance.now();
    const { ended } = start(command, { report, stdout: pipe.fd, signal });
    await pipe.close();
    await ended;
    const wallMs = performance.now() - startMs;
    const told = await counted;
    const records = told === '' ? undefined : Number(told);
    const own = command.reports ? JSON.parse(await readFile(report, 'utf8')) : {};
    return { wallMs, cpuMs: undefined, rssMib: undefined, records, ...own };
  } finally {
    await pipe.close().catch(() => undefined);
    await rm(fifo);
    await rm(report, { force: true });
  }
}

/**
 * Runs it again to get its output.
 *
 * @param signal Ends the run.
 */
export async function outputOf(command: Command, signal: AbortSignal): Promise<Buffer> {
  const { child, ended } = start({ ...command, reports: false }, { stdout: 'pipe', signal });
  if (child.stdout === null) throw new Error('There is no output.');
  const [bytes] = await Promise.all([buffer(child.stdout), ended]);
  return bytes;
}

export interface Server {
  readonly url: string;
  /** Must have been called before each run. */
  readonly prepare: (wish: Wish) => Promise<unknown>;
  readonly marks: () => Promise<readonly number[]>;
  readonly stop: () => Promise<void>;
}

export async function startServer({ folder, items }: PageSet): Promise<Server> {
  const child = fork(pathOf('server.ts'), [folder, String(items.length)]);
  const exited = once(child, 'exit');
  const ask = async (message: Wish | 'marks'): Promise<Told> => {
    const answered = once(child, 'message');
    child.send(message);
    const [told] = await Promise.race([
      answered,
      exited.then(() => Promise.reject(new Error('The server has ended.'))),
    ]);
    return told;
  };
  const { url } = await ask('marks');
  return {
    url,
    prepare: ask,
    marks: async () => (await ask('marks')).marks,
    stop: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
