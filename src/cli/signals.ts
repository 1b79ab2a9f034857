import type { Writable } from 'node:stream';

/** A stopped run that cannot get rid of its last lines is given up after this long. */
const flushTimeoutMs = 1500;

type Signal = 'SIGINT' | 'SIGTERM';

/** Exit codes a shell would show for the signals; used where the signal itself does not end the process (PID 1). */
const exitCodes: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

export interface ProcessLike {
  readonly pid: number;
  exitCode?: number | string | null | undefined;
  on(event: Signal, listener: (signal: Signal) => void): unknown;
  off(event: Signal, listener: (signal: Signal) => void): unknown;
  kill(pid: number, signal: Signal): unknown;
  exit(code: number): unknown;
}

/** From start to exit code: signals, and an output that is complete before the process ends. */
export interface ProcessSignals {
  /** Aborted by the first SIGTERM or SIGINT after `catchSignals`. */
  readonly signal: AbortSignal;
  /**
   * Records are written from now on: the first signal aborts `signal`, so that the page in hand and its state
   * still go out. Until then a signal ends the process at once, also in the middle of long computations.
   * @param onForcedEnd called when the process has to end before its output was taken
   */
  catchSignals(onForcedEnd?: () => void): void;
  /** Waits until `output` has taken everything, then leaves by exit code or by the signal that came. */
  end(exitCode: number, output: Writable): Promise<void>;
}

/**
 * Deferred, a stop takes 1.5 s at most, even if nobody reads the output; a second signal ends the process at
 * once. It ends by the signal itself.
 */
export function createProcessSignals(process: ProcessLike): ProcessSignals {
  const controller = new AbortController();
  // The kernel keeps signals without a handler from the first process of a container.
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
    // Its own signal would not end it, and what it may wait for is not all known here.
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

/** Resolves when everything written before has left, or can no longer leave. */
async function flushed(output: Writable): Promise<void> {
  if (output.destroyed || output.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    output.once('close', resolve);
    output.write('', () => resolve());
  });
}
