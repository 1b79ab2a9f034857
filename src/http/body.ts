import { isAscii, isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';

import type { Headers } from 'node-fetch';

import { errorCode, HttpError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { createHttpError } from './http-errors.ts';
import { tryLaterAdvice } from './statuses.ts';

/** Inflated, a page that explains an error is no longer than this, or not worth reading. */
const maxErrorBodyBytes = 2 ** 20;

type Inflate = (body: Buffer, options: ZlibOptions) => Promise<Buffer>;

const zlibInflate: Inflate = promisify(inflate);
const rawInflate: Inflate = promisify(inflateRaw);

/** The codings node-fetch knows. `deflate` is a zlib stream, but some servers leave its header out. */
const inflateByCoding: Readonly<Record<string, Inflate>> = {
  gzip: promisify(gunzip),
  deflate: (body, options) =>
    ((body[0] ?? 0) & 0x0f) === 8 ? zlibInflate(body, options) : rawInflate(body, options),
  br: promisify(brotliDecompress),
};

/** The codings of a Content-Encoding header in the order they were applied. */
function codingsOf(headers: Headers): readonly string[] {
  const codings = (headers.get('content-encoding') ?? '').toLowerCase().split(',');
  return codings
    .map((coding) => coding.trim().replace(/^x-/, ''))
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/**
 * zlib inflates into one piece that holds it all, since JSON shrinks to a fifth or a tenth: pieces of 16 KiB make
 * inflating a page three times dearer. What is not filled of it takes no memory.
 */
function inflateChunkSize(body: Buffer, maxBytes: number): number {
  return Math.max(256 * 1024, Math.min(body.length * 10, maxBytes));
}

/**
 * A body without its Content-Encoding, up to `maxBytes`. Inflated as a whole, since only so one that is cut
 * in half is noticed.
 * @throws HttpError
 */
export async function decodeContent(
  body: Buffer,
  headers: Headers,
  maxBytes: number,
): Promise<Buffer> {
  let decoded = body;
  for (const coding of codingsOf(headers).toReversed()) {
    // An empty body is no gzip either, but it is not "cut in half".
    if (decoded.length === 0) return decoded;
    const inflateBody = inflateByCoding[coding];
    if (inflateBody === undefined) {
      const name = coding.slice(0, 40);
      throw createHttpError('not-json', `sends the encoding ${name}, which was not asked for`);
    }
    try {
      const options = { chunkSize: inflateChunkSize(decoded, maxBytes), maxOutputLength: maxBytes };
      decoded = await inflateBody(decoded, options);
    } catch (cause) {
      throw inflateFailed(coding, maxBytes, cause);
    }
  }
  return decoded;
}

function inflateFailed(coding: string, maxBytes: number, cause: unknown): HttpError {
  const code = errorCode(cause);
  const name = coding === 'br' ? 'brotli' : coding;
  if (code === 'ERR_BUFFER_TOO_LARGE') return bodyTooLargeError(maxBytes, cause);
  const isCut = code === 'Z_BUF_ERROR';
  const why = isCut ? `breaks off in the middle of the ${name}` : `sends a damaged ${name}`;
  return createHttpError(isCut ? 'cut' : 'not-json', `${why} body`, tryLaterAdvice, { cause });
}

export function bodyTooLargeError(maxBytes: number, cause?: unknown): HttpError {
  const why = `sends a body of more than ${Math.floor(maxBytes / 2 ** 20)} MiB`;
  return createHttpError('too-large', why, 'Ask for fewer items at a time.', { cause });
}

/** The charset a Content-Type names, in the name TextDecoder has for it; UTF-8 when it names none or an unknown one. */
function charsetOf(headers: Headers): string {
  const contentType = headers.get('content-type') ?? '';
  const [, label] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(label).encoding;
  } catch {
    // No such charset.
    return 'utf-8';
  }
}

function hasByteOrderMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/**
 * The text of a decoded body, without a byte order mark, which counts more than the header; `undefined` when
 * its bytes are none in the charset, which `isLenient` makes U+FFFD.
 */
function decodeText(bytes: Buffer, charset: string, isLenient = false): string | undefined {
  if (charset === 'utf-8' || hasByteOrderMark(bytes)) {
    // Text that is ASCII alone is copied as it is, out of V8's heap, whose size is a multiple of what it holds.
    if (isAscii(bytes)) return bytes.toString('latin1');
    if (!isLenient && !isUtf8(bytes)) return undefined;
    return bytes.toString('utf8', hasByteOrderMark(bytes) ? 3 : 0);
  }
  try {
    return new TextDecoder(charset, { fatal: !isLenient }).decode(bytes);
  } catch {
    // A TypeError: bytes that are invalid in this charset.
    return undefined;
  }
}

/** What comes with an error: JSON, else plain text; `''` when it cannot be read, or is a web page or nothing. */
export async function readErrorBody(body: Buffer, headers: Headers): Promise<Json> {
  try {
    const decoded = await decodeContent(body, headers, maxErrorBodyBytes);
    const text = decodeText(decoded, charsetOf(headers)) ?? '';
    return text.trimStart().startsWith('<') ? '' : (tryParseJson(text) ?? text);
  } catch (error) {
    if (error instanceof HttpError) return '';
    throw error;
  }
}

/** `undefined`: it is no JSON. */
function tryParseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // The SyntaxError quotes the body: it is left behind on purpose.
    return undefined;
  }
}

/**
 * Parses a decoded body. What is no JSON is named by its kind and never quoted.
 * @param isLenient bytes that are no text become U+FFFD
 * @throws HttpError
 */
export function parseJson(bytes: Buffer, headers: Headers, isLenient = false): Json {
  const charset = charsetOf(headers);
  const text = decodeText(bytes, charset, isLenient);
  if (text === undefined) {
    throw createHttpError('not-text', `sends bytes that are no text in ${charset.toUpperCase()}`);
  }
  const json = tryParseJson(text);
  if (json !== undefined) return json;
  throw createHttpError('not-json', `sends ${describeText(text)} instead of JSON`);
}

function describeText(text: string): string {
  const start = text.trimStart().slice(0, 1);
  if (start === '') return 'an empty body';
  if (start === '<') return 'HTML';
  return start === '{' || start === '[' ? 'broken JSON' : 'plain text';
}
