/** Commands of the README, so that a row does what its reader does. */
import { readFile } from 'node:fs/promises';

const readme = new URL('../../README.md', import.meta.url);

/**
 * @param heading With its number signs.
 * @returns its blocks in this language, without the indentation of a list
 */
export async function blocksUnder(heading: string, language: string): Promise<readonly string[]> {
  const [, section = ''] = (await readFile(readme, 'utf8')).split(`\n${heading}\n`);
  const [own = ''] = section.split(/\n#{1,4} /);
  const blocks = own.matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```$/gm);
  const found = [...blocks].flatMap(([, indent = '', name, text = '']) =>
    name === language ? [text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] : [],
  );
  if (found.length === 0) throw new Error(`The README has no ${language} under ${heading}.`);
  return found;
}
