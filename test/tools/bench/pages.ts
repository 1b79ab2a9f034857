/**
 * The shapes of pages that are measured. A shape's pages are made once, from a seed, into a folder: as
 * JSON for programs that read files, and as gzip in the parts the server joins.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { startSandbox } from '../../../dist/sandbox/api/server.js';
import { createDice } from '../../no-loss/dice.ts';
import { makeAgent, makeChat, type Item } from './chats.ts';

export type { Item } from './chats.ts';

export type ShapeName = 'tiny' | '2k' | '5k' | '10k' | '20k' | 'utf5k' | 'py5k';

interface Shape {
  readonly stream: 'chats' | 'agents';
  /** Of a record. */
  readonly bytes: number;
  readonly isUnicode: boolean;
  /** Printed as Python prints it. */
  readonly isPython: boolean;
}

export interface PageSet {
  readonly shape: ShapeName;
  readonly folder: string;
  readonly stream: 'chats' | 'agents';
  /** Of each page. Over HTTP the first gives way to the one before it. */
  readonly items: readonly (readonly Item[])[];
  /** On average. */
  readonly pageBytes: number;
}

/** Several pages, so that they do not fit into the processor's cache. */
const rotation = 4;

const ascii = { stream: 'chats' as const, isUnicode: false, isPython: false };

const shapes: Readonly<Record<ShapeName, Shape>> = Object.freeze({
  tiny: { ...ascii, stream: 'agents', bytes: 228 },
  '2k': { ...ascii, bytes: 1900 },
  '5k': { ...ascii, bytes: 4400 },
  '10k': { ...ascii, bytes: 8700 },
  '20k': { ...ascii, bytes: 17_400 },
  utf5k: { ...ascii, bytes: 4400, isUnicode: true },
  py5k: { ...ascii, bytes: 4400, isUnicode: true, isPython: true },
});

/** Columns that a variant with fewer fields does not select. */
export const omittedColumns: readonly string[] = ['history', 'session', 'webpath'];

/** Writes the parts of a page's body that do not depend on its position. */
async function writeParts(folder: string, page: number, texts: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `items-${page}.gz`), gzipSync(texts.slice(1).join(',')));
  await writeFile(join(folder, `last-${page}.json`), texts.at(-1) ?? '');
}

/** More than a number can hold exactly: one in each page of chats. */
export const hugeTicket = 2 ** 53 + 2;

async function makeItems({ stream, bytes, isUnicode }: Shape, records: number) {
  const total = rotation * records;
  const clock = (): number => Date.UTC(2024, 6, 1);
  const sandbox = await startSandbox({ seed: 7, clock, chats: total, history: { min: 2, max: 2 } });
  const sent = [...sandbox.account.dump('chats')];
  await sandbox.close();
  return Array.from({ length: rotation }, (_unused, page) => {
    const dice = createDice(20_240_101 + page);
    const indexes = Array.from({ length: records }, (_none, place) => page * records + place);
    const items = indexes.map((index) =>
      stream === 'agents'
        ? makeAgent(dice, { index })
        : makeChat(dice, sent[index] ?? {}, { index, bytes, isUnicode }),
    );
    const [, second] = items;
    if (second !== undefined && stream === 'chats') second['zendesk_ticket_id'] = hugeTicket;
    return items;
  });
}

function escaped(unit: string) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The format of Python's json.dumps: only ASCII, a space after each comma and colon. */
function pythonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, one]) => `"${key}": ${pythonText(one)}`);
    return `{${entries.join(', ')}}`;
  }
  return JSON.stringify(value).replaceAll(/[^ -~]/g, escaped);
}

/**
 * @param folder A new one is made in it.
 * @param records Of a page.
 */
export async function makePages(
  folder: string,
  name: ShapeName,
  records: number,
): Promise<PageSet> {
  const shape = shapes[name];
  const own = join(folder, name);
  await mkdir(own);
  const print = shape.isPython ? pythonText : JSON.stringify;
  const pages = await makeItems(shape, records);
  let bytes = 0;
  for (const [page, items] of pages.entries()) {
    const texts = items.map((item) => print(item));
    const list = texts.join(',');
    const text = shape.stream === 'agents' ? `[${list}]` : `{"chats":[${list}],"count":${records}}`;
    bytes += Buffer.byteLength(text);
    await writeFile(join(own, `page-${page}.json`), text);
    await writeParts(own, page, texts);
    const fewer = items.map((item) =>
      Object.fromEntries(
        Object.entries(item).filter(([column]) => !omittedColumns.includes(column)),
      ),
    );
    await writeParts(
      join(own, 'fewer'),
      page,
      fewer.map((item) => print(item)),
    );
  }
  return {
    shape: name,
    folder: own,
    stream: shape.stream,
    items: pages,
    pageBytes: bytes / rotation,
  };
}
