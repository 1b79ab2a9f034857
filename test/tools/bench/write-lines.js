import { once } from 'node:events';

const prefix =
  '{"type":"RECORD","stream":"chats","time_extracted":"2024-01-01T00:00:00.000000Z","record":';

/**
 * The least that has to be done for a page: its items as lines, in one write, and no more of them than
 * the reader takes.
 *
 * @param {readonly unknown[]} items
 */
export async function writeLines(items) {
  const lines = items.map((item) => `${prefix}${JSON.stringify(item)}}`);
  if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain');
}
