/** The size of an account does not matter, and neither does the speed of whoever reads. */
import { afterEach, expect, test } from '@jest/globals';

import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { readOutput, type TapInput } from '../helpers/run-tap.ts';
import { startTap } from '../helpers/spawn-tap.ts';
import { readSlowly, type Pace } from '../helpers/slow-reader.ts';

/** Less than a third of 10,000 chats would fit into it. */
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=64' };

let sandbox: Sandbox | undefined;

afterEach(async () => {
  await sandbox?.close();
});

async function openAccount(chats: number): Promise<TapInput & { readonly sandbox: Sandbox }> {
  sandbox = await startSandbox({ chats, agents: 2, timeline: 0, bans: { ip: 1, visitor: 1 } });
  return { sandbox, sandboxUrl: sandbox.url, config: { ...sandbox.config }, env: smallHeap };
}

function chatRequests({ requests }: Sandbox): number {
  return requests.filter(({ path }) => path.endsWith('/incremental/chats')).length;
}

async function readAt(input: TapInput, pace: Pace) {
  const { child, result } = await startTap(input, false);
  const bytes = await readSlowly(child.stdout, pace);
  const end = await result;
  return { end, output: readOutput(bytes, end.stderr) };
}

test('Ten thousand chats pass through a heap that could not hold a third of them', async () => {
  const { sandbox: account, ...input } = await openAccount(10_000);
  const { end, output } = await readAt(input, { bytesPerSecond: Infinity });
  expect(end).toMatchObject({ code: 0, signal: null });
  const ids = output.records('chats').map(({ id }) => id);
  expect([ids.length, new Set(ids).size]).toEqual([10_000, 10_000]);
  expect(account.account.count('chats')).toBe(10_000);
});

test('A reader that stops for a while stops the reading, and misses nothing', async () => {
  const { sandbox: account, ...input } = await openAccount(5000);
  const asked: number[] = [];
  const { end, output } = await readAt(input, {
    bytesPerSecond: 20_000_000,
    stopAtBytes: 1_000_000,
    stopMs: 2000,
    onResume: () => asked.push(chatRequests(account)),
  });
  expect(end).toMatchObject({ code: 0, signal: null });
  expect(new Set(output.records('chats').map(({ id }) => id)).size).toBe(5000);
  expect(output.messages.at(-1)?.type).toBe('STATE');
  // The page that is being taken, one behind it, and one read ahead.
  expect(asked[0]).toBeLessThanOrEqual(3);
});
