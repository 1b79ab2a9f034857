/** The output of a run. All messages are written to stdout, or the caller gets an error. */
import { Readable, type Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { AbortableSync } from '../sync/build-sync.ts';
import type { Message } from '../singer/messages.ts';

interface Output {
  /** Converts messages to lines of the protocol. */
  readonly writer: Transform;
  /** Called with each message before it is written. */
  readonly observe?: (message: Message) => void;
}

/**
 * Call this once per process, because each pipeline adds permanent listeners to stdout. Does not end stdout, so that
 * the process can wait until it is flushed.
 * @throws errors of stdout, for example if the reader has closed it. No further page is read then.
 */
export async function writeMessages(
  { messages, abort }: Pick<AbortableSync, 'messages' | 'abort'>,
  { stdout, writer, observe }: Output & { readonly stdout: Writable },
): Promise<void> {
  const observed = async function* observed(): AsyncGenerator<Message> {
    for await (const message of messages()) {
      observe?.(message);
      yield message;
    }
  };
  const source = Readable.from(observed(), { highWaterMark: 1 });
  try {
    await pipeline(source, writer, stdout, { end: false });
  } catch (error) {
    abort();
    throw error;
  }
}
