import type { Writable } from 'node:stream';

/** Maximum time for a stopped run to write its last lines. */
const flushTimeoutMs = 1500;

type Signal = 'SIGINT' | 'SIGTERM';

/** The exit codes that a shell reports for the signals. Used if the signal itself does not end the process (PID 1). */
const exitCodes: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

export interface ProcessLike {
  readonly pid: number;
  exitCode?: number | string | null | undefined;
  on(event: Signal, listener: (signal: Signal) => void): unknown;
  off(event: Signal, listener: (signal: Signal) => void): unknown;
  kill(pid: number, signal: Signal): unknown;
  exit(code: number): unknown;
}

/** Handles signals, and ends the process only after its output is complete. */
export interface ProcessSignals {
  /** Aborted by the first SIGTERM or SIGINT after `catchSignals`. */
  readonly signal: AbortSignal;
  /**
   * Call this before records are written. From then on, the first signal aborts `signal`, so that the current page and
   * its state are still written. Before that, a signal ends the process immediately, even during a computation.
   * @param onForcedEnd Called if the process must end before its output was read.
   */
  catchSignals(onForcedEnd?: () => void): void;
  /** Waits until `output` is flushed, then ends the process with the exit code or the received signal. */
  end(exitCode: number, output: Writable): Promise<void>;
}

/**
 * After `catchSignals`, a stop takes at most 1.5 s, even if the output is not read. A second signal ends the process
 * immediately. The process ends by the signal itself.
 */
export function createProcessSignals(process: ProcessLike): ProcessSignals {
  const controller = new AbortController();
  // The kernel does not deliver signals without a handler to the first process of a container.
  const isPidOne = process.pid === 1;
  let isDeferring = false;
  let caught: Signal | undefined;
  let beforeForcedEnd: (() => void) | undefined;

  const setListeners = (method: 'on' | 'off'): void => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process[method](signal, onSignal);
  };
  const exitBySignal = (signal: Signal): void => {
    setListeners('off');
    process.exitCode = exitCodes[signal];
    // The signal does not end the first process of a container, and pending operations may keep it alive.
    // oxlint-disable-next-line unicorn/no-process-exit
    if (isPidOne) process.exit(exitCodes[signal]);
    else process.kill(process.pid, signal);
  };

  const forceEnd = (signal: Signal): void => {
    beforeForcedEnd?.();
    exitBySignal(signal);
  };

  function onSignal(signal: Signal): void {
    if (caught !== undefined || !isDeferring) return forceEnd(signal);
    caught = signal;
    setTimeout(() => forceEnd(signal), flushTimeoutMs).unref();
    controller.abort(new Error(`stopped by ${signal}`));
  }

  if (isPidOne) setListeners('on');
  return {
    signal: controller.signal,
    catchSignals: (onForcedEnd) => {
      isDeferring = true;
      beforeForcedEnd = onForcedEnd;
      if (!isPidOne) setListeners('on');
    },
    end: async (exitCode, output) => {
      await flushed(output);
      process.exitCode = exitCode;
      if (caught === undefined) setListeners('off');
      else exitBySignal(caught);
    },
  };
}

/** Resolves when the stream is flushed, or can no longer be written. */
async function flushed(output: Writable): Promise<void> {
  if (output.destroyed || output.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    output.once('close', resolve);
    output.write('', () => resolve());
  });
}
