import { EventEmitter, once } from 'node:events';

import type { SandboxOptions, HookRequest } from '../../src/sandbox/program/options.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/api/server.ts';
import type { TapResult } from './run-tap.ts';

/** A token that is easy to find wherever it should not be. */
export const secretToken = 'TOKEN-5f1c93-do-not-show';

/** An account that is read in no time; options override it. */
const small: SandboxOptions = {
  token: secretToken,
  chats: 12,
  history: { min: 2, max: 3 },
  agents: 3,
  bans: { ip: 2, visitor: 2 },
  timeline: 6,
  // The streams that read them are off by default.
  conversions: 0,
  departmentEvents: 0,
  agentEvents: 0,
};

/** Starts a small sandbox for as long as `work` takes; fit for tests that run side by side. */
export async function withSandbox<T>(
  options: SandboxOptions,
  work: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await startSandbox({ ...small, ...options });
  try {
    return await work(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** A request whose answer is held back. */
export interface HeldRequest {
  /** For the sandbox. */
  readonly onRequest: (request: HookRequest) => Promise<void>;
  /** Resolves when the request has come. */
  readonly come: Promise<void>;
  /** Lets the answer go. */
  readonly release: () => void;
}

/** Holds back the answer to the nth request whose path ends in `path`. */
export function holdRequest(nth: number, path: string = '', heldFrom: number = nth): HeldRequest {
  const events = new EventEmitter();
  const released = once(events, 'released');
  let count = 0;
  return {
    come: once(events, 'come').then(() => undefined),
    release: () => events.emit('released'),
    onRequest: async (request) => {
      if (!request.path.endsWith(path)) return;
      count += 1;
      if (count === nth) events.emit('come');
      if (count >= heldFrom && count <= nth) await released;
    },
  };
}

/** The requested paths in order, without their common prefix. */
export function askedPaths({ requests }: Pick<Sandbox, 'requests'>): readonly string[] {
  return requests.map(({ path }) => path.replace('/api/v2/chat/', ''));
}

/** The lines a person has to act on; a good run has none. */
export function criticalLines({ stderrLines }: TapResult): readonly string[] {
  return stderrLines.filter((line) => line.startsWith('CRITICAL'));
}

/** The last line of stderr: what a runner shows its user. */
export function lastErrorLine({ stderrLines }: TapResult): string {
  return stderrLines.at(-1) ?? '';
}

/** The texts `secret` may appear as, found in anything the program wrote. */
export function leaks(
  { stdout, stderr }: TapResult,
  secret: string = secretToken,
): readonly string[] {
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [secret, base64, 'Bearer ' + secret].filter((form) => `${stdout}${stderr}`.includes(form));
}
