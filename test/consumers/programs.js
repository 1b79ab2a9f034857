/**
 * Programs the harness starts, each in a process group of its own: whatever happens, none of them and
 * nothing they have started stays behind.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/**
 * @typedef {object} ProgramOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] Everything it gets; default: what the harness has.
 * @property {number} [uid] Runs as another user.
 * @property {number} [gid]
 * @property {number} [timeoutMs] It is killed after so long. Default: five minutes.
 * @property {string} [input] What it reads.
 */

/**
 * @typedef {object} Ended
 * @property {number | null} code null: killed.
 * @property {string} stdout
 * @property {string} stderr
 */

const longestMs = 300_000;

/** @type {Set<ChildProcess>} */
const running = new Set();

let isStopped = false;

/**
 * @param {ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup({ pid }, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The whole group has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * Starts a program that is ended by whoever starts it, at the latest by `stopPrograms`.
 *
 * @param {string} command
 * @param {readonly string[]} argv
 * @param {ProgramOptions} [options]
 * @returns {ChildProcess}
 */
export function startProgram(command, argv, { cwd, env, uid, gid } = {}) {
  if (isStopped) throw new Error('The harness is being stopped.');
  const child = spawn(command, argv, { cwd, env, uid, gid, detached: true });
  // Only a program that could not be started has no pid; its user is told by the event `error`.
  if (child.pid === undefined) return child;
  running.add(child);
  child.once('exit', () => {
    signalGroup(child, 'SIGKILL');
    running.delete(child);
  });
  return child;
}

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {readonly string[]} argv
 * @param {ProgramOptions} [options]
 * @returns {Promise<Ended>}
 */
export async function runProgram(command, argv, options = {}) {
  const child = startProgram(command, argv, options);
  const texts = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
    child[name]?.setEncoding('utf8').on('data', (text) => {
      texts[name] += text;
    });
  }
  // A program that does not read its input, or could not be started, has closed it.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  const timer = setTimeout(() => {
    texts.stderr += '\nIt took too long and was killed.';
    signalGroup(child, 'SIGKILL');
  }, options.timeoutMs ?? longestMs);
  try {
    const [code] = await once(child, 'close');
    return { code, ...texts };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a program that has to succeed.
 *
 * @param {string} command
 * @param {readonly string[]} argv
 * @param {ProgramOptions} [options]
 * @returns {Promise<string>} what it wrote to stdout
 */
export async function runWell(command, argv, options) {
  const { code, stdout, stderr } = await runProgram(command, argv, options);
  if (code === 0) return stdout;
  const said = `${stderr}\n${stdout}`.trim().split('\n').slice(-25).join('\n');
  throw new Error(`${command} ${argv.join(' ')} ended with ${code}:\n${said}`);
}

/** Kills all that still runs; nothing can be started afterwards. */
export function stopPrograms() {
  isStopped = true;
  for (const child of running) signalGroup(child, 'SIGKILL');
}
