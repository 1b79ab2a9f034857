/**
 * A sandbox and the tap, in this process and on one frozen clock: waits take no time, and if the
 * sandbox does not respond to a request, its time limit elapses at once.
 */
import type { LoggedRequest } from '../../src/sandbox/api/request-log.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { runTap, type InProcessInput, type TapResult } from './run-tap.ts';
import { withSandbox } from './with-sandbox.ts';

export const worldStartMs: number = Date.UTC(2026, 0, 5, 12);

/** `config` is added to the sandbox's ready one. The log is at debug level. Default of `clock`: the world's. */
export type WorldInput = Omit<InProcessInput, 'config'> & {
  readonly config?: object;
};

export interface World {
  readonly sandbox: Sandbox;
  readonly clock: FakeClock;
  readonly run: (input?: WorldInput) => Promise<TapResult>;
}

/** A clock whose time limits a test can let elapse. */
interface LimitClock extends Pick<FakeClock, 'now' | 'refreshed' | 'passLimit'> {}

/**
 * Starts a small sandbox on a simulated clock. If it does not respond to a request, the time limit of
 * the request passes at once.
 */
export function withClock<T>(
  clock: LimitClock,
  options: SandboxOptions,
  work: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  let received = Promise.resolve();
  const onRequest: SandboxOptions['onRequest'] = async (request) => {
    received = clock.refreshed();
    await options.onRequest?.(request);
  };
  const pass = async ({ fault, status }: LoggedRequest): Promise<void> => {
    if (fault !== 'stall') return;
    // If a response stalls in its body, its headers must have arrived before.
    if (status !== null) await received;
    clock.passLimit();
  };
  const onAnswer: SandboxOptions['onAnswer'] = (request) => {
    options.onAnswer?.(request);
    void pass(request);
  };
  return withSandbox({ clock: clock.now, ...options, onRequest, onAnswer }, work);
}

/** Starts one with a small account for as long as `work` takes. */
export function withWorld<T>(
  options: SandboxOptions,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const clock = createFakeClock(worldStartMs);
  return withClock(clock, options, (sandbox) =>
    work({
      sandbox,
      clock,
      run: (input = {}) =>
        runTap({
          sandboxUrl: sandbox.url,
          clock,
          ...input,
          config: { ...sandbox.config, ...input.config },
          env: { LOGLEVEL: 'debug', ...input.env },
        }),
    }),
  );
}

/** The result of a run in this world. */
export interface WorldRun extends Omit<World, 'run'> {
  readonly result: TapResult;
}

/** One run in its own world. */
export function runOnce(options: SandboxOptions, input: WorldInput = {}): Promise<WorldRun> {
  return withWorld(options, async ({ run, ...world }) => ({ ...world, result: await run(input) }));
}
