/** The records that must arrive: those the tap writes for the account as it is. Their values are for its own tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { streams, type Item } from './expected.ts';
import type { Answer } from './programs.ts';
import { linesOf, runTap } from './singer.ts';
import type { Sandbox } from './stage.ts';

/** By stream; a stream without records has an empty list. */
export type Records = Readonly<Record<string, readonly Item[]>>;

export async function recordsOf(sandbox: Sandbox): Promise<Records> {
  const folder = await mkdtemp(join(tmpdir(), 'consumers-records-'));
  try {
    // A new token, because those of the row may have expired.
    const { access_token } = sandbox.provider.issue('records', false);
    const config = { ...sandbox.config, access_token, extra_streams: 'all' };
    const { stdout } = await runTap(sandbox, folder, { config });
    const records: Record<string, Item[]> = Object.fromEntries(streams.map((name) => [name, []]));
    for (const { stream = '', record } of linesOf(stdout)) {
      if (record !== undefined) records[stream]?.push(record);
    }
    return records;
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function recordKey(record: Record<string, Answer>): string {
  const { chat_id: chat, position, id, account_key: account } = record;
  const own = String(id ?? position ?? account ?? null);
  return chat === undefined ? own : `${chat} ${own}`;
}
