/** Rules 4 and 5 of an export: the next page, ties, and the proof of the end. */
import { exportTests, testsOf } from '../mutant.js';

const walk = 'src/zendesk/export/walk.ts';

/** @type {readonly import('../mutant.js').Mutant[]} */
export const walkMutants = [
  {
    name: 'end_id is kept outside ties',
    file: walk,
    search: 'startId: isTied ? position.endId : null };',
    replacement: 'startId: position.endId };',
    killers: exportTests('inside ties the bookmark leads on by end_id, and only there'),
  },
  {
    name: 'ties are left after their first page',
    file: walk,
    search: 'const isTied = question.startId !== null && !hasMoved;',
    replacement: 'const isTied = question.startId === undefined && !hasMoved;',
    killers: exportTests('inside ties the bookmark leads on by end_id, and only there'),
  },
  {
    name: 'a short page is taken for the end',
    file: walk,
    search: 'const next = goOn(at, place);',
    replacement: 'const next = answer.items.length < answer.limit ? undefined : goOn(at, place);',
    killers: exportTests('a short page is not taken for the end'),
  },
  {
    name: 'an empty page is taken for the end',
    file: walk,
    search: 'if (position === undefined) return nothingNew(at, question, answer);',
    replacement: 'if (position === undefined) return only(undefined);',
    killers: exportTests('an empty page in the middle is not taken for the end'),
  },
  {
    name: 'the second question is not asked',
    file: walk,
    search: 'if (endId !== null && endId !== question.startId) {',
    replacement: 'if (endId === question.startId && endId !== null) {',
    killers: exportTests('a quiet run costs three requests more than its page'),
  },
  {
    name: 'the third question is not asked',
    file: walk,
    search: "return only(ask(at, 'beyond', oneUnitLater(at)));",
    replacement: 'return only(undefined);',
    killers: exportTests('records hidden behind empty pages end in an error'),
  },
  {
    name: 'more ties than a page holds end green',
    file: walk,
    search: 'if (at.isHiding || isFull(at, answer)) return repeat(at, question);',
    replacement: 'if (isFull(at, answer)) return only(undefined);',
    killers: exportTests('a server that ignores start_id ends in an error'),
  },
  {
    name: 'a clamped page is never full',
    file: walk,
    search: 'return items.length >= limit || (at.largestFollowed > 0 && items.length >= clamp);',
    replacement: 'return items.length >= limit + 0 * clamp;',
    killers: exportTests('a server that clamps the limit and ignores start_id ends in an error'),
  },
  {
    name: 'hidden records end green',
    file: walk,
    search: 'if (at.repeats > mostRepeats) throw givenUp(at);\n  // The answer may',
    replacement: 'if (at.repeats > mostRepeats) return only(undefined);\n  // The answer may',
    killers: exportTests('records hidden behind empty pages end in an error'),
  },
  {
    name: 'items of the question beyond are remembered',
    file: walk,
    search: "if (question.kind === 'beyond') return takeBeyond(at, page.fresh.length > 0);",
    replacement:
      "if (question.kind === 'beyond') { at.seam.remember(page, question.time); return takeBeyond(at, page.fresh.length > 0); }",
    killers: exportTests('items seen by the question beyond are neither emitted nor remembered'),
  },
  {
    name: 'the question beyond is judged',
    file: 'src/zendesk/export/response.ts',
    search: 'if (items.length === 0 || asked.isProbe) return',
    replacement: 'if (items.length === 0) return',
    killers: exportTests('the question beyond is not judged'),
  },
  {
    name: 'an answer that skips its second is used',
    file: walk,
    search: 'if (isAtItem && !touches(',
    replacement: 'if (at.isFixed && isAtItem && !touches(',
    killers: [
      ...exportTests('ties whose last chat has just moved are not skipped'),
      ...testsOf('unit/zendesk/export/model', 'start_id lookup'),
    ],
  },
  {
    name: 'a chat the server has lost ends its ties',
    file: walk,
    search: 'return id ? ask(at, ',
    replacement: "return id === '' ? ask(at, ",
    killers: exportTests('a chat the server no longer knows does not end its ties'),
  },
  {
    name: 'start_id is dropped from the request',
    file: 'src/zendesk/export/client.ts',
    search: 'return startId === null ? query : { ...query, start_id: startId };',
    replacement: 'return startId === null ? query : { ...query };',
    killers: [
      ...exportTests('1,500 chats of one second are all read'),
      ...testsOf('unit/zendesk/export/model', 'start_id exclusive'),
    ],
  },
  {
    name: 'an empty page beyond is believed at once',
    file: walk,
    search: 'return only(at.empties === 1 ?',
    replacement: 'return only(at.empties === 0 ?',
    killers: exportTests('an empty page beyond is not believed'),
  },
  {
    name: 'an empty answer to an id before counts as an empty page',
    file: walk,
    search: "answer.items.length === 0 && question.kind !== 'before'",
    replacement: 'answer.items.length === 0',
    killers: testsOf('unit/zendesk/export/walk', 'an empty answer to an id before'),
  },
  {
    name: 'an empty page is believed at once',
    file: walk,
    search: "const isDoubtful = at.regularWas === 'empty' &&",
    replacement: "const isDoubtful = at.regularWas === 'items' && at.wasEmpty &&",
    killers: exportTests('an empty page where something has been read is not believed before'),
  },
];
