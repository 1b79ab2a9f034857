import { readFile } from 'node:fs/promises';
import { TextDecoder } from 'node:util';

import { ConfigError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import type { Json } from '../json.ts';
import { quotedPath } from '../wording.ts';

/**
 * The text a file holds, without a byte order mark. `what` says which file this is, for example `--state`.
 * Raises a ConfigError that names the file as it was typed.
 */
export async function readTextFile(path: string, what: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new ConfigError(`${what}: ${quotedPath(path)} ${whyUnreadable(error)}`, '', error);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // A TypeError: the bytes are another encoding's.
    throw new ConfigError(`${what}: ${quotedPath(path)} is not UTF-8 text: save it as UTF-8.`);
  }
}

/** The JSON a file holds. Raises a ConfigError that names the file and never shows what is in it. */
export async function readJsonFile(path: string, what: string): Promise<Json> {
  const text = await readTextFile(path, what);
  if (text.trim() === '')
    throw new ConfigError(
      `${what}: ${quotedPath(path)} is empty: it must hold a JSON object, {} at least.`,
    );
  return parseJson(text, `${what}: ${quotedPath(path)}`);
}

/** `where` begins the message of the ConfigError; the text itself is never shown. */
export function parseJson(text: string, where: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    // A SyntaxError, whose message would show a part of the text.
    const why = isYaml(text)
      ? 'it looks like YAML. JSON is expected, such as {"key": "value"}.'
      : whereNotJson(text);
    throw new ConfigError(`${where} is not JSON: ${why}`);
  }
}

/** Is the first line that is no comment a marker, a key or an item of YAML? */
function isYaml(text: string): boolean {
  const lines = text.slice(0, 10_000).split('\n');
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return /^(?:---|%YAML)|^(?:- )?["']?[\w.-]+["']?:(?:\s|$)/.test(first);
}

function whyUnreadable(error: unknown): string {
  const code = isJsonObject(error) && typeof error['code'] === 'string' ? error['code'] : 'no code';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist: check the path.';
  if (code === 'EACCES' || code === 'EPERM')
    return 'may not be read: give this user the permission to read it.';
  if (code === 'EISDIR') return 'is a directory: name the file in it.';
  return `cannot be read (${code}): check the path and the disk.`;
}

/** The first place after which nothing could make the text JSON any more: found by halving, for V8 often names none. */
function whereNotJson(text: string): string {
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
  return `the mistake is at ${place}. Look for a comma, a quote or a bracket too many or too few.`;
}
