/**
 * Programs that the harness starts, each in its own process group, so that after any failure none of them and
 * none of their children keeps running.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';

interface ProgramOptions {
  readonly cwd?: string;
  /** The complete environment. Default: that of the harness. */
  readonly env?: NodeJS.ProcessEnv;
  /** Runs as another user. */
  readonly uid?: number;
  readonly gid?: number;
  /** It is killed after so long. Default: five minutes. */
  readonly timeoutMs?: number;
  /** Its standard input. */
  readonly input?: string;
}

/** JSON of another program, which the rows check. It is not validated here. */
export type Answer = ReturnType<typeof JSON.parse>;

export interface Ended {
  /** null: killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const longestMs = 300_000;

const running: Set<ChildProcess> = new Set();

let isStopped = false;

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The whole group has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Starts a program. The caller must stop it; otherwise `stopPrograms` does. */
export function startProgram(
  command: string,
  argv: readonly string[],
  { cwd, env, uid, gid }: ProgramOptions = {},
): ChildProcess {
  if (isStopped) throw new Error('The harness is being stopped.');
  const child = spawn(command, argv, { cwd, env, uid, gid, detached: true });
  // Only a program that could not be started has no pid; its caller receives the event `error`.
  if (child.pid === undefined) return child;
  running.add(child);
  child.once('exit', () => {
    signalGroup(child, 'SIGKILL');
    running.delete(child);
  });
  return child;
}

/** Runs a program to its end. */
export async function runProgram(
  command: string,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  const child = startProgram(command, argv, options);
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
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
 * @returns its stdout
 */
export async function runWell(
  command: string,
  argv: readonly string[],
  options?: ProgramOptions,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, argv, options);
  if (code === 0) return stdout;
  const said = `${stderr}\n${stdout}`.trim().split('\n').slice(-25).join('\n');
  throw new Error(`${command} ${argv.join(' ')} ended with ${code}:\n${said}`);
}

/** Kills all that still runs; nothing can be started afterwards. */
export function stopPrograms(): void {
  isStopped = true;
  for (const child of running) signalGroup(child, 'SIGKILL');
}
