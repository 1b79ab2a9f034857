/** A lock next to a file, so that only one process at a time uses the file. */
import type { Clock } from '../core/clock.ts';
import { errorCode, ConfigError, TapError } from '../core/errors.ts';
import { quotedPath } from '../core/quoting.ts';

export interface LockOptions {
  /** The file to lock. The lock is the folder `PATH.lock`; a process holds `PATH.lock.lock` while it acquires it. */
  readonly path: string;
  readonly clock: Clock;
  /** Cancels the wait for the lock. */
  readonly signal: AbortSignal;
  /** Maximum wait in ms. The lock of a dead process expires within ten seconds. */
  readonly maxWaitMs: number;
  /** Called once, when the wait begins. */
  readonly onWait: () => void;
}

const staleMs = 10_000;
const pollMs = 200;

/** @throws TapError (transient) if another process holds the lock for too long, ConfigError if it cannot be created. */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const release = await acquire(options);
  try {
    return await work();
  } finally {
    // Fails if another process has taken the lock over because this one did not refresh it.
    await release().catch(() => undefined);
  }
}

async function acquire(options: LockOptions): Promise<() => Promise<void>> {
  const { path, clock, signal, maxWaitMs, onWait } = options;
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    try {
      // The library takes over an expired lock in two steps, which two processes must not do at the same time.
      const release = await lock(`${path}.lock`);
      try {
        return await lock(path);
      } finally {
        await release();
      }
    } catch (error) {
      const code = errorCode(error);
      if (code !== 'ELOCKED') throw lockError(path, code, error);
      if (waitedMs >= maxWaitMs) throw lockHeldError(path, error);
      if (waitedMs === 0) onWait();
    }
    await clock.sleep(pollMs, signal);
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  const { default: lockfile } = await import('proper-lockfile');
  // `realpath`: the file need not exist. `onCompromised`: by default, the library throws in a timer.
  return lockfile.lock(path, { realpath: false, stale: staleMs, onCompromised: () => undefined });
}

function lockHeldError(path: string, cause: unknown): TapError {
  const text = `${quotedPath(`${path}.lock`)} is held by another run: wait until that run ends.`;
  return new TapError(text, { kind: 'transient', cause });
}

function lockError(path: string, code: string, cause: unknown): ConfigError {
  const text = `cannot create a lock for ${quotedPath(path)} (${code || 'no code'}): its folder must exist, and this user must be allowed to write to it.`;
  return new ConfigError(text, '', cause);
}
