/** Airbyte's own connector in PyAirbyte, then ours on the same tables and states, and the way back. */
import { deepEqual, equal } from 'node:assert/strict';
import { join } from 'node:path';

import { defaultStreams, itemsOf } from '../expected.ts';
import { blocksUnder } from '../guide.ts';
import { installConnector } from '../old-connector.ts';
import { checkRows, during, openSession, type Session } from './pyairbyte.ts';
import type { Row, Sandbox, Stage } from '../stage.ts';
import type { Answer } from '../programs.ts';

/** Their connector continues only if bans have a date, which up to ten bans have. */
const readable = { chats: 120, timeline: 40, bans: { ip: 3, visitor: 3 } };

function changeChats({ account }: Sandbox) {
  account.edit({ count: 3 });
  account.add({ count: 2 });
}

/** @returns how many records a read has moved, all chats being there afterwards, once */
async function readChats(session: Session, sandbox: Sandbox): Promise<number> {
  const { processed } = await session.ask('read');
  const { chats } = await session.ask('tables');
  const held = chats.map(({ id, update_timestamp: at }: Answer) => [id, Date.parse(at)]);
  const items = itemsOf(sandbox, 'chats');
  equal(held.length, items.length, 'chats in the table');
  const versions = new Map(held);
  const lost = items.filter(({ id, update_timestamp: at }) => !isSame(versions.get(id), at));
  deepEqual(
    lost.map(({ id }) => id),
    [],
    'chats whose last version is not there',
  );
  return processed;
}

/**
 * A table contains seconds without a time zone.
 *
 * @param held ms
 */
function isSame(held: unknown, sent: unknown) {
  return Math.floor(Number(held) / 1000) === Math.floor(Date.parse(String(sent)) / 1000);
}

async function moveOver(stage: Stage) {
  const sandbox = await stage.account(readable);
  const cache = { duckdb: join(await stage.folder(), 'chat.duckdb') };
  const program = await installConnector(stage, sandbox);
  const [steps = ''] = await blocksUnder(
    'moving-from-airbyte.md',
    '## Refresh four streams once',
    'python',
  );
  const ours = { steps, streams: defaultStreams };
  const read = (session: Session) => readChats(session, sandbox);
  const first = await during(openSession(stage, sandbox, cache, { program }), read);
  changeChats(sandbox);
  const second = await during(openSession(stage, sandbox, cache, ours), async (session) => {
    const moved = await read(session);
    await session.ask('follow');
    await checkRows(await session.ask('tables'), sandbox, defaultStreams);
    return moved;
  });
  changeChats(sandbox);
  const back = await during(openSession(stage, sandbox, cache, { program }), read);
  for (const moved of [second, back]) equal(moved < first / 2, true, `${moved} records again`);
  return `${first} records of theirs, then ${second} of ours and each row once after the guide's refresh; ${back} on the way back`;
}

export const pyairbyteMoving: Row = {
  name: "pyairbyte 0.71.3, Airbyte's connector then ours",
  consumers: ['pyairbyte', 'airbyte-connector'],
  run: moveOver,
};
