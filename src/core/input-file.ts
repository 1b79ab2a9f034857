/** The one way in for files that a user names: regular files and pipes, of limited size, never a read that blocks. */
import { close, constants, createReadStream, fstat, open } from 'node:fs';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

import type * as JsoncParser from 'jsonc-parser';

import { errorCode, ConfigError } from './errors.ts';
import { isTooDeep, maxNesting, type Json } from './json.ts';
import { quotedPath } from './quoting.ts';

const mebibyte = 1024 * 1024;

/** Bytes a config, a log config and `.env` may hold. */
export const maxSmallFileBytes: number = 16 * mebibyte;
/** Bytes a catalog and a state may hold. */
export const maxLargeFileBytes: number = 256 * mebibyte;

export interface InputFile {
  readonly path: string;
  /** Which file this is, as errors begin: `--state`. */
  readonly label: string;
  readonly maxBytes: number;
  readonly mustBeRegular?: boolean;
  /** How long the writer of a pipe may take to begin. */
  readonly firstByteMs?: number;
}

/**
 * The text a file holds, without a byte order mark.
 * @throws ConfigError that names the file as it was typed and says why it cannot be read; its `cause` has Node's code
 */
export async function readTextFile(file: InputFile): Promise<string> {
  const bytes = await readBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // A TypeError: the bytes are another encoding's.
    throw unusable(file, 'is not UTF-8 text: save it as UTF-8.');
  }
}

/** @throws ConfigError as `readTextFile` and `parseJson` do */
export async function readJsonFile(file: InputFile): Promise<Json> {
  const text = await readTextFile(file);
  if (text.trim() === '')
    throw unusable(file, 'is empty: it must hold a JSON object, {} at least.');
  return parseJson(text, `${file.label}: ${quotedPath(file.path)}`);
}

/**
 * @param where begins the error's message; the text itself is never shown
 * @throws ConfigError for what is not JSON, or is nested more deeply than `maxNesting`
 */
export function parseJson(text: string, where: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    // A SyntaxError, whose message would show a part of the text.
    const why = isYaml(text)
      ? 'it looks like YAML. JSON is expected, such as {"key": "value"}.'
      : whereNotJson(text);
    throw new ConfigError(`${where} is not JSON: ${why}`);
  }
  if (isTooDeep(value))
    throw new ConfigError(
      `${where} is nested more than ${maxNesting} levels deep: check what wrote it.`,
    );
  return value;
}

/** Is the first line that is no comment a marker, a key or an item of YAML? */
function isYaml(text: string): boolean {
  const lines = text.slice(0, 10_000).split('\n');
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return /^(?:---|%YAML)|^(?:- )?["']?[\w.-]+["']?:(?:\s|$)/.test(first);
}

async function readBytes(file: InputFile): Promise<Buffer> {
  const { path, maxBytes } = file;
  const tooLarge = `holds more than ${maxBytes / mebibyte} MB: check that it is the right file.`;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // A pipe that no other process writes to would block, were it opened in another way.
    const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
    for await (const chunk of await streamOf(fd, file)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) throw unusable(file, tooLarge);
    }
  } catch (error) {
    // Node's, with a code, unless it is one of above.
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
  if (stats.isDirectory()) throw unusable(file, 'is a directory: name the file in it.');
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
  const timeoutMessage = `is a pipe, and nothing was written to it within ${firstByteMs / 1000} s.`;
  const timer = setTimeout(() => socket.destroy(unusable(file, timeoutMessage)), firstByteMs);
  for (const event of ['readable', 'close']) socket.once(event, () => clearTimeout(timer));
  return socket;
}

/** For `catch`: this value in the place of a file that does not exist. */
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
    return 'may not be read: give this user the permission to read it.';
  if (code === 'ENXIO') return 'is neither a regular file nor a pipe.';
  return `cannot be read (${code}): check the path and the disk.`;
}

const advice = 'Look for a comma, a quote or a bracket too many or too few.';

/** The place of the first mistake; in a large text it is not looked for, since that takes long. */
function whereNotJson(text: string): string {
  if (text.length > mebibyte) return advice;
  const require = createRequire(import.meta.url);
  const { printParseErrorCode, visit }: typeof JsoncParser = require('jsonc-parser');
  const mistakes: string[] = [];
  const onError: JsoncParser.JSONVisitor['onError'] = (code, offset, ...[length, line, start]) => {
    // A text that is not closed is wrong at its end, everything else at its beginning.
    const before = printParseErrorCode(code) === 'UnexpectedEndOfString' ? length : 0;
    const place = `line ${line + 1}, column ${start + before + 1}`;
    const isEnd = offset + before >= text.length;
    const why = `the mistake is at ${place}. ${advice}`;
    mistakes.push(isEnd ? `it ends before it is complete, at ${place}.` : why);
  };
  try {
    visit(text, { onError }, { disallowComments: true });
  } catch (error) {
    // More levels than its recursion has room for.
    if (!(error instanceof RangeError)) throw error;
  }
  return mistakes[0] ?? advice;
}
