#!/usr/bin/env node
import { runAirbyte } from '../dist/airbyte/cli.js';
import { createLifetime } from '../dist/lifetime.js';

const { argv, env, stdout, stderr, pid } = process;
// A reader that went away is met where it is written to; without a listener it would be a crash.
stdout.on('error', () => {});
stderr.on('error', () => {});
const lifetime = createLifetime(process);
const exitCode = await runAirbyte({ argv: argv.slice(2), env, stdout, stderr, pid, lifetime });
await lifetime.end(exitCode, stdout);
