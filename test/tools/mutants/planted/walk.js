/** Rules 4 and 5 of an export: the next page, ties, and the proof of the end. */
import { exportTests, testsOf } from '../mutant.js';

const walk = 'src/zendesk/export/walk.ts';

/** @type {readonly import('../mutant.js').Mutant[]} */
export const walkMutants = [
  {
    name: 'end_id is kept outside ties',
    file: walk,
    search: 'startId: isTied ? end.endId : null };',
    replacement: 'startId: end.endId };',
    killers: exportTests('only inside ties the bookmark contains end_id'),
  },
  {
    name: 'ties are left after their first page',
    file: walk,
    search: 'const isTied = request.startId !== null && !hasMoved;',
    replacement: 'const isTied = request.startId === undefined && !hasMoved;',
    killers: exportTests('only inside ties the bookmark contains end_id'),
  },
  {
    name: 'a short page counts as the end',
    file: walk,
    search: 'const next = continueFrom(state, position);',
    replacement:
      'const next = response.items.length < response.limit ? undefined : continueFrom(state, position);',
    killers: exportTests('a short page does not count as the end'),
  },
  {
    name: 'an empty page counts as the end',
    file: walk,
    search: 'if (end === undefined) return onNoNewItems(state, request, response);',
    replacement: 'if (end === undefined) return requestOnly(undefined);',
    killers: exportTests('an empty page in the middle does not count as the end'),
  },
  {
    name: 'the second request at the end is omitted',
    file: walk,
    search: 'if (endId !== null && endId !== request.startId) {',
    replacement: 'if (endId === request.startId && endId !== null) {',
    killers: exportTests('a run without new items needs three requests more than its page'),
  },
  {
    name: 'the third request at the end is omitted',
    file: walk,
    search: "createRequest(state, 'beyond', oneUnitLater(state)) ?? requestPageSize(state)",
    replacement: 'undefined',
    killers: exportTests('records hidden behind empty pages cause an error'),
  },
  {
    name: 'more ties than a page holds succeed with a loss',
    file: walk,
    search:
      'if (state.hasHiddenItems || isFull(state, response)) return repeatRequest(state, request);',
    replacement: 'if (isFull(state, response)) return requestOnly(undefined);',
    killers: exportTests('a server that ignores start_id causes an error'),
  },
  {
    name: 'a clamped page is never full',
    file: walk,
    search: 'return size >= response.limit || (state.largestFollowed > 0 && size >= clamp);',
    replacement: 'return size >= response.limit + 0 * clamp;',
    killers: exportTests('a server that clamps the limit and ignores start_id causes an error'),
  },
  {
    name: 'hidden records are lost without an error',
    file: walk,
    search: 'if (state.repeats > maxRepeats) throw giveUpError(state);\n  // The server may',
    replacement:
      'if (state.repeats > maxRepeats) return requestOnly(undefined);\n  // The server may',
    killers: exportTests('records hidden behind empty pages cause an error'),
  },
  {
    name: 'items of the request beyond are remembered',
    file: walk,
    search: "if (request.kind === 'beyond') return advanceBeyond(state, page.newItems.length > 0);",
    replacement:
      "if (request.kind === 'beyond') { state.duplicates.remember(page, request.time); return advanceBeyond(state, page.newItems.length > 0); }",
    killers: exportTests('items of the request beyond are neither emitted nor remembered'),
  },
  {
    name: 'the response to the request beyond is used as a page',
    file: 'src/zendesk/export/response.ts',
    search: 'if (items.length === 0 || request.isProbe) return',
    replacement: 'if (items.length === 0) return',
    killers: exportTests('the envelope of the request beyond is not checked'),
  },
  {
    name: 'a response that skips its second is used',
    file: walk,
    search: 'if (hasStartId && !includesInstant(',
    replacement: 'if (state.isImmutable && hasStartId && !includesInstant(',
    killers: [
      ...exportTests('ties whose last chat has just moved are not skipped'),
      ...testsOf('unit/zendesk/export/model', 'one request after another, chats'),
    ],
  },
  {
    name: 'a chat that the server no longer knows ends its ties',
    file: walk,
    search: 'return id ? createRequest(state, ',
    replacement: "return id === '' ? createRequest(state, ",
    killers: exportTests('a chat that the server no longer knows does not end its ties'),
  },
  {
    name: 'start_id is dropped from the request',
    file: 'src/zendesk/export/client.ts',
    search: '...(startId !== null && { start_id: startId }),',
    replacement: '',
    killers: [
      ...exportTests('1,500 chats of one second are all read'),
      ...testsOf('unit/zendesk/export/model', 'one request after another, chats'),
    ],
  },
  {
    name: 'an empty page beyond is not confirmed',
    file: walk,
    search: 'state.emptyPages === 1\n',
    replacement: 'state.emptyPages === 0\n',
    killers: exportTests('an empty page beyond counts only if it is repeated'),
  },
  {
    name: 'an empty response to an earlier id counts as an empty page',
    file: walk,
    search: "response.items.length === 0 && request.kind !== 'before'",
    replacement: 'response.items.length === 0',
    killers: testsOf(
      'unit/zendesk/export/walk',
      'an empty response to an earlier id does not count',
    ),
  },
  {
    name: 'an empty page is not confirmed',
    file: walk,
    search: "const isDoubtful =\n    state.regularResponse === 'empty' &&",
    replacement: "const isDoubtful = state.regularResponse === 'items' && state.wasEmpty &&",
    killers: exportTests('an empty page at a position with items counts only if it is repeated'),
  },
  {
    name: 'a clamped page of one time counts as complete',
    file: walk,
    search: 'if (unprovenSize < minPageSize || unprovenSize < largestPage) return undefined;',
    replacement: 'if (unprovenSize >= 0 || largestPage >= minPageSize) return undefined;',
    killers: [
      ...exportTests('even if nothing follows the ties'),
      ...testsOf('no-loss/crashes', 'start_id is ignored among ties, and nothing follows them'),
      ...testsOf('no-loss/edits', 'if start_id is ignored and nothing follows them'),
    ],
  },
  {
    name: 'the size of a page is checked although a larger page exists',
    file: walk,
    search: 'if (unprovenSize < minPageSize || unprovenSize < largestPage) return undefined;',
    replacement: 'if (unprovenSize < minPageSize) return undefined;',
    killers: exportTests('if a larger page was returned before'),
  },
  {
    name: 'a short page from the start of the export is an error at once',
    file: walk,
    search: 'return requestOnly(requestPageSize(state));',
    replacement: 'throw tooManyTiesError(state);',
    killers: exportTests('a short page from the start of the export'),
  },
];
