import type { Writable } from 'node:stream';

/** A stopped run that cannot get rid of its last lines is given up after this long. */
const lastWordsMs = 1500;

type Signal = 'SIGINT' | 'SIGTERM';

/** Exit codes a shell would show for the signals; used where the signal itself does not end us (PID 1). */
const exitCodes: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The part of `process` a program's life depends on. */
export interface ProcessLike {
  readonly pid: number;
  exitCode?: number | string | null | undefined;
  on(event: Signal, listener: (signal: Signal) => void): unknown;
  off(event: Signal, listener: (signal: Signal) => void): unknown;
  kill(pid: number, signal: Signal): unknown;
}

/** From start to exit code: signals, and an output that is complete before the process ends. */
export interface Lifetime {
  /** Aborted by the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** Waits until `output` has taken everything, then leaves by exit code or by the signal that came. */
  end(exitCode: number, output: Writable): Promise<void>;
}

/**
 * Turns the first signal into an abort, so that the page in hand and its state still go out; then the
 * process ends by the same signal. It does so within 2 s, even if nobody reads its output; a second
 * signal ends it at once.
 */
export function createLifetime(process: ProcessLike): Lifetime {
  const controller = new AbortController();
  let caught: Signal | undefined;

  const leave = (signal: Signal): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    process.exitCode = exitCodes[signal];
    process.kill(process.pid, signal);
  };

  function onSignal(signal: Signal): void {
    if (caught !== undefined) {
      leave(signal);
      return;
    }
    caught = signal;
    setTimeout(() => leave(signal), lastWordsMs).unref();
    controller.abort(new Error(`stopped by ${signal}`));
  }

  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    end: async (exitCode, output) => {
      await flushed(output);
      process.exitCode = exitCode;
      if (caught !== undefined) leave(caught);
      else {
        process.off('SIGINT', onSignal);
        process.off('SIGTERM', onSignal);
      }
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
