/** Moving over from singer-io's tap in a Meltano project: the guide's commands, the state and the tables that are there. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { blocksUnder } from '../guide.ts';
import { definition, inProjectOf, takeFiles, tap } from '../meltano.ts';
import { openOldTap } from '../old-tap.ts';
import type { Row, Sandbox, Stage } from '../stage.ts';
import type { Project } from '../meltano.ts';

/** @returns path of a definition of the old tap, with the content of the hub's definition */
async function oldDefinition(stage: Stage, executable: string): Promise<string> {
  const path = join(await stage.folder(), 'old.yml');
  const plugin = {
    name: tap,
    namespace: 'tap_zendesk_chat',
    variant: 'singer-io',
    executable,
    capabilities: ['catalog', 'discover', 'state'],
    settings: [
      { name: 'access_token', sensitive: true },
      { name: 'subdomain' },
      { name: 'start_date', kind: 'date_iso8601' },
    ],
  };
  // JSON is YAML.
  await writeFile(path, JSON.stringify(plugin));
  return path;
}

const intoFiles = ['run', tap, 'target-jsonl'];

async function variantOf({ shell }: Project) {
  return /\bvariant"?: "?([\w-]+)/.exec(await shell('cat meltano.yml'))?.[1];
}

async function moveOver(project: Project, sandbox: Sandbox) {
  const { well, shell } = project;
  await well(['select', tap, 'account', '*']);
  await well(['select', tap, 'chats', '*']);
  await well(intoFiles);
  const before = await takeFiles(project);
  deepEqual(Object.keys(before).sort(), ['account', 'chats']);
  const state = await project.state('target-jsonl');
  const old = state.bookmarks.chats['offline_msg.timestamp'];

  await well(['add', '--no-install', '--plugin-type', 'extractor', tap, '--from-ref', definition]);
  equal(await variantOf(project), 'singer-io', 'the entry after another add');
  const [commands = ''] = await blocksUnder(
    'moving-from-singer-io.md',
    '## Move over in Meltano',
    'sh',
  );
  await shell(commands);
  equal(await variantOf(project), 'node', "the entry after the guide's commands");

  const changed = [...sandbox.account.edit({ count: 3 }), ...sandbox.account.add({ count: 2 })];
  const { stderr, stdout } = await well(intoFiles);
  match(`${stdout}${stderr}`, /the bookmark used is offline_msg\.timestamp/);
  const after = await takeFiles(project);
  deepEqual(Object.keys(after).sort(), ['account', 'chats'], 'the tables that are updated');
  const seen = new Set(after['chats']?.map(({ id }) => id));
  deepEqual(
    changed.filter((id) => !seen.has(id)),
    [],
    'changes that are not seen',
  );
  const first = sandbox.requests.find(({ path }) => path.endsWith('incremental/chats'));
  equal(Number(first?.query['start_time']), Math.floor(Date.parse(old) / 1000) - 310);
  return `${before['chats']?.length} chats of the old tap, then ${after['chats']?.length} from its state for ${changed.length} changes; account goes on`;
}

export const meltanoMoving: Row = {
  name: 'meltano 4.4.1, singer-io then ours',
  consumers: [
    'meltano',
    'target-jsonl',
    'target-postgres-meltanolabs',
    'tap-zendesk-chat-singer-io',
  ],
  async run(stage) {
    const sandbox = await stage.account({ chats: 100, timeline: 10 });
    const old = await openOldTap(stage, sandbox);
    try {
      const from = await oldDefinition(stage, old.program);
      return await inProjectOf(stage, sandbox, from, (project) => moveOver(project, sandbox));
    } finally {
      await old.end();
    }
  },
};
