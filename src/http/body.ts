import { isAscii, isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';

import type { Headers } from 'node-fetch';

import { errorCode, HttpError } from '../core/errors.ts';
import { foreign } from '../core/foreign-text.ts';
import type { Json } from '../core/json.ts';
import { createHttpError } from './http-errors.ts';
import { tryLaterAdvice } from './statuses.ts';

/** Maximum size of a decompressed error body. */
const maxErrorBodyBytes = 2 ** 20;

type Inflate = (body: Buffer, options: ZlibOptions) => Promise<Buffer>;

const zlibInflate: Inflate = promisify(inflate);
const rawInflate: Inflate = promisify(inflateRaw);

/** The same codings as in node-fetch. `deflate` is a zlib stream, but some servers omit its header. */
const inflateByCoding: Readonly<Record<string, Inflate>> = {
  gzip: promisify(gunzip),
  deflate: (body, options) =>
    ((body[0] ?? 0) & 0x0f) === 8 ? zlibInflate(body, options) : rawInflate(body, options),
  br: promisify(brotliDecompress),
};

/** The codings in the Content-Encoding header, in the order in which they were applied. */
function codingsOf(headers: Headers): readonly string[] {
  const codings = (headers.get('content-encoding') ?? '').toLowerCase().split(',');
  return codings
    .map((coding) => coding.trim().replace(/^x-/, ''))
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/**
 * A chunk size that is probably enough for the whole output, because JSON compresses to a fifth or a tenth. With chunks
 * of 16 KiB, decompression takes three times as long. The unused part of a chunk takes no memory.
 */
function inflateChunkSize(body: Buffer, maxBytes: number): number {
  return Math.max(256 * 1024, Math.min(body.length * 10, maxBytes));
}

/**
 * Removes the Content-Encoding of a body of up to `maxBytes`. Decompresses the whole body at once, which detects
 * truncated bodies.
 * @throws HttpError
 */
export async function decodeContent(
  body: Buffer,
  headers: Headers,
  maxBytes: number,
): Promise<Buffer> {
  let decoded = body;
  for (const coding of codingsOf(headers).toReversed()) {
    // An empty body is not gzip, but it is not truncated either.
    if (decoded.length === 0) return decoded;
    const inflateBody = inflateByCoding[coding];
    if (inflateBody === undefined) {
      const name = foreign(coding.slice(0, 40));
      throw createHttpError('not-json', `sends the encoding ${name}, which was not requested`);
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
  const why = isCut ? `sends an incomplete ${name}` : `sends a damaged ${name}`;
  return createHttpError(isCut ? 'cut' : 'not-json', `${why} body`, tryLaterAdvice, { cause });
}

export function bodyTooLargeError(maxBytes: number, cause?: unknown): HttpError {
  const why = `sends a body of more than ${Math.floor(maxBytes / 2 ** 20)} MiB`;
  return createHttpError('too-large', why, 'Lower the page limit in the config.', { cause });
}

/** TextDecoder's name of the charset in the Content-Type. UTF-8 if the charset is missing or unknown. */
function charsetOf(headers: Headers): string {
  const contentType = headers.get('content-type') ?? '';
  const [, label] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(label).encoding;
  } catch {
    // RangeError: unknown charset.
    return 'utf-8';
  }
}

function hasByteOrderMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/**
 * Decodes the text of a body. A byte order mark takes precedence over the header and is removed. Returns `undefined`
 * for bytes that are invalid in the charset, unless `isLenient` replaces them by U+FFFD.
 */
function decodeText(bytes: Buffer, charset: string, isLenient = false): string | undefined {
  if (charset === 'utf-8' || hasByteOrderMark(bytes)) {
    // For ASCII text, latin1 creates a string outside V8's heap, which would otherwise grow by a multiple of the text.
    if (isAscii(bytes)) return bytes.toString('latin1');
    if (!isLenient && !isUtf8(bytes)) return undefined;
    return bytes.toString('utf8', hasByteOrderMark(bytes) ? 3 : 0);
  }
  try {
    return new TextDecoder(charset, { fatal: !isLenient }).decode(bytes);
  } catch {
    // TypeError: the bytes are invalid in this charset.
    return undefined;
  }
}

/** The body of an error response: JSON or plain text. Returns `''` for HTML, or if there is no readable body. */
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

/** Returns `undefined` for invalid JSON. */
function tryParseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // The SyntaxError is dropped, because it quotes the body.
    return undefined;
  }
}

/**
 * Parses a decoded body. Errors name the kind of an invalid body and never quote it.
 * @param isLenient Replace invalid bytes by U+FFFD.
 * @throws HttpError
 */
export function parseJson(bytes: Buffer, headers: Headers, isLenient = false): Json {
  const charset = charsetOf(headers);
  const text = decodeText(bytes, charset, isLenient);
  if (text === undefined) {
    throw createHttpError('not-text', `sends bytes that are not valid ${charset.toUpperCase()}`);
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
