/**
 * singer-io's tap-zendesk-chat, and the endpoints that it needs and the sandbox does not have: the search of chats, and
 * chats by their ids.
 */
import { request } from 'node:http';

import { startLocalServer } from '../../support/local-server.ts';
import { itemsOf } from './expected.ts';
import { installCopy } from './old-connector.ts';
import { runWithFiles, type Files, type Sandbox, type Stage } from './stage.ts';
import type { Answer } from './programs.ts';

export interface OldTap {
  /** As it wants it. */
  readonly config: object;
  /** A catalog, everything in it selected. */
  readonly discover: () => Promise<{ streams: Answer[] }>;
  /** Its output. */
  readonly read: (catalog: object, state?: object) => Promise<string>;
  /** The queries of its searches for chats. */
  readonly searches: () => readonly string[];
  /** Path of a command that starts it. */
  readonly program: string;
  readonly end: () => Promise<void>;
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
  const server = await startLocalServer((incoming, outgoing) => {
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
  return { url: server.origin, searches: () => searches, end: () => server.close() };
}

export async function openOldTap(stage: Stage, sandbox: Sandbox): Promise<OldTap> {
  const { url, searches, end } = await startOldApi(sandbox);
  const original = {
    consumer: 'tap-zendesk-chat-singer-io',
    package: 'tap_zendesk_chat',
    file: 'http.py',
    address: 'https://{self.subdomain}.zendesk.com',
    start: 'from tap_zendesk_chat import main; main()',
  };
  const program = await installCopy(stage, original, url);
  const folder = await stage.folder();
  const config = {
    ...sandbox.config,
    chat_search_interval_days: '14',
    chats_full_sync_days: 7,
    agents_page_limit: '100',
  };
  const run = async (command: readonly string[], files: Files = {}) => {
    const where = { folder, sandbox };
    const { code, stdout, stderr } = await runWithFiles(command, { config, ...files }, where);
    if (code !== 0) throw new Error(`singer-io's tap ended with ${code}: ${stderr.slice(-2000)}`);
    return stdout;
  };
  return {
    config,
    discover: async () => selectAll(JSON.parse(await run([program, '--discover']))),
    read: (catalog, state = {}) => run([program], { catalog, state }),
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
