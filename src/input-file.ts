/** The one way in for files that a user names: regular files and pipes, of limited size, never a read that blocks. */
import { close, constants, createReadStream, fstat, open } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

import { ConfigError } from './errors.ts';
import { isJsonObject, isTooDeep, maxNesting, type Json } from './json.ts';
import { quotedPath } from './wording.ts';

const mebibyte = 1024 * 1024;

/** Bytes a config, a log config and `.env` may hold. */
export const smallFile: number = 16 * mebibyte;
/** Bytes a catalog and a state may hold. */
export const largeFile: number = 256 * mebibyte;

export interface InputFile {
  readonly path: string;
  /** Which file this is, as errors begin: `--state`. */
  readonly what: string;
  readonly maxBytes: number;
  /** Is a pipe refused? */
  readonly isRegular?: boolean;
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

/**
 * The JSON a file holds.
 * @throws ConfigError as `readTextFile` and `parseJson` do
 */
export async function readJsonFile(file: InputFile): Promise<Json> {
  const text = await readTextFile(file);
  if (text.trim() === '')
    throw unusable(file, 'is empty: it must hold a JSON object, {} at least.');
  return parseJson(text, `${file.what}: ${quotedPath(file.path)}`);
}

/**
 * @param where begins the error's message; the text itself is never shown
 * @throws ConfigError for what is not JSON, or is nested more deeply than `maxNesting`
 */
export function parseJson(text: string, where: string): Json {
  const value = tryJson(text);
  if (value === undefined) {
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

function tryJson(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    // A SyntaxError, whose message would show a part of the text.
    return undefined;
  }
}

/** Is the first line that is no comment a marker, a key or an item of YAML? */
function isYaml(text: string): boolean {
  const lines = text.slice(0, 10_000).split('\n');
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return /^(?:---|%YAML)|^(?:- )?["']?[\w.-]+["']?:(?:\s|$)/.test(first);
}

async function readBytes(file: InputFile): Promise<Buffer> {
  const { path, maxBytes } = file;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // A pipe that no other process writes to would block, were it opened in another way.
    const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stream = await streamOf(fd, file);
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes)
        throw unusable(
          file,
          `holds more than ${maxBytes / mebibyte} MB: check that it is the right file.`,
        );
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
  if (stats.isFIFO() && file.isRegular !== true) return pipeOf(fd, file);
  await promisify(close)(fd);
  if (stats.isDirectory()) throw unusable(file, 'is a directory: name the file in it.');
  throw unusable(
    file,
    file.isRegular === true ? 'is not a regular file.' : 'is neither a regular file nor a pipe.',
  );
}

/** Read when there is something to read. */
async function pipeOf(fd: number, file: InputFile): Promise<Readable> {
  const { Socket } = await import('node:net');
  const socket = new Socket({ fd, readable: true, writable: false });
  const { firstByteMs = 10_000 } = file;
  const late = `is a pipe, and nothing was written to it within ${firstByteMs / 1000} s.`;
  const timer = setTimeout(() => socket.destroy(unusable(file, late)), firstByteMs);
  for (const event of ['readable', 'close']) socket.once(event, () => clearTimeout(timer));
  return socket;
}

function unusable({ path, what }: InputFile, why: string, cause?: unknown): ConfigError {
  return new ConfigError(`${what}: ${quotedPath(path)} ${why}`, '', cause);
}

function whyUnreadable(error: unknown): string {
  const code = isJsonObject(error) && typeof error['code'] === 'string' ? error['code'] : 'no code';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist: check the path.';
  if (code === 'EACCES' || code === 'EPERM')
    return 'may not be read: give this user the permission to read it.';
  if (code === 'ENXIO') return 'is neither a regular file nor a pipe.';
  return `cannot be read (${code}): check the path and the disk.`;
}

const advice = 'Look for a comma, a quote or a bracket too many or too few.';

/** The first place after which nothing could make the text JSON any more: found by halving, for V8 often names none. That takes long in a large file. */
function whereNotJson(text: string): string {
  if (text.length > mebibyte) return advice;
  const couldGoOn = (length: number): boolean => {
    try {
      JSON.parse(text.slice(0, length));
      return true;
    } catch (error) {
      // A SyntaxError: one at the very end only misses what would follow.
      const [end, position] = /end of JSON input|at position (\d+)/.exec(String(error)) ?? [];
      return position === undefined ? end !== undefined : Number(position) === length;
    }
  };
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (couldGoOn(middle)) good = middle;
    else bad = middle;
  }
  const lines = text.slice(0, good).split('\n');
  const place = `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
  if (good === text.length) return `it ends before it is complete, at ${place}.`;
  return `the mistake is at ${place}. ${advice}`;
}
