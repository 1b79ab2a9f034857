import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Reply } from './reply.ts';

const compress = promisify(gzip);

/** A reply as bytes. */
export interface Encoded {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

/** Makes the bytes of a reply, compressed at this level if there is one. */
export type Encoder = (reply: Reply, gzipLevel: number | undefined) => Promise<Encoded>;

const firstScratchBytes = 65_536;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const bytesPerUnit = 3;

/** Encodes piece by piece into one scratch buffer: half the work of joining texts or buffers. */
export function createEncoder(): Encoder {
  let scratch = Buffer.alloc(firstScratchBytes);
  function toBytes(pieces: Iterable<string>): Buffer {
    let end = 0;
    for (const piece of pieces) {
      const most = end + piece.length * bytesPerUnit;
      if (most > scratch.length) scratch = Buffer.concat([scratch.subarray(0, end)], most * 2);
      end += scratch.write(piece, end, 'utf8');
    }
    return Buffer.from(scratch.subarray(0, end));
  }
  return async ({ status, headers, body }, gzipLevel) => {
    const plain = toBytes(body);
    if (gzipLevel === undefined || plain.length === 0) return { status, headers, bytes: plain };
    const bytes = await compress(plain, { level: gzipLevel });
    return { status, headers: { ...headers, 'content-encoding': 'gzip' }, bytes };
  };
}

function writeHead(outgoing: ServerResponse, { status, headers, bytes }: Encoded): void {
  outgoing.writeHead(status, { ...headers, 'content-length': String(bytes.length) });
}

/** Sends all of it. */
export function sendWhole(outgoing: ServerResponse, encoded: Encoded): void {
  writeHead(outgoing, encoded);
  outgoing.end(encoded.bytes);
}

/** Promises all of it, sends half, and then calls `then`, once the half is on its way. */
export function sendHalf(outgoing: ServerResponse, encoded: Encoded, then: () => void): void {
  writeHead(outgoing, encoded);
  outgoing.write(encoded.bytes.subarray(0, Math.floor(encoded.bytes.length / 2)), then);
}

/** Has the client closed the connection? From Node 24 on such a response is closed, but not destroyed. */
function isGone({ destroyed, closed }: ServerResponse): boolean {
  return destroyed || closed;
}

/** Resolves after `ms`, or as soon as the client has gone. */
export function pause(ms: number, outgoing: ServerResponse): Promise<void> {
  if (ms <= 0 || isGone(outgoing)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      outgoing.off('close', finish);
      resolve();
    }
    outgoing.on('close', finish);
  });
}

/** Sends all of it in so many pieces, waiting `everyMs` before each. */
export async function sendSlowly(
  outgoing: ServerResponse,
  encoded: Encoded,
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
