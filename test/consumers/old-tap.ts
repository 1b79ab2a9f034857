/**
 * singer-io's tap-zendesk-chat as it installs, its base URL replaced in a copy, and the endpoints it asks
 * that the sandbox does not have: the search of chats and chats by their ids.
 */
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';

import { itemsOf } from './expected.ts';
import { runProgram, runWell } from './programs.ts';
import { consumerEnv } from './stage.ts';
import type { Sandbox, Stage } from './stage.ts';
import type { Answer } from './programs.ts';

export interface OldTap {
  /** Path of a config as it wants it. */
  readonly config: string;
  /** A catalog, everything in it selected. */
  readonly discover: () => Promise<{ streams: Answer[] }>;
  /** What it writes. */
  readonly read: (catalog: object, state?: object) => Promise<string>;
  /** What it has searched the chats for, one query each time. */
  readonly searches: () => readonly string[];
  /** Path of a command that starts it. */
  readonly program: string;
  readonly end: () => void;
}

/** @param query As `type:chat AND end_timestamp:[2025-01-01T00:00:00 TO 2025-01-15T00:00:00]`. */
function search(sandbox: Sandbox, query: string) {
  const [, type, field = '', from = '', to = ''] =
    /^type:(\w+) AND (\w+):\[(\S+) TO (\S+)\]$/.exec(query) ?? [];
  const results = itemsOf(sandbox, 'chats').filter((chat) => {
    const time = Date.parse(String(chat[field]).replace('+00:00Z', 'Z'));
    return chat['type'] === type && time >= Date.parse(`${from}Z`) && time < Date.parse(`${to}Z`);
  });
  return { results: results.map(({ id }) => ({ id })), next_url: null };
}

function chatsById(sandbox: Sandbox, ids: readonly string[]) {
  const found = itemsOf(sandbox, 'chats').filter(({ id }) => ids.includes(String(id)));
  return { docs: Object.fromEntries(found.map((chat) => [chat['id'], chat])) };
}

async function startOldApi(sandbox: Sandbox) {
  const searches: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', sandbox.url);
    const answer = (body: object) => outgoing.end(JSON.stringify(body));
    const query = url.searchParams.get('q');
    if (query !== null) {
      searches.push(query);
      answer(search(sandbox, query));
    } else if (url.pathname === '/api/v2/chat/chats')
      answer(chatsById(sandbox, (url.searchParams.get('ids') ?? '').split(',')));
    else {
      const options = { headers: incoming.headers };
      request(url, options, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(outgoing);
      }).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const end = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, searches: () => searches, end };
}

async function copyWithUrl(python: string, folder: string, url: string) {
  const where = 'import tap_zendesk_chat; print(tap_zendesk_chat.__path__[0])';
  const installed = (await runWell(python, ['-c', where])).trim();
  await cp(installed, join(folder, 'tap_zendesk_chat'), { recursive: true });
  const file = join(folder, 'tap_zendesk_chat', 'http.py');
  const parts = (await readFile(file, 'utf8')).split('https://{self.subdomain}.zendesk.com');
  if (parts.length !== 2) throw new Error('It does not name its base URL once.');
  await writeFile(file, parts.join(url));
}

export async function openOldTap(stage: Stage, sandbox: Sandbox): Promise<OldTap> {
  const { python } = await stage.environment('tap-zendesk-chat-singer-io');
  const folder = await stage.folder();
  const { url, searches, end } = await startOldApi(sandbox);
  await copyWithUrl(python, folder, url);
  const program = join(folder, 'old-tap');
  const start = `exec "${python}" -c 'from tap_zendesk_chat import main; main()' "$@"`;
  await writeFile(program, `#!/bin/sh\nexport PYTHONPATH="${folder}"\n${start}\n`, { mode: 0o755 });
  const config = join(folder, 'config.json');
  const old = {
    chat_search_interval_days: '14',
    chats_full_sync_days: 7,
    agents_page_limit: '100',
  };
  await writeFile(config, JSON.stringify({ ...sandbox.config, ...old }));
  const env = consumerEnv(folder, sandbox);
  const run = async (argv: readonly string[]) => {
    const options = { cwd: folder, env };
    const { code, stdout, stderr } = await runProgram(
      program,
      ['--config', config, ...argv],
      options,
    );
    if (code !== 0) throw new Error(`singer-io's tap ended with ${code}: ${stderr.slice(-2000)}`);
    return stdout;
  };
  return {
    config,
    discover: async () => selectAll(JSON.parse(await run(['--discover']))),
    async read(catalog, state = {}) {
      const argv = [];
      for (const [name, value] of Object.entries({ catalog, state })) {
        const path = join(folder, `${name}.json`);
        await writeFile(path, JSON.stringify(value));
        argv.push(`--${name}`, path);
      }
      return run(argv);
    },
    searches,
    program,
    end,
  };
}

function selectAll({ streams }: { streams: Answer[] }) {
  const selected = streams.map((entry) => ({
    ...entry,
    metadata: entry.metadata.map((each: Answer) =>
      each.breadcrumb.length === 0
        ? { ...each, metadata: { ...each.metadata, selected: true } }
        : each,
    ),
  }));
  return { streams: selected };
}
