/** From a variant to what is started for it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describeStreams } from '../../dist/describe.js';
import { catalogOf, config, connectionOf } from './catalogs.js';
import { pathOf } from './run.js';

/** @typedef {import('./cases.js').Variant} Variant */
/** @typedef {import('./pages.js').PageSet} PageSet */
/** @typedef {import('./run.js').Command} Command */

/**
 * @typedef {object} Volume How much is measured.
 * @property {number} records Of a page.
 * @property {number} warmBytes
 * @property {number} timedBytes
 * @property {number} mostPages
 */

/**
 * @typedef {object} Scene
 * @property {PageSet | undefined} pages
 * @property {string} url Of the server.
 * @property {string} files Folder with the programs' files.
 * @property {Volume} volume
 * @property {AbortSignal} signal Ends the run of a program.
 */

/** The usual amount: enough for a warm program, and for a noisy machine to even out. @type {Volume} */
export const fullVolume = {
  records: 1000,
  warmBytes: 40e6,
  timedBytes: 160e6,
  mostPages: Number.POSITIVE_INFINITY,
};

/** So little that it says nothing about speed; it shows that the benchmark works. @type {Volume} */
export const smokeVolume = { records: 40, warmBytes: 1e5, timedBytes: 3e5, mostPages: 6 };

/** Config and catalogs of both programs, in a folder of their own. @param {string} folder */
export async function writeFiles(folder) {
  const files = join(folder, 'files');
  await mkdir(files);
  const write = (/** @type {string} */ name, /** @type {object} */ content) =>
    writeFile(join(files, name), JSON.stringify(content));
  await write('config.json', config);
  await write('catalog.json', catalogOf(describeStreams([]), 'chats', []));
  await write('connection.json', connectionOf('chats'));
  return files;
}

/** @param {PageSet | undefined} pages */
function known(pages) {
  if (pages === undefined) throw new Error('A case that reads pages needs a shape.');
  return pages;
}

/** @param {number} bytes @param {PageSet} pages */
function pagesOf(bytes, { pageBytes }) {
  return Math.ceil(bytes / pageBytes);
}

/**
 * How many pages of its kind the measured part of a run has.
 *
 * @param {Variant} variant
 * @param {Scene} scene
 */
export function timedPages({ kind, pages: wanted = 0 }, { pages, volume }) {
  if (kind === 'file') return pagesOf(volume.timedBytes, known(pages));
  return Math.min(wanted, volume.mostPages);
}

/**
 * @param {Variant} variant
 * @param {Scene} scene
 * @param {{ warm: number, timed: number }} amount
 */
function fileArguments({ program = 'floor', deselected = [] }, scene, amount) {
  const { folder, items, stream } = known(scene.pages);
  const reading = JSON.stringify({ folder, count: items.length, ...amount });
  return program === 'floor'
    ? [pathOf('floor-file.js'), reading]
    : [pathOf('to-lines.js'), program, stream, reading, JSON.stringify(deselected)];
}

/**
 * @param {Variant} variant
 * @param {Scene} scene
 * @param {number} pages
 */
function httpArguments({ program }, { url, files }, pages) {
  const file = (/** @type {string} */ name) => join(files, name);
  if (program === 'singer') {
    const given = ['--config', file('config.json'), '--catalog', file('catalog.json')];
    return [pathOf('../../bin/tap-zendesk-chat.js'), ...given];
  }
  if (program === 'airbyte') {
    const given = ['--config', file('config.json'), '--catalog', file('connection.json')];
    return [pathOf('../../bin/source-zendesk-chat.js'), 'read', ...given];
  }
  const inflating = program === 'floor-default' ? 'default' : 'whole';
  return [pathOf('floor-http.js'), url, String(pages), inflating];
}

/**
 * @param {Variant} variant
 * @param {Scene} scene
 * @param {{ warm: number, timed: number }} [amount] In pages. Default: what the scene's volume says.
 * @returns {Command}
 */
export function commandFor(variant, scene, amount) {
  const { kind, argv: [program = '', ...rest] = [], bytesPerSecond } = variant;
  if (kind === 'start') return { argv: [pathOf(program), ...rest] };
  const launch = pathOf('launch.js');
  if (kind === 'bare') return { argv: [launch, pathOf('empty.js')], reports: true };
  if (kind === 'file') {
    const whole = {
      warm: pagesOf(scene.volume.warmBytes, known(scene.pages)),
      timed: timedPages(variant, scene),
    };
    return { argv: [launch, ...fileArguments(variant, scene, amount ?? whole)], reports: true };
  }
  const pages = amount?.timed ?? timedPages(variant, scene);
  return {
    argv: [launch, ...httpArguments(variant, scene, pages)],
    env: { ZENDESK_CHAT_API_URL: scene.url },
    reports: true,
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  };
}
