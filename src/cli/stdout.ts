import type { Writable } from 'node:stream';

/** Resolves once the text has left. @throws what the stream fails with, as when its reader went away. */
export async function print(stdout: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
