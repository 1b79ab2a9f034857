/** Rules 1 to 3 of an export: the position, the head, the seam. */
import { exportTests, testsOf } from '../mutant.js';

const envelope = 'src/zendesk/export/response.ts';
const start = 'src/zendesk/export/time-range.ts';
const walk = 'src/zendesk/export/walk.ts';

/** @type {readonly import('../mutant.js').Mutant[]} */
export const positionMutants = [
  {
    name: 'end_time is rounded up',
    file: envelope,
    search: 'Number.isFinite(number) ? Math.floor(number)',
    replacement: 'Number.isFinite(number) ? Math.ceil(number)',
    killers: exportTests('a fraction of a second in end_time never skips the rest of that second'),
  },
  {
    name: 'a position in the wrong unit is accepted',
    file: envelope,
    search: 'if (isWrong || !Number.isSafeInteger(time))',
    replacement: 'if (!Number.isSafeInteger(time))',
    killers: exportTests('is an error, not an end'),
  },
  {
    name: 'a page without a position ends the stream',
    file: envelope,
    search: 'if (items.length === 0 || request.isProbe) return',
    replacement:
      "if (items.length === 0 || request.isProbe || (!('end_time' in envelope) && !('next_page' in envelope))) return",
    killers: exportTests('is an error, not an end'),
  },
  {
    name: 'an end before the start is accepted',
    file: envelope,
    search: 'if (end.time < request.time)',
    replacement: 'if (end.time < 0)',
    killers: exportTests('is an error, not an end'),
  },
  {
    name: 'an empty page moves the position',
    file: envelope,
    search: 'if (items.length === 0 || request.isProbe) return',
    replacement:
      "if ((items.length === 0 && envelope['end_time'] === null) || request.isProbe) return",
    killers: exportTests(
      'an empty page with a zero end_time does not send the stream back to 1970',
    ),
  },
  {
    name: 'next_page determines the next request',
    file: envelope,
    search: "return new URL(link, 'https://localhost').searchParams;",
    replacement:
      "return new URLSearchParams(new URL(link, 'https://localhost').search.replace('start_id', 'id'));",
    killers: exportTests('missing keys of the envelope are read from next_page'),
  },
  {
    name: 'no head limit',
    file: start,
    search: 'const capped = position.time > head ? { time: head, startId: null } : position;',
    replacement: 'const capped = head < 0 ? { time: head, startId: null } : position;',
    killers: exportTests('no bookmark is later than the head'),
  },
  {
    name: 'requests start after the head',
    file: walk,
    search: 'return position.time > state.head() ? undefined : { kind, ...position };',
    replacement: 'return position.time > Infinity ? undefined : { kind, ...position };',
    killers: exportTests('no bookmark is later than the head'),
  },
  {
    name: "the local clock is used instead of the server's",
    file: start,
    search: 'const knownMs = Math.min(now(), serverMs ?? Number.POSITIVE_INFINITY);',
    replacement: 'const knownMs = now();',
    killers: exportTests('with a clock that is ahead of the server, no request starts later'),
  },
  {
    name: 'end_date is exclusive',
    file: 'src/zendesk/export/pages.ts',
    search: 'micros <= endDateMs * 1000',
    replacement: 'micros < endDateMs * 1000',
    killers: exportTests('end_date is inclusive, is the newest bookmark'),
  },
  {
    name: 'items after end_date are emitted',
    file: 'src/zendesk/export/pages.ts',
    search: 'if (endDateMs === undefined) return true;',
    replacement: 'if (endDateMs !== 0) return true;',
    killers: exportTests('end_date is inclusive, is the newest bookmark'),
  },
  {
    name: 'no duplicate filter',
    file: 'src/zendesk/export/duplicate-filter.ts',
    search: 'return !isRepeated && !known.some((page) => page.has(identity));',
    replacement: 'return !isRepeated;',
    killers: exportTests('a chat on two consecutive pages is emitted once'),
  },
  {
    name: 'the duplicate filter forgets the previous page',
    file: 'src/zendesk/export/duplicate-filter.ts',
    search: 'this.#previousPages = this.#currentPages.slice(-1);',
    replacement: 'this.#previousPages = [];',
    killers: exportTests('an old version that is repeated after the next page'),
  },
  {
    name: 'an edited chat counts as a duplicate',
    file: 'src/zendesk/streams.ts',
    search: 'return hasVersion ? `${id} ${version}` : jsonText(chat);',
    replacement: 'return hasVersion ? id : jsonText(chat);',
    killers: testsOf(
      'unit/zendesk/streams',
      'a changed chat is emitted again, an unchanged one once',
    ),
  },
  {
    name: 'the state of a divided page comes before its last records',
    file: 'src/zendesk/split-pages.ts',
    search: '      yield part;',
    replacement: '      yield { ...part, ...(checkpoint !== undefined && { checkpoint }) };',
    killers: testsOf('unit/zendesk/split-pages', 'a page with many parts is divided between items'),
  },
  {
    name: 'equal messages of a chat have the same key',
    file: 'src/zendesk/streams.ts',
    search: '(position) => ({ position }),',
    replacement: '() => ({ position: 0 }),',
    killers: testsOf(
      'no-invention/extra-streams',
      'the key of each record is unique in its stream, also among ties and equal parts',
    ),
  },
  {
    name: 'the messages of an edited chat keep its old update_timestamp',
    file: 'src/zendesk/streams.ts',
    search: 'const { id = null, update_timestamp: updated = null } = chat;',
    replacement: 'const { id = null, timestamp: updated = null } = chat;',
    killers: testsOf(
      'no-invention/extra-streams',
      'if a chat is edited, all its parts come again under the same keys',
    ),
  },
];
