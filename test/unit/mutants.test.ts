/** Each planted defect still has its place in the program: `npm run mutants` can plant it. */
import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { airbyteMutants } from '../mutants/planted/airbyte.js';
import { httpMutants } from '../mutants/planted/http.js';
import { listMutants } from '../mutants/planted/lists.js';
import { positionMutants } from '../mutants/planted/position.js';
import { resumeMutants } from '../mutants/planted/resume.js';
import { runMutants } from '../mutants/planted/run.js';
import { valueMutants } from '../mutants/planted/values.js';
import { walkMutants } from '../mutants/planted/walk.js';

const planted = [positionMutants, walkMutants, resumeMutants, listMutants, runMutants, httpMutants];

test.each([...planted.flat(), ...valueMutants, ...airbyteMutants])(
  '$name: $file has the place for it once',
  async ({ file, search }) => {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(text.split(search)).toHaveLength(2);
  },
);
