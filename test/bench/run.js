/** One run of one program in a process of its own, its output behind a real pipe. */
import { execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** @typedef {import('./pages.js').PageSet} PageSet */
/** @typedef {import('./server.js').Wish} Wish */
/** @typedef {import('./server.js').Told} Told */

/**
 * @typedef {object} Command
 * @property {readonly string[]} argv Behind `node`.
 * @property {Readonly<Record<string, string>>} [env]
 * @property {boolean} [reports] The process tells what it took (launch.js).
 * @property {number} [bytesPerSecond] A slow reader's pace. Default: as fast as can be.
 */

/**
 * @typedef {object} Figures
 * @property {number} wallMs
 * @property {number | undefined} cpuMs
 * @property {number | undefined} rssMib
 * @property {number | undefined} records Lines with records, when a slow reader has counted them.
 */

/** @param {string} name */
export function pathOf(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** A run that takes longer than this hangs. */
const longestMs = 30 * 60_000;

/**
 * @param {Command} command
 * @param {object} of
 * @param {string} [of.report] Path of its report.
 * @param {number | 'pipe'} of.stdout
 * @param {AbortSignal} of.signal Ends the process.
 */
function start({ argv, env = {}, reports }, { report, stdout, signal }) {
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

/**
 * The end of a pipe that something reads.
 *
 * @param {string} fifo
 * @param {number | undefined} bytesPerSecond
 */
async function openPipe(fifo, bytesPerSecond) {
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

/**
 * @param {Command} command
 * @param {{ folder: string, signal: AbortSignal }} scene For files of the run's own; ends the run.
 * @returns {Promise<Figures>}
 */
export async function measure(command, { folder, signal }) {
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
 * Runs it once more for what it writes.
 *
 * @param {Command} command
 * @param {AbortSignal} signal Ends the run.
 */
export async function outputOf(command, signal) {
  const { child, ended } = start({ ...command, reports: false }, { stdout: 'pipe', signal });
  if (child.stdout === null) throw new Error('There is no output.');
  const [bytes] = await Promise.all([buffer(child.stdout), ended]);
  return bytes;
}

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {(wish: Wish) => Promise<unknown>} prepare Must have been called before each run.
 * @property {() => Promise<readonly number[]>} marks
 * @property {() => Promise<void>} stop
 */

/**
 * @param {PageSet} pages
 * @returns {Promise<Server>}
 */
export async function startServer({ folder, items }) {
  const child = fork(pathOf('server.js'), [folder, String(items.length)]);
  const exited = once(child, 'exit');
  /** @param {Wish | 'marks'} message @returns {Promise<Told>} */
  const ask = async (message) => {
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
