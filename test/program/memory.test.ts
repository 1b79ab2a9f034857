/** The memory of a run depends neither on the size of the account nor on the speed of the reader. */
import { setTimeout as delay } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { requestsOf } from '../support/oracle.ts';
import { readOutput, type Output } from '../support/run-tap.ts';
import { startTap } from '../support/spawn-tap.ts';
import { withSandbox } from '../support/with-sandbox.ts';
import { chosen } from '../no-loss/full-set.ts';

/** A tap that kept the 2,000 chats it has read would need 24 MB or more; one that does not needs 12 at most. */
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=20' };

/** Short ones far more often than long ones. */
const history = { min: 2, max: 60 };

/** A run of the built program, read to its end; `pause` is waited for once, when `pauseAtBytes` have been read. */
async function read(
  { url, config }: Sandbox,
  pauseAtBytes: number,
  pause: () => Promise<void>,
): Promise<Output & { readonly code: number | null }> {
  const input = { sandboxUrl: url, config: { ...config, chats_page_limit: 100 }, env: smallHeap };
  const { child, result } = await startTap(input, false);
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of child.stdout) {
    const before = size;
    pieces.push(piece as Buffer);
    size += (piece as Buffer).length;
    if (before < pauseAtBytes && size >= pauseAtBytes) await pause();
  }
  const { code, stderr } = await result;
  return Object.assign(readOutput(Buffer.concat(pieces), stderr), { code });
}

test.each(chosen([2000, 10_000], (chats) => chats === 2000))(
  '%i chats can be read with a heap that is smaller than they are',
  async (chats) => {
    await withSandbox({ chats, history }, async (sandbox) => {
      const output = await read(sandbox, Infinity, async () => undefined);
      expect(output.code).toBe(0);
      const ids = output.records('chats').map(({ id }) => id);
      expect([ids.length, new Set(ids).size]).toEqual([chats, chats]);
    });
  },
);

/** Resolves when the pause since the last request is three times as long as all requests took. */
async function quiet({ requests }: Sandbox): Promise<void> {
  const isQuiet = (): boolean => {
    const [first = Infinity, last = Infinity] = [requests[0]?.at, requests.at(-1)?.at];
    return Date.now() - last > 3 * (last - first);
  };
  while (!isQuiet()) await delay(5);
}

test('A reader that pauses also pauses the requests, and gets everything', async () => {
  await withSandbox({ chats: 2500, history }, async (sandbox) => {
    let asked = Infinity;
    // A page is about 500 KB.
    const output = await read(sandbox, 100_000, async () => {
      await quiet(sandbox);
      asked = requestsOf(sandbox, 'chats');
    });

    expect(output.code).toBe(0);
    expect(new Set(output.records('chats').map(({ id }) => id)).size).toBe(2500);
    expect(output.messages.at(-1)?.type).toBe('STATE');
    // The page that is being written, the next one, one that waits, and twice the number of read_ahead.
    expect(asked).toBeLessThanOrEqual(3 + 2 * 4);
    expect(requestsOf(sandbox, 'chats')).toBeGreaterThanOrEqual(25);
  });
});
