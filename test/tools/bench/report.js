/** The report that a measured process writes when it ends, to the file in BENCH_REPORT. */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * @typedef {object} Report
 * @property {number} cpuMs User and system time, of all its threads.
 * @property {number} rssMib Its largest resident size.
 * @property {number} [wallMs] Of the part it measured itself.
 */

/** Measurements of the process itself, which replace those of the whole run. @type {Partial<Report>} */
export const measured = {};

const file = process.env['BENCH_REPORT'];

process.on('exit', () => {
  if (file === undefined) return;
  const { user, system } = process.cpuUsage();
  // Not maxRSS of resourceUsage: that includes the size of the parent process.
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const whole = { cpuMs: (user + system) / 1000, rssMib: Number(peak) / 1024 };
  writeFileSync(file, JSON.stringify({ ...whole, ...measured }));
});
