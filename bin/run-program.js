import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const dist = new URL('../dist/', import.meta.url);
/** The output of the last build step. */
const lastBuilt = new URL('validators/', dist);

/**
 * Imports a built module by its path in `dist/`. If the checkout is not built, prints one sentence, sets the exit code
 * to 1 and resolves with undefined.
 */
export async function importBuilt(path) {
  if (existsSync(lastBuilt)) return import(new URL(path, dist).href);
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const time = process.stderr.isTTY ? '' : `${new Date().toISOString().slice(0, 19)}Z `;
  process.stderr.write(
    `CRITICAL ${time}the program is not built: run "npm install" and "npm run build" in ${folder}\n`,
  );
  process.exitCode = 1;
  return undefined;
}

/** Runs a program, the function `name` of a module in `dist/`, with the streams of this process. */
export async function runProgram(path, name) {
  const program = await importBuilt(path);
  if (program === undefined) return;
  const { createProcessSignals } = await importBuilt('cli/signals.js');
  const { argv, env, stdout, stderr, pid } = process;
  // The program handles write errors itself. Without a listener, an error event would end the process.
  stdout.on('error', () => {});
  stderr.on('error', () => {});
  const signals = createProcessSignals(process);
  const exitCode = await program[name]({ argv: argv.slice(2), env, stdout, stderr, pid, signals });
  await signals.end(exitCode, stdout);
}
