/** Rules 6 to 9 of an export: resuming, late starts, refused starts, poison pages. */
import { exportTests, testsOf } from '../mutant.js';

const start = 'src/zendesk/export/time-range.ts';
const request = 'src/zendesk/export/client.ts';
const bookmark = 'src/zendesk/export/bookmark.ts';
const pageLimit = 'src/zendesk/page-limit.ts';

/** @param {...string} titles */
const limitTests = (...titles) => testsOf('unit/zendesk/page-limit', ...titles);

/** @type {readonly import('../mutant.js').Mutant[]} */
export const resumeMutants = [
  {
    name: "another tap's bookmark is read without the 310 s",
    file: start,
    search: '(bookmark.isOwn ? 0 : headDelayMs)',
    replacement: '(bookmark.isOwn ? 0 : 0)',
    killers: [
      ...exportTests('is read from 310 s before it'),
      ...testsOf('no-loss/states', 'continues from the end of the state'),
    ],
  },
  {
    name: "another tap's bookmark is overwritten at once",
    file: start,
    search: 'return { position, floor, isBeforeFloor: true, isForeign };',
    replacement: 'return { position, floor: undefined, isBeforeFloor: true, isForeign };',
    killers: exportTests('a bookmark of another tap does not change until'),
  },
  {
    name: "another tap's bookmark comes back at the end",
    file: 'src/zendesk/export/pages.ts',
    search: 'run.checkpoint ?? claimedBookmark(run)',
    replacement: 'claimedBookmark(run) ?? run.checkpoint',
    killers: exportTests('that was replaced does not return at the end'),
  },
  {
    name: 'an outdated position is used',
    file: bookmark,
    search: 'endTime * spec.unit.micros !== micros) return undefined;',
    replacement: 'endTime * spec.unit.micros === -1) return undefined;',
    killers: exportTests('is read from 310 s before it'),
  },
  {
    name: 'a bookmark inside ties forgets its id',
    file: start,
    search: 'time: Math.max(floor.time, 0), startId: bookmark.endId };',
    replacement: 'time: Math.max(floor.time, 0), startId: null };',
    killers: exportTests('a bookmark inside ties resumes after its id'),
  },
  {
    name: "one half of the old tap's bookmark counts as the whole",
    file: bookmark,
    search: 'spec.foreignTimeKeys.find((keys) => keys.every(',
    replacement: 'spec.foreignTimeKeys.find((keys) => keys.some(',
    killers: exportTests('reads from start_date'),
  },
  {
    name: 'the newer of two old times applies',
    file: bookmark,
    search: 'times?.toSorted((a, b) => a.micros - b.micros)',
    replacement: 'times?.toSorted((a, b) => b.micros - a.micros)',
    killers: [
      ...exportTests('is read from 310 s before it'),
      ...testsOf('no-loss/states', 'continues from the end of the state singer-io-complete'),
    ],
  },
  {
    name: 'an invalid bookmark restarts the stream',
    file: bookmark,
    search: 'if (other !== undefined)\n    throw',
    replacement: "if (other === '') throw",
    killers: exportTests('is an error before any request'),
  },
  {
    name: 'milliseconds are read as microseconds',
    file: 'src/core/instant.ts',
    search: 'Number(digits) * 1e3',
    replacement: 'Number(digits) * 1e0',
    killers: exportTests('is read from 310 s before it'),
  },
  {
    name: 'a bookmark moves back',
    file: start,
    search: 'if (capped.time < floor.time) return undefined;',
    replacement: 'if (capped.time < 0) return undefined;',
    killers: exportTests('a page that ends before the bookmark does not move it back'),
  },
  {
    name: 'a bookmark in the future is requested',
    file: 'src/zendesk/export/pages.ts',
    search:
      'if (Math.max(start.position.time, start.floor?.time ?? 0) > head) return nothingToRead(run);',
    replacement: 'if (head < 0) return nothingToRead(run);',
    killers: exportTests('makes no request and stays'),
  },
  {
    name: 'a newer start_date is ignored',
    file: start,
    search: 'if (settings.hasStartDate && first.position.time > floor.time) {',
    replacement: 'if (settings.hasStartDate && first.position.time < 0) {',
    killers: exportTests('a start_date newer than the bookmark takes precedence'),
  },
  {
    name: 'the default start overrules a bookmark',
    file: start,
    search: 'if (settings.hasStartDate && first.position.time > floor.time) {',
    replacement: 'if (first.position.time > floor.time) {',
    killers: exportTests('the default start never takes precedence over a bookmark'),
  },
  {
    name: 'lookback is ignored',
    file: start,
    search: 'const backMs = settings.lookback_minutes * 60_000 + ',
    replacement: 'const backMs = 0 * settings.lookback_minutes + ',
    killers: exportTests('lookback_minutes starts earlier'),
  },
  {
    name: 'a rejected recent start is an error',
    file: request,
    search: 'if (olderStart === undefined) throw withPosition(error, position, spec);',
    replacement: 'throw withPosition(error, olderStart ?? position, spec);',
    killers: exportTests('a rejected recent start ends the stream with a warning'),
  },
  {
    name: 'any rejection counts as the end',
    file: request,
    search: 'if (error.status !== 400 || position.time <= newestAllowed) return undefined;',
    replacement: 'if (error.status !== 400) return undefined;',
    killers: exportTests('a 400 is an error when'),
  },
  {
    name: 'a page that always fails is not halved',
    file: pageLimit,
    search: 'Math.floor(limit / 2)',
    replacement: 'Math.floor(limit / 1)',
    killers: limitTests('a page is made smaller after three failures'),
  },
  {
    name: 'the limit stays small',
    file: pageLimit,
    search: 'if (!isRefused) this.#current = raised;',
    replacement: 'if (isRefused) this.#current = raised;',
    killers: limitTests('after ten good pages the limit is raised'),
  },
  {
    name: 'a page is halved while the API is unreachable',
    file: pageLimit,
    search: 'if (!isCertain && !(await isApiAvailable(api, { maxAttempts: 1 })))',
    replacement: 'if (limit === 0)',
    killers: limitTests('a page is not made smaller while the API is unreachable'),
  },
  {
    name: 'a page is made smaller although the server only requests a wait',
    file: pageLimit,
    search: 'return !isRateLimit && (status >= 500',
    replacement: 'return (status >= 500',
    killers: limitTests('a server that requests a wait can still send the page'),
  },
];
