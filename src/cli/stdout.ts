/** The one way of a run to stdout: what goes there arrives complete, or the caller gets an error. */
import { Readable, type Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { AbortableSync } from '../sync/build-sync.ts';
import type { Message } from '../singer/messages.ts';

interface Output {
  /** Messages in, the protocol's lines out. */
  readonly writer: Transform;
  /** Is given each message before it is written. */
  readonly observe?: (message: Message) => void;
}

/**
 * The one output pipeline of a run: each adds listeners to stdout that stay. stdout is not ended, so that the process can see it emptied.
 * @throws what stdout fails with, as when its reader went away; no further page is read then
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
