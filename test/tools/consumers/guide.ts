/** Commands of the documentation, so that a row does the same as its reader. */
import { readFile } from 'node:fs/promises';

import { blocksOf, sectionOf } from '../../project/markdown.ts';

const docs = new URL('../../../docs/', import.meta.url);

/**
 * @param page File in `docs/`.
 * @param heading With its number signs.
 * @returns its blocks in this language, without the indentation of a list
 */
export async function blocksUnder(
  page: string,
  heading: string,
  language: string,
): Promise<readonly string[]> {
  const blocks = blocksOf(sectionOf(await readFile(new URL(page, docs), 'utf8'), heading));
  const found = blocks.filter((block) => block.language === language).map(({ text }) => text);
  if (found.length === 0) throw new Error(`docs/${page} has no ${language} under ${heading}.`);
  return found;
}
