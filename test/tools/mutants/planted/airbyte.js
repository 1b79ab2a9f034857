/** The Airbyte adapter: statuses, record counts of states, and the secrets of a config. */
import { testsOf } from '../mutant.js';

const writer = 'src/airbyte/writer.ts';
const read = 'src/airbyte/read-command.ts';
const state = 'src/airbyte/state.ts';
const catalog = 'src/airbyte/catalog.ts';
const messages = 'src/airbyte/messages.ts';

const usual = testsOf('airbyte/conformance', 'a first sync as usual brings all there is');

/** @param {...string} titles */
const faultTests = (...titles) => testsOf('airbyte/faults', ...titles);

/** @param {...string} titles */
const stateTests = (...titles) => testsOf('airbyte/states', ...titles);

/** @type {readonly import('../mutant.js').Mutant[]} */
export const airbyteMutants = [
  {
    name: 'a failed stream is reported as complete',
    file: writer,
    search: "      this.#endStream('INCOMPLETE');\n      const",
    replacement: "      this.#endStream('COMPLETE');\n      const",
    killers: faultTests('500: chats fails'),
  },
  {
    name: 'the source exits with 0 after a failed stream',
    file: read,
    search: 'return errors.length > 0 ? 1 : exitCodeOf(results);',
    replacement: 'return errors.length > 99 ? 1 : 0;',
    killers: faultTests('500: chats fails'),
  },
  {
    name: 'the source exits with 2',
    file: 'src/airbyte/main.ts',
    search: 'return exitCode === 0 ? 0 : 1;',
    replacement: 'return exitCode;',
    killers: testsOf('reporting/command-line', 'The source refuses'),
  },
  {
    name: 'a failure without an error',
    file: writer,
    search: 'traceErrorLine({ message: logger.redact(message), kind, stream }, emittedAt())',
    replacement: 'traceErrorLine({ message: logger.redact(message), kind }, emittedAt())',
    killers: faultTests('500: chats fails'),
  },
  {
    name: 'a state counts all records so far',
    file: writer,
    search: '    open.records = 0;',
    replacement: '',
    killers: usual,
  },
  {
    name: 'records at the end are not counted',
    file: writer,
    search: 'if (isWhole || open.records > 0)',
    replacement: 'if (isWhole && open.records === 0)',
    killers: usual,
  },
  {
    name: 'a stream does not start with its state',
    file: writer,
    search: "this.#emitStatus(open, 'STARTED');\n    this.#emitOpenState(open);",
    replacement: "this.#emitStatus(open, 'STARTED');",
    killers: testsOf('airbyte/states', 'a state in the future produces no record'),
  },
  {
    name: 'a failing stream has no status RUNNING',
    file: writer,
    search: '    this.#emitRunning(open);\n    const isWhole',
    replacement: "    if (status === 'COMPLETE') this.#emitRunning(open);\n    const isWhole",
    killers: faultTests('JSON of another shape: skills fails'),
  },
  {
    name: 'emitted_at in seconds',
    file: messages,
    search: '"emitted_at":${emittedAt},"data":',
    replacement: '"emitted_at":${Math.floor(emittedAt / 1000)},"data":',
    killers: usual,
  },
  {
    name: 'a state has an id',
    file: messages,
    search: "{ type: 'STREAM', stream,",
    replacement: "{ type: 'STREAM', id: recordCount, stream,",
    killers: usual,
  },
  {
    name: 'a blob is sent stream by stream',
    file: writer,
    search: 'const carried = this.#isFirstStream && initialState.isLegacy ? streams : [];',
    replacement: 'const carried: typeof streams = [];',
    killers: stateTests('s6 as one blob is read on'),
  },
  {
    name: 'an invalid state counts as no state',
    file: state,
    search:
      "if (entries.length > 0 && !entries.some(([name]) => names.includes(name)))\n    throw stateError('it contains no stream of this source');",
    replacement: '',
    killers: testsOf('unit/airbyte/state', 'a blob of another source is an error'),
  },
  {
    name: 'a full refresh ignores its state',
    file: catalog,
    search: "if (isIncremental(description)) metadata['replication-method'] = 'INCREMENTAL';",
    replacement: "if (isIncremental(description)) metadata['replication-method'] = 'FULL_TABLE';",
    killers: testsOf('airbyte/sync-modes', 'full_refresh, given the state of a whole sync'),
  },
  {
    name: 'deselected columns are sent',
    file: catalog,
    search: 'return [name, isJsonObject(columns) ? columns : {}];',
    replacement: 'return [name, {}];',
    killers: testsOf('airbyte/sync-modes', 'or were deselected, are not sent'),
  },
  {
    name: 'an unknown stream is ignored',
    file: read,
    search: 'const unknownErrors = unknownStreamErrors(unknown, descriptions);',
    replacement: 'const unknownErrors = unknownStreamErrors(unknown.slice(99), descriptions);',
    killers: testsOf('airbyte/sync-modes', 'a stream that this source does not have is incomplete'),
  },
  {
    name: 'a run that has not started sends signs of life',
    file: writer,
    search: '    this.#lastOutputMs = options.clock.now();\n',
    replacement: '    this.#lastOutputMs = options.clock.now();\n    void this.#heartbeat();\n',
    killers: stateTests('a time that is a word is rejected before the first request'),
  },
  {
    name: 'a wrong subdomain passes the check',
    file: 'src/sync/dry-run.ts',
    search: 'if (error === undefined || !isForbidden(error)) return error;',
    replacement: 'if (error === undefined || !isForbidden(error)) return undefined;',
    killers: testsOf('airbyte/check', '401: the token'),
  },
];
