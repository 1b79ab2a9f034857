/** Prompts in the terminal that do not show the input. */
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** @returns One line of standard input; `''` if the input has ended. */
export async function promptHidden(
  question: string,
  stderr: Writable,
  signal: AbortSignal,
): Promise<string> {
  const { stdin } = process;
  // readline echoes the input to its output and turns the terminal's own echo off.
  const noOutput = new Writable({ write: (_piece, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: noOutput, terminal: stdin.isTTY });
  stderr.write(question);
  try {
    const ended = new Promise<string>((resolve) => void lines.once('close', () => resolve('')));
    const stopped = new Promise<string>((_resolve, reject) => {
      const stop = (): void => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    });
    return (await Promise.race([lines.question(''), ended, stopped])).trim();
  } finally {
    lines.close();
    stdin.unref?.();
    stderr.write('\n');
  }
}
