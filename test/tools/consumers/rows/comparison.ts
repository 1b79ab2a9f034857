/**
 * The tap, Airbyte's connector and singer-io's tap read one account, which then changes, and read again. Prints the
 * comparison in the README; fails when this tap misses anything.
 */
import { deepEqual, equal } from 'node:assert/strict';

import { itemsOf } from '../expected.ts';
import { configuredCatalog, discovered, lastStates, messagesOf, recordsOf } from '../messages.ts';
import { installConnector } from '../old-connector.ts';
import { openOldTap } from '../old-tap.ts';
import { lastState, linesOf, runTap } from '../singer.ts';
import { airbyteConfig, runWithFiles } from '../stage.ts';
import type { Item } from '../expected.ts';
import type { Files, Row, Sandbox, Stage } from '../stage.ts';

interface Output {
  readonly records: Readonly<Record<string, readonly Item[]>>;
  readonly state: object;
}

interface Reader {
  readonly name: string;
  readonly read: (state?: object) => Promise<Output>;
}

/**
 * singer-io's tap names the chats of two weeks in one address, and Airbyte's connector stops when there are 11 bans
 * or more and one has no date.
 */
const options = { chats: 1000, newestAgeSeconds: 3600, bans: { ip: 3, visitor: 3 } };

/** A long history, and an API that takes half a second for each response. */
const longHistory = { ...options, chats: 60_000, chatSize: 'small', latencyMs: 500 } as const;

/** Older than the five minutes that the API withholds. */
const changeAgeSeconds = 600;

function singerOutput(text: string): Output {
  const lines = linesOf(text);
  const records: Record<string, Item[]> = {};
  for (const { type, stream = '', record = {} } of lines) {
    if (type === 'RECORD') (records[stream] ??= []).push(record);
  }
  return { records, state: lastState(lines) };
}

async function openTap(stage: Stage, sandbox: Sandbox): Promise<Reader> {
  const folder = await stage.folder();
  return {
    name: 'this tap',
    read: async (state = {}) => {
      const { code, stdout, stderr } = await runTap(sandbox, folder, { state });
      equal(code, 0, stderr);
      return singerOutput(stdout);
    },
  };
}

async function openConnector(stage: Stage, sandbox: Sandbox): Promise<Reader> {
  const folder = await stage.folder();
  const program = await installConnector(stage, sandbox);
  const config = airbyteConfig(sandbox);
  const run = async (verb: string, files: Files) => {
    const { code, stdout, stderr } = await runWithFiles([program, verb], files, {
      folder,
      sandbox,
    });
    equal(code, 0, stderr);
    return messagesOf(stdout);
  };
  const catalog = configuredCatalog(discovered(await run('discover', { config })));
  return {
    name: "Airbyte's connector 1.1.1",
    read: async (state) => {
      const messages = await run('read', { config, catalog, ...(state && { state }) });
      return { records: recordsOf(messages), state: lastStates(messages) };
    },
  };
}

/** Its searches and downloads of chats do not reach the sandbox, so its requests are not counted. */
async function openSingerIo(stage: Stage, sandbox: Sandbox) {
  const old = await openOldTap(stage, sandbox);
  const catalog = await old.discover();
  const read = async (state?: object) => singerOutput(await old.read(catalog, state));
  return { reader: { name: "singer-io's tap 0.5.1", read }, end: old.end };
}

function countSeen(ids: readonly string[], { records }: Output): number {
  const seen = new Set((records['chats'] ?? []).map(({ id }) => id));
  return ids.filter((id) => seen.has(id)).length;
}

async function timed(
  reader: Reader,
): Promise<{ readonly output: Output; readonly seconds: string }> {
  const startedAt = performance.now();
  const output = await reader.read();
  return { output, seconds: `${((performance.now() - startedAt) / 1000).toFixed(1)} s` };
}

async function compare(readers: readonly Reader[], sandbox: Sandbox): Promise<readonly string[]> {
  const runs: { reader: Reader; first: Output; seconds: string }[] = [];
  for (const reader of readers) {
    const { output: first, seconds } = await timed(reader);
    runs.push({ reader, first, seconds });
  }
  const at = Math.floor(sandbox.now() / 1000) - changeAgeSeconds;
  const edited = sandbox.account.edit({ count: 5, at });
  const timeline = itemsOf(sandbox, 'agent_timeline').length;
  const everything = [options.chats, timeline, edited.length];
  const rows: string[] = [];
  for (const { reader, first, seconds } of runs) {
    const second = await reader.read(first.state);
    const spans = new Set((first.records['agent_timeline'] ?? []).map(({ id }) => id));
    const row = {
      streams: Object.keys(first.records).length,
      chats: first.records['chats']?.length ?? 0,
      timeline: spans.size,
      editsSeen: countSeen(edited, second),
      chatsAgain: second.records['chats']?.length ?? 0,
    };
    if (reader === readers[0]) deepEqual([row.chats, row.timeline, row.editsSeen], everything);
    rows.push(`${reader.name}: ${JSON.stringify(row)}, ${seconds}`);
  }
  return rows;
}

async function compareLongHistory(stage: Stage): Promise<readonly string[]> {
  const sandbox = await stage.account(longHistory);
  const rows: string[] = [];
  for (const open of [openTap, openConnector]) {
    const reader = await open(stage, sandbox);
    const { output, seconds } = await timed(reader);
    const ids = new Set((output.records['chats'] ?? []).map(({ id }) => id));
    equal(ids.size, longHistory.chats, reader.name);
    rows.push(`${reader.name}: ${ids.size} chats, 0.5 s per response, ${seconds}`);
  }
  return rows;
}

export const comparison: Row = {
  name: 'comparison of three readers',
  consumers: ['airbyte-connector', 'tap-zendesk-chat-singer-io'],
  async run(stage) {
    const sandbox = await stage.account(options);
    const old = await openSingerIo(stage, sandbox);
    try {
      const readers = [
        await openTap(stage, sandbox),
        await openConnector(stage, sandbox),
        old.reader,
      ];
      const rows = [...(await compare(readers, sandbox)), ...(await compareLongHistory(stage))];
      return rows.map((text) => `\n        ${text}`).join('');
    } finally {
      await old.end();
    }
  },
};
