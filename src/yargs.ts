/**
 * Loads the CommonJS build of yargs 17. It is one file, while the ES modules are twenty and break lines in the middle of words.
 * The entry is `yargs`: Node 26 cannot load `yargs/yargs`, a file without an extension in a package of type `module`.
 */
import { createRequire } from 'node:module';

import type { Argv, default as Yargs } from 'yargs';

const require = createRequire(import.meta.url);

/** A parser without arguments yet. */
export function createYargs(): Argv {
  const yargs: typeof Yargs = require('yargs');
  return yargs();
}
