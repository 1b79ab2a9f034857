/**
 * Plants defects into copies of the program, one at a time, and runs the tests for each: a defect
 * that no test notices is a promise without a test.
 *
 *   node test/tools/mutants/run.js [part of a name ...]
 */
import '../../support/typescript.js';

const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
