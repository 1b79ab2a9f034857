/** Lists by id: the position of each array, and the bookmark. */
import { testsOf } from '../mutant.js';

const lists = 'src/zendesk/id-pages.ts';

/** @param {...string} titles */
const listTests = (...titles) => testsOf('unit/zendesk/id-pages', ...titles);

/** @type {readonly import('../mutant.js').Mutant[]} */
export const listMutants = [
  {
    name: 'the largest id is the bookmark of bans',
    file: lists,
    search: 'return { page: this.#withBookmark(page, next - 1), next };',
    replacement: 'return { page: this.#withBookmark(page, this.#largest), next };',
    killers: listTests('and its bookmark is not the largest id'),
  },
  {
    name: 'bans continue after the larger array',
    file: lists,
    search: 'const next = Math.min(...ids) + 1;',
    replacement: 'const next = Math.max(...ids) + 1;',
    killers: listTests('bans: the array that is behind is not skipped'),
  },
  {
    name: 'a short page ends a list by id',
    file: lists,
    search: 'const isEmpty = lists.every(({ items }) => items.length === 0);',
    replacement: 'const isEmpty = lists.every(({ items }) => items.length < this.#limit.current);',
    killers: listTests('only an empty page is the end'),
  },
  {
    name: 'a list that ignores paging succeeds',
    file: lists,
    search: 'if (total === limit || sizes.includes(limit)) {',
    replacement: 'if (total === 0) {',
    killers: listTests('a server that ignores since_id and returns full pages causes an error'),
  },
  {
    name: 'a list resumes at its bookmark instead of after it and loses one item',
    file: lists,
    search: 'this.first = bookmark === undefined ? 0 : bookmark + 1;',
    replacement: 'this.first = bookmark === undefined ? 0 : bookmark + 2;',
    killers: listTests('a bookmark resumes after its id'),
  },
  {
    name: 'a response without a list counts as an empty list',
    file: 'src/zendesk/response-shape.ts',
    search:
      'if (!Array.isArray(value)) throw shapeError(expected, describeWhole(describeJson(value)));',
    replacement: 'if (!Array.isArray(value)) return [];',
    killers: testsOf('unit/zendesk/streams', 'is an error that names the expected format'),
  },
];
