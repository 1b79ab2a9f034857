/**
 * A planted defect: a change at one place of the program that breaks a promise, and the tests that
 * must notice it.
 *
 * @typedef {object} Mutant
 * @property {string} name The defect, as a short sentence.
 * @property {string} file Path from the top of the repository.
 * @property {string} search Text that occurs exactly once in the file.
 * @property {string} replacement The text that replaces it.
 * @property {readonly Killer[]} killers The tests that name the promise; one of them must fail.
 */

/**
 * @typedef {object} Killer
 * @property {string} file Path from `test/`, without `.test.ts`.
 * @property {string} title Part of a test's title.
 */

const pages = 'unit/zendesk/export/pages';

/** Tests of how an export is read. @param {...string} titles @returns {Killer[]} */
export function exportTests(...titles) {
  return testsOf(pages, ...titles);
}

/** @param {string} file @param {...string} titles @returns {Killer[]} */
export function testsOf(file, ...titles) {
  return titles.map((title) => ({ file, title }));
}
