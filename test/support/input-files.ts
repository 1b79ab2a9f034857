/** The files a program is given: in a folder of their own, read-only. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A value is written as JSON, a string as it is. Left out: no such argument. */
export interface InputFiles {
  readonly config?: object | string;
  readonly catalog?: object | string;
  readonly state?: object | string;
  /** Arguments besides `--config`, `--catalog` and `--state`, which follow from the fields above. */
  readonly args?: readonly string[];
}

export interface InputFolder {
  readonly path: string;
  /** An empty folder in it, for a process to work in. */
  readonly working: string;
  /** The arguments that name the files, and `args` behind them. */
  readonly argv: readonly string[];
  /** Input files that were changed, and files that were left in the working folder. */
  touched(): readonly string[];
  remove(): void;
}

/** Without promises: this is done for each of a thousand runs, and takes a fraction of the time so. */
export function writeInputs(input: InputFiles, suffix = '.json'): InputFolder {
  const path = mkdtempSync(join(tmpdir(), 'tap-test-'));
  const working = join(path, 'working');
  mkdirSync(working);
  const files = new Map<string, string>();
  const argv: string[] = [];
  for (const name of ['config', 'catalog', 'state'] as const) {
    const content = input[name];
    if (content === undefined) continue;
    const file = join(path, `${name}${suffix}`);
    const written = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(file, written, { mode: 0o444 });
    files.set(file, written);
    argv.push(`--${name}`, file);
  }
  return {
    path,
    working,
    argv: [...argv, ...(input.args ?? [])],
    touched: () => [
      ...readdirSync(working),
      ...[...files].flatMap(([file, text]) => (readFileSync(file, 'utf8') === text ? [] : [file])),
    ],
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
