/**
 * Runs a program as it is, and tells at its end what it took.
 *
 *   node test/tools/bench/launch.js PROGRAM [ARGUMENT ...]
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import './report.js';

process.argv.splice(1, 1);
await import(pathToFileURL(resolve(process.argv[1] ?? '')).href);
