/** The ways to stdout: whatever goes there is complete, or the caller is told. */
import { Readable, type Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Message } from './singer/messages.ts';

/** Writes a text. @throws what the stream fails with, as when its reader went away. */
export function print(stdout: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes a line between those of a pipeline. Resolves once it has left. @throws what the stream fails with. */
export async function writeLine(stdout: Writable, line: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stdout.write(line, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

export interface MessageOutput {
  readonly messages: AsyncGenerator<Message, void, undefined>;
  /** Told about each message before it is written. */
  readonly observe: (message: Message) => void;
  /** Messages in, the protocol's lines out. */
  readonly writer: Transform;
  readonly stdout: Writable;
  /** Who went away needs no further page: a request or a wait under way would keep the process. */
  readonly abandon: () => void;
}

/**
 * The one output pipeline of a run: each adds listeners to stdout that stay. stdout is not ended, so that the process can see it emptied.
 * @throws what stdout fails with, as when its reader went away.
 */
export async function writeMessages(output: MessageOutput): Promise<void> {
  const { messages, observe, writer, stdout, abandon } = output;
  const observed = async function* observed(): AsyncGenerator<Message> {
    for await (const message of messages) {
      observe(message);
      yield message;
    }
  };
  const source = Readable.from(observed(), { highWaterMark: 1 });
  try {
    await pipeline(source, writer, stdout, { end: false });
  } catch (error) {
    abandon();
    throw error;
  }
}
