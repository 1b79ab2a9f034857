/** `tap-zendesk-chat login` in a separate process. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { tapPath } from './spawn-tap.ts';
import { startProcess } from './start-process.ts';

/** Plays the user's browser. */
export const browser: string = fileURLToPath(new URL('browser.js', import.meta.url));

interface Login {
  /** Path of the config it writes. */
  readonly out: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Runs the program: Node, or one that runs it on a terminal. */
  readonly launcher?: readonly [string, ...string[]];
  /** The input that is typed after these words appear, computed from the output until then. */
  readonly typed?: readonly [words: string, text: (written: string) => Promise<string>];
}

/** @returns all that the terminal shows, and the exit code */
export async function runLogin(
  { url }: Sandbox,
  { out, args, env = {}, launcher = [process.execPath], typed }: Login,
): Promise<{ readonly written: string; readonly code: number | null }> {
  const [program, ...before] = launcher;
  const argv = ['login', '--subdomain', 'sandbox', '--out', out, ...args];
  const { child, ended } = startProcess(program, [...before, tapPath, ...argv], {
    cwd: dirname(out),
    env: { BROWSER: browser, ZENDESK_CHAT_API_URL: url, ...env },
    pipes: true,
    hasInput: true,
  });
  let written = '';
  let typing: Promise<unknown> | undefined;
  const read = (piece: unknown): void => {
    written += String(piece);
    if (typed === undefined || !written.includes(typed[0])) return;
    typing ??= typed[1](written).then((text) => child.stdin?.write(text));
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const { code } = await ended;
  await typing;
  return { written: written.replaceAll('\r', ''), code };
}

/** The address of the authorize page that the terminal shows. */
export function addressIn(written: string): URL {
  return new URL(/^ {2}(http\S+)\r?$/m.exec(written)?.[1] ?? '');
}
