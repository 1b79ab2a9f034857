/**
 * Runs a program unchanged and reports its time and memory at its end.
 *
 *   node test/tools/bench/launch.js PROGRAM [ARGUMENT ...]
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import './report.js';

process.argv.splice(1, 1);
await import(pathToFileURL(resolve(process.argv[1] ?? '')).href);
