/** Questions to the person at the terminal. What is typed is not shown. */
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** @returns one line of standard input; `''` when there is none */
export async function promptHidden(
  question: string,
  stderr: Writable,
  signal: AbortSignal,
): Promise<string> {
  const { stdin } = process;
  // readline would repeat what is typed on its output. From here on the terminal itself does not, either.
  const noOutput = new Writable({ write: (_piece, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: noOutput, terminal: stdin.isTTY });
  stderr.write(question);
  try {
    const ended = new Promise<string>((resolve) => void lines.once('close', () => resolve('')));
    const stopped = new Promise<string>((_resolve, reject) => {
      const stop = (): void => reject(new Error('stopped by a signal'));
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
