/** The files a program is given: in a folder of their own, read-only. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
  touched(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export async function writeInputs(input: InputFiles, suffix = '.json'): Promise<InputFolder> {
  const path = await mkdtemp(join(tmpdir(), 'tap-test-'));
  const working = join(path, 'working');
  await mkdir(working);
  const files = new Map<string, string>();
  const argv: string[] = [];
  for (const name of ['config', 'catalog', 'state'] as const) {
    const content = input[name];
    if (content === undefined) continue;
    const file = join(path, `${name}${suffix}`);
    const written = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(file, written);
    await chmod(file, 0o444);
    files.set(file, written);
    argv.push(`--${name}`, file);
  }
  return {
    path,
    working,
    argv: [...argv, ...(input.args ?? [])],
    touched: async () => {
      const left = await readdir(working);
      const contents = await Promise.all(
        [...files].map(async ([file, written]) =>
          (await readFile(file, 'utf8')) === written ? [] : [file],
        ),
      );
      return [...left, ...contents.flat()];
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
