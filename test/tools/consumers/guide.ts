/** Commands of the README, so that a row does what its reader does. */
import { readFile } from 'node:fs/promises';

import { blocksOf, sectionOf } from '../../project/markdown.ts';

const readme = new URL('../../../README.md', import.meta.url);

/**
 * @param heading With its number signs.
 * @returns its blocks in this language, without the indentation of a list
 */
export async function blocksUnder(heading: string, language: string): Promise<readonly string[]> {
  const blocks = blocksOf(sectionOf(await readFile(readme, 'utf8'), heading));
  const found = blocks.filter((block) => block.language === language).map(({ text }) => text);
  if (found.length === 0) throw new Error(`The README has no ${language} under ${heading}.`);
  return found;
}
