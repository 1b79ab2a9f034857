/** Each planted defect still has its place in the program and the tests that must notice it: `npm run mutants` can plant it. */
import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { planted } from './planted.js';

function textOf(path: string): Promise<string> {
  return readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

test.each(planted)('$name: $file has the place for it once', async ({ file, search, killers }) => {
  expect((await textOf(file)).split(search)).toHaveLength(2);
  const tests = await Promise.all(killers.map((killer) => textOf(`test/${killer.file}.test.ts`)));
  expect(tests.length).toBeGreaterThan(0);
});
