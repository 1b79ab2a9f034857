/** A sign-in inside this process, with a given simulation of the browser. */
import { buffer } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';

import { asTapError } from '../../src/core/errors.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { createLogger } from '../../src/core/logger.ts';
import { login } from '../../src/login/login.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';

export interface SignInInput {
  readonly args: readonly string[];
  readonly secret?: string;
  /** Plays the browser, with the address it is opened with. */
  readonly browse: (address: URL) => Promise<void>;
  readonly clock?: Clock;
}

export interface SignInResult {
  /** 0, or the error's message. */
  readonly ended: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export async function signIn(
  { url }: Pick<Sandbox, 'url'>,
  { args, secret, browse, clock = systemClock }: SignInInput,
): Promise<SignInResult> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const written = Promise.all([buffer(stdout), buffer(stderr)]);
  const logger = createLogger({
    write: (line) => stderr.write(line),
    format: 'text',
    level: 'debug',
    now: clock.now,
    name: 'test',
    pid: 4711,
  });
  let browsed: Promise<void> = Promise.resolve();
  const ended = await login({
    argv: ['login', '--subdomain', 'sandbox', '--port', '0', ...args],
    env: {
      ZENDESK_CHAT_API_URL: url,
      ...(secret !== undefined && { TAP_ZENDESK_CHAT_CLIENT_SECRET: secret }),
    },
    stdout,
    stderr,
    pid: 4711,
    signals: {
      signal: new AbortController().signal,
      catchSignals: () => undefined,
      end: async () => undefined,
    },
    clock,
    logger,
    openBrowser: async (address) => {
      browsed = browse(new URL(address));
      // It is awaited below: the browser outlives the moment it is opened.
      browsed.catch(() => undefined);
    },
  }).catch((error: unknown) => {
    logger.critical(asTapError(error, 'a bug').message, { error });
    return asTapError(error, 'a bug').message;
  });
  await browsed;
  stdout.end();
  stderr.end();
  const [out, log] = await written;
  return { ended, stdout: out.toString('utf8'), stderr: log.toString('utf8') };
}
