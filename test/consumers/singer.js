/** The tap as a Singer target or a person starts it, and what it writes. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProgram, runWell } from './programs.js';
import { consumerEnv } from './stage.js';

/** @typedef {import('./stage.js').Sandbox} Sandbox */
/** @typedef {import('./expected.js').Item} Item */

/**
 * @typedef {object} Line
 * @property {string} type
 * @property {string} [stream]
 * @property {Record<string, any>} [schema]
 * @property {readonly string[]} [key_properties]
 * @property {Item} [record]
 * @property {Record<string, any>} [value]
 */

/** The program a target reads. */
export const tapProgram = fileURLToPath(new URL('../../bin/tap-zendesk-chat.js', import.meta.url));

/**
 * @typedef {object} Given Files of the tap, each by its value.
 * @property {object} [config] Default: the sandbox's own.
 * @property {object} [catalog]
 * @property {object} [state]
 */

/**
 * @param {Sandbox} sandbox
 * @param {string} folder
 * @param {Given} [given]
 * @returns {Promise<import('./programs.js').Ended>}
 */
export async function runTap(sandbox, folder, given = {}) {
  const inputs = await mkdtemp(join(folder, 'tap-'));
  const argv = [];
  for (const [name, value] of Object.entries({ config: sandbox.config, ...given })) {
    const path = join(inputs, `${name}.json`);
    await writeFile(path, JSON.stringify(value));
    argv.push(`--${name}`, path);
  }
  return runProgram(tapProgram, argv, { cwd: inputs, env: consumerEnv(inputs, sandbox) });
}

/**
 * @param {Sandbox} sandbox
 * @param {string} folder
 */
export async function discover(sandbox, folder) {
  return runWell(tapProgram, ['--discover'], { cwd: folder, env: consumerEnv(folder, sandbox) });
}

/**
 * @param {string} output
 * @returns {readonly Line[]}
 */
export function linesOf(output) {
  const lines = output.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

/**
 * @param {readonly Line[]} lines
 * @returns {Record<string, any>} the last state among them
 */
export function lastState(lines) {
  const states = lines.flatMap(({ type, value }) => (type === 'STATE' ? [value ?? {}] : []));
  return states.at(-1) ?? {};
}

/**
 * @param {readonly Line[]} lines
 * @returns {Readonly<Record<string, number>>} records by stream, those without any left out
 */
export function countRecords(lines) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const { type, stream = '' } of lines) {
    if (type === 'RECORD') counts[stream] = (counts[stream] ?? 0) + 1;
  }
  return counts;
}
