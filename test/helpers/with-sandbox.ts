import type { SandboxOptions } from '../../src/sandbox/options.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
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

/** Paths the sandbox was asked for, in order, without what they have in common. */
export function askedPaths({ requests }: Pick<Sandbox, 'requests'>): readonly string[] {
  return requests.map(({ path }) => path.replace('/api/v2/chat/', ''));
}

/** The lines a person has to act on; a good run has none. */
export function criticalLines({ stderrLines }: TapResult): readonly string[] {
  return stderrLines.filter((line) => line.startsWith('CRITICAL'));
}

/** The last line of stderr: what a runner shows its user. */
export function lastWords({ stderrLines }: TapResult): string {
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
