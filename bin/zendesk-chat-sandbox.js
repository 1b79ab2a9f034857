#!/usr/bin/env node
import process from 'node:process';
import { run } from '../dist/sandbox/cli.js';

// A reader that went away does not end the sandbox.
process.stdout.on('error', () => {});
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  signal: stop.signal,
});
