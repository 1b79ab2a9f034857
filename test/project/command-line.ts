import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = new URL('../../', import.meta.url);

/** A folder and a PATH in which commands of a document can be run without an account or a registry. */
export interface CommandLine {
  readonly folder: string;
  /** Runs lines of a shell as a person would type them. Rejects when one fails, also inside a pipe. */
  run(lines: string, env?: Readonly<Record<string, string>>): Promise<{ readonly stdout: string }>;
  /** The arguments of the replaced programs, one line per call. */
  calls(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

async function writeProgram(path: string, lines: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
}

function nodeOn(path: string): string {
  return `exec "${process.execPath}" "${fileURLToPath(new URL(path, root))}" "$@"`;
}

/**
 * The tap and the source are the built ones. The target and docker are substitutes; docker runs the built source
 * instead of an image.
 * @param recorded Programs that only record their calls.
 * @param files Folder whose files are copied into the new one.
 */
export async function createCommandLine(
  recorded: readonly string[],
  files?: string,
): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), 'command-line-'));
  if (files !== undefined) await cp(files, folder, { recursive: true });
  const programs = join(folder, '.programs');
  const calls = join(folder, '.calls');
  await mkdir(programs, { recursive: true });
  await writeFile(calls, '');
  for (const name of ['tap-zendesk-chat', 'source-zendesk-chat']) {
    // The port of the documents may be in use.
    const anyPort = '[ "${1:-}" != login ] || set -- "$@" --port 0';
    await writeProgram(join(programs, name), `${anyPort}\n${nodeOn(`bin/${name}.js`)}`);
  }
  await writeProgram(join(programs, 'docker'), nodeOn('test/project/docker.js'));
  await writeProgram(join(programs, 'target-jsonl'), nodeOn('test/project/target-jsonl.js'));
  for (const name of recorded) {
    await writeProgram(join(programs, name), `echo "${name} $*" >> "$CALLS"`);
  }
  const path = [programs, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
  return {
    folder,
    run: (lines, env = {}) =>
      promisify(execFile)('bash', ['-eu', '-o', 'pipefail', '-c', lines], {
        cwd: folder,
        env: { HOME: folder, PATH: path, CALLS: calls, ...env },
      }),
    calls: async () => (await readFile(calls, 'utf8')).trim().split('\n'),
    remove: () => rm(folder, { recursive: true }),
  };
}
