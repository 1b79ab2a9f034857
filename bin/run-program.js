import process from 'node:process';

import { importBuilt } from './import-built.js';

/** Runs a program of the build, the function `name` of a module below `dist/`, with the streams of this process. */
export async function runProgram(path, name) {
  const program = await importBuilt(path);
  if (program === undefined) return;
  const { createLifetime } = await importBuilt('lifetime.js');
  const { argv, env, stdout, stderr, pid } = process;
  // A reader that has gone away is noticed where the program writes. Without a listener the error would end the process.
  stdout.on('error', () => {});
  stderr.on('error', () => {});
  const lifetime = createLifetime(process);
  const exitCode = await program[name]({ argv: argv.slice(2), env, stdout, stderr, pid, lifetime });
  await lifetime.end(exitCode, stdout);
}
