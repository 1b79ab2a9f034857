#!/usr/bin/env node
import process from 'node:process';

import { importBuilt } from './run-program.js';

const program = await importBuilt('sandbox/program/cli.js');
if (program !== undefined) {
  // A closed stdout does not end the sandbox.
  process.stdout.on('error', () => {});
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());
  process.exitCode = await program.runSandboxProgram(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    cwd: '.',
    signal: stop.signal,
  });
}
