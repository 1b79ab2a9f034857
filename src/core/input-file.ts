/** Reads the files that a user names: regular files and pipes of limited size, without blocking. */
import { close, constants, createReadStream, fstat, open } from 'node:fs';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

import type * as JsoncParser from 'jsonc-parser';

import { errorCode, ConfigError } from './errors.ts';
import { isTooDeep, maxNesting, type Json } from './json.ts';
import { quotedPath } from './quoting.ts';

const mebibyte = 1024 * 1024;

/** Maximum size of a config, a logging config and `.env`. */
export const maxSmallFileBytes: number = 16 * mebibyte;
/** Maximum size of a catalog and a state. */
export const maxLargeFileBytes: number = 256 * mebibyte;

export interface InputFile {
  readonly path: string;
  /** The start of error messages, such as `--state`. */
  readonly label: string;
  readonly maxBytes: number;
  readonly mustBeRegular?: boolean;
  /** Maximum time until the first byte arrives from a pipe. */
  readonly firstByteMs?: number;
}

/**
 * Reads a UTF-8 file and removes a byte order mark.
 * @throws ConfigError with the path that the user typed and the reason. Its `cause` has the code from Node.js.
 */
export async function readTextFile(file: InputFile): Promise<string> {
  const bytes = await readBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // TypeError: the bytes are not UTF-8.
    throw unusable(file, 'is not UTF-8 text: save it as UTF-8.');
  }
}

/** @throws ConfigError like `readTextFile` and `parseJson` */
export async function readJsonFile(file: InputFile): Promise<Json> {
  const text = await readTextFile(file);
  if (text.trim() === '')
    throw unusable(file, 'is empty: it must contain a JSON object, at least {}.');
  return parseJson(text, `${file.label}: ${quotedPath(file.path)}`);
}

/**
 * @param where The start of the error message, which never contains the text itself.
 * @throws ConfigError for invalid JSON and for more than `maxNesting` levels
 */
export function parseJson(text: string, where: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    // The message of the SyntaxError is not used, because it contains a part of the text.
    throw new ConfigError(`${where} is not JSON: ${whyNotJson(text)}`);
  }
  if (isTooDeep(value))
    throw new ConfigError(
      `${where} is nested more than ${maxNesting} levels deep: check the program that wrote it.`,
    );
  return value;
}

function whyNotJson(text: string): string {
  if (isYaml(text)) return 'it looks like YAML. JSON is expected, such as {"key": "value"}.';
  if (isJsonLines(text))
    return 'it has several lines, each with a JSON object. If a target wrote these states, use the last line (tail -n 1).';
  return whereNotJson(text);
}

/** Whether an object ends in the first line and the text continues after it. */
function isJsonLines(text: string): boolean {
  const [first = '', ...more] = text.slice(0, mebibyte).trim().split('\n', 2);
  if (more.length === 0 || !first.startsWith('{')) return false;
  try {
    JSON.parse(first);
    return true;
  } catch {
    // A SyntaxError: the object spans several lines, or the error is in the first line.
    return false;
  }
}

/** Whether the first line that is not a comment is a marker, a key or an item of YAML. */
function isYaml(text: string): boolean {
  const lines = text.slice(0, 10_000).split('\n');
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return /^(?:---|%YAML)|^(?:- )?["']?[\w.-]+["']?:(?:\s|$)/.test(first);
}

async function readBytes(file: InputFile): Promise<Buffer> {
  const { path, maxBytes } = file;
  const tooLarge = `is larger than ${maxBytes / mebibyte} MB: check that it is the right file.`;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Without O_NONBLOCK, opening a pipe blocks until another process writes to it.
    const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
    for await (const chunk of await streamOf(fd, file)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) throw unusable(file, tooLarge);
    }
  } catch (error) {
    // Other errors come from Node.js and have a code.
    if (error instanceof ConfigError) throw error;
    throw unusable(file, whyUnreadable(error), error);
  }
  return Buffer.concat(chunks);
}

async function streamOf(fd: number, file: InputFile): Promise<Readable> {
  const stats = await promisify(fstat)(fd);
  if (stats.isFile()) return createReadStream('', { fd, highWaterMark: mebibyte });
  if (stats.isFIFO() && file.mustBeRegular !== true) return pipeOf(fd, file);
  await promisify(close)(fd);
  if (stats.isDirectory()) throw unusable(file, 'is a directory: give the path of a file.');
  throw unusable(
    file,
    file.mustBeRegular === true
      ? 'is not a regular file.'
      : 'is neither a regular file nor a pipe.',
  );
}

async function pipeOf(fd: number, file: InputFile): Promise<Readable> {
  const { Socket } = await import('node:net');
  const socket = new Socket({ fd, readable: true, writable: false });
  const { firstByteMs = 10_000 } = file;
  const timeoutMessage = `is a pipe, but no data arrived within ${firstByteMs / 1000} s.`;
  const timer = setTimeout(() => socket.destroy(unusable(file, timeoutMessage)), firstByteMs);
  for (const event of ['readable', 'close']) socket.once(event, () => clearTimeout(timer));
  return socket;
}

/** For `catch`: returns this value if the file does not exist. */
export function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof ConfigError && errorCode(error.cause) === 'ENOENT') return value;
    throw error;
  };
}

function unusable({ path, label }: InputFile, why: string, cause?: unknown): ConfigError {
  return new ConfigError(`${label}: ${quotedPath(path)} ${why}`, '', cause);
}

function whyUnreadable(error: unknown): string {
  const code = errorCode(error) || 'no code';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist: check the path.';
  if (code === 'EACCES' || code === 'EPERM')
    return 'cannot be read: give this user permission to read it.';
  if (code === 'ENXIO') return 'is neither a regular file nor a pipe.';
  return `cannot be read (${code}): check the path and the disk.`;
}

const advice = 'Check for a missing or extra comma, quote or bracket.';

/** The position of the first error. Not computed for a large text, because it takes too long. */
function whereNotJson(text: string): string {
  if (text.length > mebibyte) return advice;
  const require = createRequire(import.meta.url);
  const { printParseErrorCode, visit }: typeof JsoncParser = require('jsonc-parser');
  const mistakes: string[] = [];
  const onError: JsoncParser.JSONVisitor['onError'] = (code, offset, ...[length, line, start]) => {
    // For an unclosed string, report its end; for any other error, its start.
    const before = printParseErrorCode(code) === 'UnexpectedEndOfString' ? length : 0;
    const place = `line ${line + 1}, column ${start + before + 1}`;
    const isEnd = offset + before >= text.length;
    const why = `the error is at ${place}. ${advice}`;
    mistakes.push(isEnd ? `it is incomplete: it ends at ${place}.` : why);
  };
  try {
    visit(text, { onError }, { disallowComments: true });
  } catch (error) {
    // RangeError: too many levels for the recursion of jsonc-parser.
    if (!(error instanceof RangeError)) throw error;
  }
  return mistakes[0] ?? advice;
}
