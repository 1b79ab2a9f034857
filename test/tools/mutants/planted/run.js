/** The order of messages, the state, and the result of a run. */
import { testsOf } from '../mutant.js';

const sync = 'src/sync/sync.ts';
const transform = 'src/sync/record-transform.ts';
const state = 'src/singer/state.ts';
const streamStatus = 'src/sync/stream-status.ts';

/** @param {...string} titles */
const syncTests = (...titles) => testsOf('unit/sync/sync', ...titles);

/** @param {...string} titles */
const statusTests = (...titles) => testsOf('reporting/stream-status', ...titles);

/** @param {...string} titles */
const stateTests = (...titles) => testsOf('unit/singer/state', ...titles);

/** @type {readonly import('../mutant.js').Mutant[]} */
export const runMutants = [
  {
    name: 'STATE before its page',
    file: transform,
    search: 'const { records, nulled } = this.#recordsOf(page, await this.#validator);',
    replacement:
      'const { records, nulled } = this.#recordsOf(page, await this.#validator);\n    if (page.checkpoint !== undefined) {\n      state.writeBookmark(tapStreamId, page.checkpoint, definition.foreignBookmarkKeys);\n      this.push({ type: "STATE", value: state.value(), tapStreamId });\n    }',
    killers: syncTests('a page is written before the state that covers it'),
  },
  {
    name: 'the result of the record validation is ignored',
    file: transform,
    search: 'if (fault !== undefined) throw invalidRecordError',
    replacement: 'if (fault === "") throw invalidRecordError',
    killers: syncTests('a record that does not match its schema ends its stream'),
  },
  {
    name: 'the state of a failed page is written',
    file: transform,
    search: 'if (outcome.failure !== undefined) return callback();',
    replacement: 'if (outcome.records < 0) return callback();',
    killers: syncTests('a page with a record that cannot be written fails its stream'),
  },
  {
    name: 'a FULL_TABLE stream changes its bookmark',
    file: transform,
    search: 'if (page.checkpoint === undefined || isFullTable(selected)) return;',
    replacement: 'if (page.checkpoint === undefined) return;',
    killers: syncTests('a FULL_TABLE stream ignores its bookmark'),
  },
  {
    name: 'an item without a key is left out silently',
    file: streamStatus,
    search: "if (leftOut === 0 || settings.on_bad_item === 'warn') return { status: 'complete' };",
    replacement:
      "if (leftOut >= 0 || settings.on_bad_item === 'warn') return { status: 'complete' };",
    killers: syncTests('an item without its key is left out and named'),
  },
  {
    name: 'unknown keys of a state are lost',
    file: state,
    search: '{ ...given, bookmarks: bookmarks ?? {}',
    replacement: '{ bookmarks: bookmarks ?? {}',
    killers: [
      ...stateTests('the whole input state is written again'),
      ...testsOf('no-loss/states', 'unknown keys are unchanged in every state'),
    ],
  },
  {
    name: 'bookmarks of other streams are lost',
    file: state,
    search: 'const bookmarks = Object.freeze({ ...this.#bookmarks(), [tapStreamId]: entry });',
    replacement: 'const bookmarks = Object.freeze({ [tapStreamId]: entry });',
    killers: [
      ...syncTests('keeps its records, and the next one is read'),
      ...testsOf('no-loss/states', 'unknown keys are unchanged in every state'),
    ],
  },
  {
    name: 'old keys are omitted instead of null',
    file: state,
    search: 'merge({ ...old, ...Object.fromEntries(cleared) }, bookmark)',
    replacement: 'merge(Object.fromEntries(cleared), bookmark)',
    killers: [
      ...stateTests('advancing a bookmark does not change other keys of its entry'),
      ...testsOf('no-loss/states', 'unknown keys are unchanged in every state'),
    ],
  },
  {
    name: 'an old object becomes null',
    file: state,
    search: 'if (!isJsonObject(value)) return null;',
    replacement: 'if (isJsonObject(value)) return null;',
    killers: [
      ...stateTests('scalars in the keys of another tap become null, and objects stay objects'),
      ...testsOf(
        'no-loss/states',
        'times of another tap that became null follow the own bookmark again',
      ),
    ],
  },
  {
    name: 'an interrupted stream is not resumed first',
    file: sync,
    search: 'return first < 0 ? streams : [...streams.slice(first), ...streams.slice(0, first)];',
    replacement: 'return first < 0 ? streams : streams.slice(first);',
    killers: syncTests('the stream an earlier run was interrupted in comes first, and all others'),
  },
  {
    name: 'a failed stream counts as complete',
    file: streamStatus,
    search: 'if (failure === undefined) return completeStatus(end);',
    replacement: 'if (failure === undefined || outcome.records > 0) return completeStatus(end);',
    killers: syncTests('a stream that fails in the middle keeps its records'),
  },
  {
    name: 'exit 0 after a failed stream',
    file: 'src/cli/run-report.ts',
    search: 'if (errors.length > 0) return failureExitCode(errors);',
    replacement: 'if (errors.length > 0) return 0;',
    killers: testsOf(
      'unit/cli/run-report',
      'A failure of an earlier stream is explained when it happens',
      'Each of several failures is explained',
    ),
  },
  {
    name: 'exit 0 after a stream that was not started',
    file: 'src/cli/run-report.ts',
    search: "return status === 'complete' || status === 'absent' || status === 'forbidden';",
    replacement: "return status !== 'failed';",
    killers: testsOf(
      'unit/cli/run-report',
      'The exit code is not 0 if a stream was interrupted or not started',
    ),
  },
  {
    name: 'exit 2 after failures of both kinds',
    file: 'src/core/errors.ts',
    search: "errors.every(({ kind }) => kind === 'config')",
    replacement: "errors.some(({ kind }) => kind === 'config')",
    killers: statusTests('A run with failures of both kinds ends with 1'),
  },
  {
    name: 'absent anywhere in a stream',
    file: streamStatus,
    search: 'if (!end.isFirstRequest) return failedStatus(name, failure);',
    replacement: '',
    killers: statusTests('A stream that disappears during the read fails'),
  },
  {
    name: 'absent on any stream',
    file: streamStatus,
    search: 'if (mayBeAbsent) return',
    replacement: 'if (mayBeAbsent || status === 403) return',
    killers: statusTests('Status 403 of goals is a failure of that stream'),
  },
  {
    name: 'an empty run for an unknown account succeeds',
    file: streamStatus,
    search: 'return api.responseCount() === 0 && !(await isApiAvailable(api));',
    replacement: 'return api.responseCount() < 0;',
    killers: statusTests('A wrong subdomain, for which all endpoints return 404'),
  },
  {
    name: 'a failure ends all other streams',
    file: sync,
    search: 'hasEnded ||= result.error?.endsRun ?? false;',
    replacement: 'hasEnded ||= result.error !== undefined;',
    killers: syncTests('a stream that fails in the middle keeps its records, and the next one'),
  },
  {
    name: 'no STATE at the end',
    file: sync,
    search: "    yield { type: 'STATE', value: state.value() };\n  }",
    replacement:
      "    if (!hasEnded && !signal.aborted) yield { type: 'STATE', value: state.value() };\n  }",
    killers: statusTests('A wrong subdomain, for which all endpoints return 404'),
  },
  {
    name: 'a signal drops the current page',
    file: sync,
    search: '        yield page;\n        if (outcome',
    replacement: '        if (!signal.aborted) yield page;\n        if (outcome',
    killers: syncTests('a page that has arrived when the run is stopped is still written'),
  },
  {
    name: 'output is lost at the exit',
    file: 'src/cli/signals.ts',
    search: 'await flushed(output);',
    replacement: 'await Promise.race([flushed(output), undefined]);',
    killers: testsOf('unit/cli/signals', 'the end waits until the output has taken everything'),
  },
  {
    name: 'deselected data leak into additional_fields',
    file: 'src/records/object-coercer.ts',
    search: 'return { name, coerce: () => undefined, isText: false, isDropped: true };',
    replacement:
      'return { name: `not ${name}`, coerce: () => undefined, isText: false, isDropped: true };',
    killers: [
      ...testsOf('unit/records/coercion', 'what a user deselected appears nowhere'),
      ...testsOf('no-invention/selection', 'Unselected streams and columns appear nowhere'),
    ],
  },
];
