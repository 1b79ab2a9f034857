import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { measured } from './report.js';

/**
 * @typedef {object} Reading
 * @property {string} folder
 * @property {number} count Pages in the folder, read in turn.
 * @property {number} warm So many are read first, and not measured.
 * @property {number} timed So many are measured, from the reading of the first to the reading of the next one after.
 */

/**
 * Pages as their bytes. One more than is measured: what is still under way when the time begins is as
 * much as what is under way when it ends.
 *
 * @param {Reading} reading
 */
export async function* readPages({ folder, count, warm, timed }) {
  let startMs = 0;
  let startCpu = process.cpuUsage();
  for (let page = 0; page <= warm + timed; page += 1) {
    if (page === warm) {
      startMs = performance.now();
      startCpu = process.cpuUsage();
    }
    if (page === warm + timed) {
      const { user, system } = process.cpuUsage(startCpu);
      measured.wallMs = performance.now() - startMs;
      measured.cpuMs = (user + system) / 1000;
    }
    yield await readFile(join(folder, `page-${page % count}.json`));
  }
}
