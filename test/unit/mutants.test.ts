/** Each planted defect still has its place in the program: `npm run mutants` can plant it. */
import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { planted } from '../mutants/planted.js';

test.each(planted)('$name: $file has the place for it once', async ({ file, search }) => {
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
  expect(text.split(search)).toHaveLength(2);
});
