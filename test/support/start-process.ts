/** Starts a process, and kills it if it is still alive at the end of the test file. */
import { afterAll } from '@jest/globals';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface ProcessOptions {
  readonly cwd: string;
  /** Besides PATH; nothing else of the environment of the tests is passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** True: stdout and stderr are pipes. False: they go nowhere. */
  readonly pipes: boolean;
  /** Standard input is a pipe. Default: it is empty. */
  readonly hasInput?: boolean;
  /** Starts a process group of its own, so that a signal can reach all of its processes. */
  readonly group?: boolean;
}

type Pipes<HasPipes extends boolean> = HasPipes extends true ? Readable : null;

export interface StartedProcess<HasPipes extends boolean = true> {
  readonly child: ChildProcess & {
    readonly stdout: Pipes<HasPipes>;
    readonly stderr: Pipes<HasPipes>;
  };
  readonly ended: Promise<Ending>;
  /** Sends a signal to the process, or to its group if it has one; does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
}

const alive = new Set<{ kill(signal: NodeJS.Signals): void }>();

afterAll(() => {
  for (const one of alive) one.kill('SIGKILL');
});

/** Sends a signal to a process or, with a negative number, to a group, unless it has ended. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

export function startProcess<HasPipes extends boolean>(
  program: string,
  args: readonly string[],
  options: ProcessOptions & { readonly pipes: HasPipes },
): StartedProcess<HasPipes> {
  const { cwd, env, pipes, hasInput = false, group = false } = options;
  const input = hasInput ? 'pipe' : 'ignore';
  const stdio: StdioOptions = pipes ? [input, 'pipe', 'pipe'] : [input, 'ignore', 'ignore'];
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio,
    detached: group,
  }) as StartedProcess<HasPipes>['child'];
  const started = {
    child,
    kill: (signal: NodeJS.Signals): void => {
      if (child.pid !== undefined) signalTo(group ? -child.pid : child.pid, signal);
    },
    ended: new Promise<Ending>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve({ code, signal }));
    }).finally(() => alive.delete(started)),
  };
  alive.add(started);
  return started;
}
