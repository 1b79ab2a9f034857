import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, test } from '@jest/globals';

import { ConfigError } from '../../../src/core/errors.ts';
import {
  parseJson,
  readJsonFile,
  readTextFile,
  type InputFile,
} from '../../../src/core/input-file.ts';
import type { Json } from '../../../src/core/json.ts';
import { expect } from '../../support/readable.ts';

function named(path: string, more: Partial<InputFile> = {}): InputFile {
  return { path, label: '--config', maxBytes: 1024 * 1024, ...more };
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tap-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'file.json');
  await writeFile(path, content);
  return path;
}

test.each<[string, Json]>([
  ['{"a": [1, null]}', { a: [1, null] }],
  ['\uFEFF{"a": 1}\r\n', { a: 1 }],
  ['[]', []],
])('The file %j is read', async (content, expected) => {
  expect(await readJsonFile(named(await fileOf(content)))).toEqual(expected);
});

const look = 'Check for a missing or extra comma, quote or bracket.';

test.each([
  ['', 'is empty: it must contain a JSON object, at least {}.'],
  [' \n', 'is empty: it must contain a JSON object, at least {}.'],
  ['{"a": 1,}', `is not JSON: the error is at line 1, column 9. ${look}`],
  ['{\n  "a": 1\n  "b": 2\n}', `is not JSON: the error is at line 3, column 3. ${look}`],
  ['{"a": "marker\n"}', `is not JSON: the error is at line 1, column 14. ${look}`],
  ["{'a': 1}", `is not JSON: the error is at line 1, column 2. ${look}`],
  ['{"a": 1}}', `is not JSON: the error is at line 1, column 9. ${look}`],
  ['token marker', `is not JSON: the error is at line 1, column 1. ${look}`],
  ['{} // note', `is not JSON: the error is at line 1, column 4. ${look}`],
  ['token: marker', 'is not JSON: it looks like YAML. JSON is expected, such as {"key": "value"}.'],
  ['{"a": "mark', 'is not JSON: it is incomplete: it ends at line 1, column 12.'],
  ['{"a": [1,', 'is not JSON: it is incomplete: it ends at line 1, column 10.'],
])('The file %j is rejected with the position of the mistake', async (content, why) => {
  const path = await fileOf(content);
  const error = await readJsonFile(named(path)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ message: `--config: ${path} ${why}` });
});

test('A file in UTF-16, as some shells write it, is rejected with advice', async () => {
  const path = await fileOf(Buffer.from('\uFEFF{}', 'utf16le'));
  await expect(readJsonFile(named(path))).rejects.toThrow(
    `--config: ${path} is not UTF-8 text: save it as UTF-8.`,
  );
});

test.each([
  ['./no/such.json', './no/such.json does not exist: check the path.'],
  [tmpdir(), `${tmpdir()} is a directory: give the path of a file.`],
  ['/dev/null', '/dev/null is neither a regular file nor a pipe.'],
  [
    'x'.repeat(300),
    '(a string of 300 characters, not shown) cannot be read (ENAMETOOLONG): check the path and the disk.',
  ],
])('The path %s is rejected with its type', async (path, says) => {
  await expect(readJsonFile(named(path))).rejects.toThrow(`--config: ${says}`);
});

/** Root may read any file, so the test reads in a separate process as the user `nobody`. */
const readAsNobody = `
  const { readJsonFile } = await import(process.argv[1]);
  if (process.geteuid?.() === 0) process.seteuid(65534);
  const file = { path: process.argv[2], label: '--config', maxBytes: 99 };
  await readJsonFile(file).catch(({ message }) => console.log(message));
`;

test('A file without read permission is reported as such', async () => {
  const path = await fileOf('{}');
  await chmod(path, 0);
  const built = new URL('../../../dist/core/input-file.js', import.meta.url).href;
  const argv = ['--input-type=module', '--eval', readAsNobody, built, path];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  expect(stdout).toBe(`--config: ${path} cannot be read: give this user permission to read it.\n`);
});

test('A file with the maximum size is read, a larger one is not', async () => {
  const path = await fileOf(`"${'x'.repeat(1024 * 1024 - 2)}"`);
  expect(await readJsonFile(named(path))).toHaveLength(1024 * 1024 - 2);
  await writeFile(path, ' ', { flag: 'a' });
  await expect(readJsonFile(named(path))).rejects.toThrow(
    `--config: ${path} is larger than 1 MB: check that it is the right file.`,
  );
});

/** A pipe in the file system. */
async function pipe(): Promise<string> {
  const path = join(await mkdtemp(join(folder, 'pipe-')), 'config.json');
  await promisify(execFile)('mkfifo', [path]);
  return path;
}

test('A pipe is read when data is written to it', async () => {
  const path = await pipe();
  const text = readTextFile(named(path));
  const writer = spawn('sh', ['-c', 'printf "%s" "$2" > "$1"', 'sh', path, '{"a": 1}']);
  expect(await text).toBe('{"a": 1}');
  writer.kill();
});

test('A pipe without data times out', async () => {
  const path = await pipe();
  await expect(readTextFile(named(path, { firstByteMs: 1 }))).rejects.toThrow(
    `--config: ${path} is a pipe, but no data arrived within 0.001 s.`,
  );
});

test('A pipe is rejected if a regular file is required', async () => {
  const path = await pipe();
  await expect(readTextFile(named(path, { mustBeRegular: true }))).rejects.toThrow(
    `--config: ${path} is not a regular file.`,
  );
});

test.each([
  ['{"access_token": "SECRET12345"}', 'does not exist: check the path.'],
  ['access_token=SECRET12345', 'does not exist: check the path.'],
  ['SECRET\u000012345', 'cannot be read (ERR_INVALID_ARG_VALUE)'],
])('A config that is given instead of its path, %j, is not shown', async (path, why) => {
  const error: unknown = await readTextFile(named(path)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toContain(
    `--config: (a string of ${path.length} characters, not shown) ${why}`,
  );
});

test.each([
  ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
])('JSON of 100,000 levels of %s is refused', (_what, text) => {
  expect(() => parseJson(text, 'it')).toThrow('it is nested more than 100 levels deep');
});

test.each([
  ['a large text', `{"a": "${'x'.repeat(1024 * 1024)}",}`],
  ['a text of very many levels', '['.repeat(1024 * 1024)],
])('The place of a mistake is not looked for in %s', (_what, text) => {
  expect(() => parseJson(text, 'it')).toThrow(new ConfigError(`it is not JSON: ${look}`));
});
