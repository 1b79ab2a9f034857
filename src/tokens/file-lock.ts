/** One process at a time, by a lock beside a file. */
import type { Clock } from '../core/clock.ts';
import { errorCode, ConfigError, TapError } from '../core/errors.ts';
import { quotedPath } from '../core/quoting.ts';

export interface LockOptions {
  /** The file; the lock is a folder of the same name and `.lock`, taken while one more `.lock` behind it is held. */
  readonly path: string;
  readonly clock: Clock;
  /** Ends waiting for the lock. */
  readonly signal: AbortSignal;
  /** Longest wait, in ms. A holder that has died is noticed within ten seconds. */
  readonly maxWaitMs: number;
  /** Called once, when there is a wait. */
  readonly onWait: () => void;
}

const staleMs = 10_000;
const pollMs = 200;

/** @throws TapError (transient) when another process keeps it too long, ConfigError when it cannot be made. */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const release = await acquire(options);
  try {
    return await work();
  } finally {
    // A lock that is gone already: another process has taken this one for dead.
    await release().catch(() => undefined);
  }
}

async function acquire(options: LockOptions): Promise<() => Promise<void>> {
  const { path, clock, signal, maxWaitMs, onWait } = options;
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    try {
      // The library takes over a dead lock in two steps: two processes must not do so at the same time.
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
  // The file need not exist. What the library does about a lost lock by default is to throw in a timer.
  return lockfile.lock(path, { realpath: false, stale: staleMs, onCompromised: () => undefined });
}

function lockHeldError(path: string, cause: unknown): TapError {
  const text = `${quotedPath(`${path}.lock`)} is held by another run: wait until that has ended.`;
  return new TapError(text, { kind: 'transient', cause });
}

function lockError(path: string, code: string, cause: unknown): ConfigError {
  const text = `no lock can be made beside ${quotedPath(path)} (${code || 'no code'}): its folder must exist, and this user must be allowed to write to it.`;
  return new ConfigError(text, '', cause);
}
