/** yargs as the one file its CommonJS form is: its modules are twenty, and break lines in the middle of words. */
import { createRequire } from 'node:module';

import type { Argv, default as Yargs } from 'yargs';

const require = createRequire(import.meta.url);

/** A parser without arguments yet. */
export function createYargs(): Argv {
  const yargs: typeof Yargs = require('yargs/yargs');
  return yargs();
}
