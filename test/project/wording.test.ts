/** The texts of the program and its documentation avoid words and phrases that a technical writer would not use. */
import { readdir, readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

const root = new URL('../../', import.meta.url);

const avoided =
  /\b(told|tells?|heed(s|ed)?|whoever|nobody|in hand|a word about|of which|in the place of|beyond all patience|yours to set|asked for|all the same|notwithstanding)\b/gi;

/** The files of src, README.md and the pages in docs/. */
async function files(): Promise<readonly string[]> {
  const inFolder = async (folder: string): Promise<string[]> => {
    const names = await readdir(new URL(folder, root), { recursive: true });
    return names.filter((name) => /\.(ts|json|md)$/.test(name)).map((name) => folder + name);
  };
  const paths = ['README.md', ...(await inFolder('src/')), ...(await inFolder('docs/'))];
  // The sandbox's chats are not texts of the program.
  return paths.filter((path) => !path.startsWith('src/sandbox/data/values/'));
}

test('the program and its documentation contain no avoided words', async () => {
  const paths = await files();
  expect(paths.length).toBeGreaterThan(100);
  const findings = await Promise.all(
    paths.map(async (path) => {
      const lines = (await readFile(new URL(path, root), 'utf8')).split('\n');
      return lines.flatMap((line, index) =>
        [...line.matchAll(avoided)].map(([word]) => `${path}:${index + 1}: ${word}`),
      );
    }),
  );
  expect(findings.flat()).toEqual([]);
});
