import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Reply } from './reply.ts';

const compress = promisify(gzip);

export interface EncodedReply extends Pick<Reply, 'status' | 'headers'> {
  readonly bytes: Buffer;
}

export async function encode(reply: Reply, isGzip: boolean): Promise<EncodedReply> {
  const { status, headers, body } = reply;
  const plain = Buffer.from(body);
  if (!isGzip || plain.length === 0) return { status, headers, bytes: plain };
  const bytes = await compress(plain, { level: constants.Z_BEST_SPEED });
  return { status, headers: { ...headers, 'content-encoding': 'gzip' }, bytes };
}

function writeHead(outgoing: ServerResponse, { status, headers, bytes }: EncodedReply): void {
  outgoing.writeHead(status, { ...headers, 'content-length': String(bytes.length) });
}

export function firstHalf({ bytes }: EncodedReply): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}

export function sendWhole(outgoing: ServerResponse, encoded: EncodedReply): void {
  writeHead(outgoing, encoded);
  outgoing.end(encoded.bytes);
}

/** Sends the headers for the complete body, but only half of the body. Calls `then` after that half was flushed. */
export function sendHalf(outgoing: ServerResponse, encoded: EncodedReply, then: () => void): void {
  writeHead(outgoing, encoded);
  outgoing.write(firstHalf(encoded), then);
}

/** Whether the client has closed the connection. Since Node.js 24, the response is then closed but not destroyed. */
function isGone({ destroyed, closed }: ServerResponse): boolean {
  return destroyed || closed;
}

/** Resolves after `ms`, or when the client closes the connection. */
export async function pause(ms: number, outgoing: ServerResponse): Promise<void> {
  if (ms <= 0 || isGone(outgoing)) return;
  const gone = new AbortController();
  const stop = (): void => gone.abort();
  outgoing.once('close', stop);
  await setTimeout(ms, undefined, gone).catch(() => undefined);
  outgoing.off('close', stop);
}

/** Sends the body in `pieces` pieces and waits `everyMs` before each one. */
export async function sendSlowly(
  outgoing: ServerResponse,
  encoded: EncodedReply,
  pace: { readonly everyMs: number; readonly pieces: number },
): Promise<void> {
  writeHead(outgoing, encoded);
  outgoing.flushHeaders();
  const size = Math.max(1, Math.ceil(encoded.bytes.length / pace.pieces));
  for (let start = 0; start < encoded.bytes.length; start += size) {
    await pause(pace.everyMs, outgoing);
    if (isGone(outgoing)) return;
    outgoing.write(encoded.bytes.subarray(start, start + size));
  }
  outgoing.end();
}
