import { isAscii } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import type { HttpFailure } from '../errors.ts';
import type { Json } from '../json.ts';

const inflate = promisify(gunzip);

/**
 * What zlib inflates into: one piece that holds it all, since JSON shrinks to a fifth or a tenth. Its own pieces
 * of 16 KiB make inflating a page three times dearer; and several are copied once more, into one. What is not
 * filled of it is never touched, and takes no memory.
 */
function inflatePiece(body: Buffer, maxBytes: number): number {
  return Math.max(256 * 1024, Math.min(body.length * 10, maxBytes));
}

export interface CollectOptions {
  /** More than this is not kept. */
  readonly maxBytes: number;
  /** Told the size of each piece as it arrives. */
  readonly onBytes: (count: number) => void;
}

/**
 * The whole body as it came over the wire; `undefined` when it is larger than `maxBytes`, in which case
 * the stream is destroyed. Rejects as the stream does.
 */
export async function collectBody(
  stream: AsyncIterable<string | Buffer>,
  { maxBytes, onBytes }: CollectOptions,
): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    onBytes(bytes.length);
    size += bytes.length;
    if (size > maxBytes) return undefined;
    pieces.push(bytes);
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, size);
}

/** Why a body is not the JSON it should be. */
export interface BodyProblem {
  readonly failure: Extract<HttpFailure, 'cut' | 'not-json' | 'too-large'>;
  /** What came, as the rest of a sentence that begins with the path: `sends HTML instead of JSON`. */
  readonly why: string;
  readonly cause?: unknown;
}

export type Text = { readonly text: string } | { readonly problem: BodyProblem };

/** The text of a body, inflated where the server says that it is gzip, up to `maxBytes`. */
export async function readText(
  body: Buffer,
  encoding: string | null,
  maxBytes: number,
): Promise<Text> {
  const coding = encoding?.trim().toLowerCase() ?? '';
  // An empty body is no gzip either, but "cut in half" would be the wrong word for it.
  if (body.length === 0 || coding === '' || coding === 'identity') return { text: decode(body) };
  if (coding !== 'gzip' && coding !== 'x-gzip') {
    const why = `sends the encoding ${coding.slice(0, 40)}, which was not asked for`;
    return { problem: { failure: 'not-json', why } };
  }
  try {
    const options = { chunkSize: inflatePiece(body, maxBytes), maxOutputLength: maxBytes };
    return { text: decode(await inflate(body, options)) };
  } catch (error) {
    // What zlib throws for a body that is cut, too large, or no gzip at all.
    return { problem: inflateProblem(error, maxBytes) };
  }
}

/** Text that is ASCII alone is copied as it is, out of V8's heap, whose size is a multiple of what it holds. */
function decode(bytes: Buffer): string {
  return isAscii(bytes) ? bytes.toString('latin1') : bytes.toString();
}

function inflateProblem(cause: unknown, maxBytes: number): BodyProblem {
  const code = codeOf(cause);
  if (code === 'ERR_BUFFER_TOO_LARGE') return { ...tooLarge(maxBytes), cause };
  if (code === 'Z_BUF_ERROR') {
    return { failure: 'cut', why: 'breaks off in the middle of the gzip body', cause };
  }
  return { failure: 'not-json', why: 'sends a damaged gzip body', cause };
}

export function tooLarge(maxBytes: number): BodyProblem {
  const mebibytes = Math.floor(maxBytes / 2 ** 20);
  return { failure: 'too-large', why: `sends a body of more than ${mebibytes} MiB` };
}

export type Parsed = { readonly json: Json } | { readonly problem: BodyProblem };

/** Parses a text; what is no JSON is named by its kind and never quoted. */
export function parseBody(text: string): Parsed {
  try {
    const json: Json = JSON.parse(text);
    return { json };
  } catch {
    // The SyntaxError quotes the body: it is left behind on purpose.
    return { problem: { failure: 'not-json', why: `sends ${nameOf(text)} instead of JSON` } };
  }
}

function nameOf(text: string): string {
  const start = text.trimStart().slice(0, 1);
  if (start === '') return 'an empty body';
  if (start === '<') return 'HTML';
  return start === '{' || start === '[' ? 'broken JSON' : 'plain text';
}

/** The `code` of an error of Node or of a package, `''` when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
