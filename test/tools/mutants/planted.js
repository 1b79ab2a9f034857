/** All planted defects. */
import { airbyteMutants } from './planted/airbyte.js';
import { httpMutants } from './planted/http.js';
import { listMutants } from './planted/lists.js';
import { logMutants } from './planted/log.js';
import { positionMutants } from './planted/position.js';
import { readAheadMutants } from './planted/read-ahead.js';
import { resumeMutants } from './planted/resume.js';
import { runMutants } from './planted/run.js';
import { valueMutants } from './planted/values.js';
import { walkMutants } from './planted/walk.js';

/** @type {readonly import('./mutant.js').Mutant[]} */
export const planted = [
  ...positionMutants,
  ...walkMutants,
  ...readAheadMutants,
  ...resumeMutants,
  ...listMutants,
  ...runMutants,
  ...httpMutants,
  ...logMutants,
  ...valueMutants,
  ...airbyteMutants,
];
