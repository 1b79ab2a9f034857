/** The command of each variant. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { discoverStreams } from '../../../dist/sync/discover-streams.js';
import { catalogOf, config, connectionOf } from './catalogs.js';
import { pathOf } from './run.ts';
import { omittedColumns } from './pages.ts';
import type { Variant } from './cases.ts';
import type { PageSet } from './pages.ts';
import type { Command } from './run.ts';

/** How much is measured. */
interface Volume {
  /** Of a page. */
  readonly records: number;
  readonly warmBytes: number;
  readonly timedBytes: number;
  readonly mostPages: number;
}

export interface Scene {
  readonly pages: PageSet | undefined;
  /** Of the server. */
  readonly url: string;
  /** Folder with the programs' files. */
  readonly files: string;
  readonly volume: Volume;
  /** Ends the run of a program. */
  readonly signal: AbortSignal;
}

/** The usual amount: enough for a warm program, and for a noisy machine to even out. */
export const fullVolume: Volume = {
  records: 1000,
  warmBytes: 40e6,
  timedBytes: 160e6,
  mostPages: Number.POSITIVE_INFINITY,
};

/** So little that it says nothing about speed; it shows that the benchmark works. */
export const smokeVolume: Volume = { records: 40, warmBytes: 1e5, timedBytes: 3e5, mostPages: 6 };

/** Config and catalogs of both programs, in a folder of their own. */
export async function writeFiles(folder: string): Promise<string> {
  const files = join(folder, 'files');
  await mkdir(files);
  const write = (name: string, content: object) =>
    writeFile(join(files, name), JSON.stringify(content));
  await write('config.json', config);
  await write('catalog.json', catalogOf(discoverStreams([]), 'chats', []));
  await write('fewer.json', catalogOf(discoverStreams([]), 'chats', omittedColumns));
  await write('connection.json', connectionOf('chats'));
  return files;
}

function known(pages: PageSet | undefined) {
  if (pages === undefined) throw new Error('A case that reads pages needs a shape.');
  return pages;
}

function pagesOf(bytes: number, { pageBytes }: PageSet) {
  return Math.ceil(bytes / pageBytes);
}

/** How many pages of its kind the measured part of a run has. */
export function timedPages({ kind, pages: wanted = 0 }: Variant, { pages, volume }: Scene): number {
  if (kind === 'file') return pagesOf(volume.timedBytes, known(pages));
  return Math.min(wanted, volume.mostPages);
}

function fileArguments(
  { program = 'floor', deselected = [] }: Variant,
  scene: Scene,
  amount: { warm: number; timed: number },
) {
  const { folder, items, stream } = known(scene.pages);
  const reading = JSON.stringify({ folder, count: items.length, ...amount });
  return program === 'floor'
    ? [pathOf('floor-file.js'), reading]
    : [pathOf('to-lines.js'), program, stream, reading, JSON.stringify(deselected)];
}

function httpArguments({ program, deselected }: Variant, { url, files }: Scene, pages: number) {
  const file = (name: string) => join(files, name);
  if (program === 'singer') {
    const catalog = file(deselected === undefined ? 'catalog.json' : 'fewer.json');
    const given = ['--config', file('config.json'), '--catalog', catalog];
    return [pathOf('../../../bin/tap-zendesk-chat.js'), ...given];
  }
  if (program === 'airbyte') {
    const given = ['--config', file('config.json'), '--catalog', file('connection.json')];
    return [pathOf('../../../bin/source-zendesk-chat.js'), 'read', ...given];
  }
  const inflating = program === 'floor-default' ? 'default' : 'whole';
  return [pathOf('floor-http.js'), url, String(pages), inflating];
}

/** @param amount In pages. Default: what the scene's volume says. */
export function commandFor(
  variant: Variant,
  scene: Scene,
  amount?: { warm: number; timed: number },
): Command {
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
