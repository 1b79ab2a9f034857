import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { measured } from './report.js';

/**
 * @typedef {object} Reading
 * @property {string} folder
 * @property {number} count Pages in the folder, read in turn.
 * @property {number} warm Number of pages that are read first and not measured.
 * @property {number} timed Number of measured pages, from the read of the first to the read of the page after the last.
 */

/**
 * The bytes of the pages, with one page more than is measured: the work in progress is then the same at the
 * start and at the end of the measurement.
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
