/** Streams made from chats are loaded together with the chats and joined to them, before and after edits. */
import { deepEqual, equal } from 'node:assert/strict';

import { itemsOf } from '../expected.ts';
import { runTap } from '../singer.ts';
import { checkTables } from '../stored.ts';
import {
  load,
  meltanolabs,
  open,
  pipelinewise,
  postgresOf,
  postgresTarget,
  readTables,
  type Opened,
} from './targets.ts';
import type { Row, Sandbox } from '../stage.ts';

/** Their keys, besides chat_id. */
const parts = { chat_engagements: 'id', chat_messages: 'position' } as const;
const names = Object.keys(parts);

async function checkParts(at: Opened, schema: string): Promise<string> {
  const where = { ...(await postgresOf(at.stage)), schema, parts };
  const tables = await readTables(at, where);
  const joined = names.map((name) => [name, tables[`${name} joined to chats`]]);
  const expected = names.map((name) => {
    const { length } = itemsOf(at.sandbox, name);
    return [name, [length, length]];
  });
  deepEqual(joined, expected, 'rows that are joined to chats, and their keys');
  return checkTables(tables, at.sandbox, at.target.form, ['chats', ...names]);
}

/** 40 chats get other tags; 10 also get a message and an engagement more. */
function editChats(sandbox: Sandbox): void {
  const { account } = sandbox;
  const ids = account.edit({ count: 50 });
  equal(ids.length, 50);
  const grown = [...account.dump('chats')].flatMap(({ id, history, engagements }) =>
    typeof id === 'string' && ids.includes(id) && history !== undefined
      ? [{ id, history, engagements }]
      : [],
  );
  equal(grown.length >= 10, true);
  for (const { id, history, engagements } of grown.slice(0, 10)) {
    account.patchChat(id, {
      history: [history ?? []].flat().concat({ type: 'chat.msg', msg: 'one more' }),
      engagements: [engagements ?? []].flat().concat({ id: `${id}.more`, agent_id: '7' }),
    });
  }
}

const targets = { pipelinewise, meltanolabs };

export const chatParts: Row = {
  name: 'chat_messages and chat_engagements joined to chats in PostgreSQL',
  consumers: [pipelinewise.consumer, meltanolabs.consumer],
  async run(stage) {
    const compared: string[] = [];
    for (const [name, target] of Object.entries(targets)) {
      const schema = `${name}_parts`;
      const database = name === 'pipelinewise' ? { dbname: 'postgres' } : { database: 'postgres' };
      const own = { ...target, ...postgresTarget(schema, database) };
      const at = await open(stage, own, { chats: 500, timeline: 5 });
      const { sandbox, folder } = at;
      const config = { ...sandbox.config, extra_streams: names };
      const first = await runTap(sandbox, folder, { config });
      equal(first.code, 0, first.stderr);
      const state = await load(at, first.stdout);
      const before = await checkParts(at, schema);
      editChats(sandbox);
      const second = await runTap(sandbox, folder, { config, state });
      equal(second.code, 0, second.stderr);
      await load(at, second.stdout);
      compared.push(`${name}: ${before}; after 50 edits ${await checkParts(at, schema)}`);
    }
    return compared.join('; ');
  },
};
