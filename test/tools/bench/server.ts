/**
 * The API of an account with any number of chats, in a separate process: a few rendered and
 * compressed pages in rotation, each with the envelope of its position. A page takes almost no time.
 *
 * Page p lies between the positions p and p + 1, an hour of the account's time each; its last item stands
 * on the second one and is, since start_time is inclusive, the first of the next page. The items' own
 * times stay what they were rendered with.
 *
 *   fork(server.js, [FOLDER, PAGES IN THE FOLDER]), then messages: a Wish in, a Told out
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the next run is to find; the marks of the last one are forgotten. */
export interface Wish {
  readonly pages: number;
  readonly latencyMs: number;
}

export interface Told {
  readonly url: string;
  /** The time of the first request for each position, in ms of this process's clock. */
  readonly marks: readonly number[];
}

const startSeconds = Date.UTC(2024, 0, 1) / 1000;
const pageSeconds = 3600;
const path = '/api/v2/chat/incremental/chats';

function loadPages(folder: string, count: number) {
  return Array.from({ length: count }, (_unused, page) => {
    const items = readFileSync(join(folder, `items-${page}.gz`));
    const last = readFileSync(join(folder, `last-${page}.json`), 'utf8');
    const { id }: { id: string } = JSON.parse(last);
    const list: readonly unknown[] = JSON.parse(`[${String(gunzipSync(items))}]`);
    return { items, last, lastId: id, count: list.length };
  });
}

function member(text: string) {
  return gzipSync(text, { level: 1 });
}

function renderedAt(rendered: readonly ReturnType<typeof loadPages>[number][], place: number) {
  const page = rendered[(place + rendered.length) % rendered.length];
  if (page === undefined) throw new Error('There are no pages.');
  return page;
}

/** The answers by place. A gzip body may consist of several members: only the envelope is made anew. */
function createAnswers(rendered: ReturnType<typeof loadPages>, origin: string) {
  const open = member('{"chats":[');
  const empty = member('{"chats":[],"count":0,"end_time":null,"end_id":null,"next_page":null}');
  const again = rendered.map(({ last }) => member(`{"chats":[${last}`));
  const more = rendered.map(({ last }) => member(`{"chats":[${last},`));

  const envelope = (position: number, count: number) => {
    const end_time = startSeconds + position * pageSeconds;
    const { lastId: end_id } = renderedAt(rendered, position - 1);
    const query = `fields=chats(*)&limit=1000&start_time=${end_time}&start_id=${end_id}`;
    const next_page = `${origin}${path}?${query}`;
    const rest = JSON.stringify({ count, end_time, end_id, next_page });
    return member(`],${rest.slice(1)}`);
  };
  const start = (members: readonly Buffer[], position: number) =>
    members[(position - 1 + members.length) % members.length] ?? open;

  /** @param position The page behind it, with the item that stands on it unless that is known. */
  return (position: number, pages: number, isKnown: boolean): readonly Buffer[] => {
    if (position > pages || (position === pages && (isKnown || pages === 0))) return [empty];
    if (position === pages) return [start(again, position), envelope(position, 1)];
    const isFirst = isKnown || position === 0;
    const first = isFirst ? open : start(more, position);
    const { items, count } = renderedAt(rendered, position);
    return [first, items, envelope(position + 1, isFirst ? count : count + 1)];
  };
}

type Answers = ReturnType<typeof createAnswers>;

function positionOf(query: URLSearchParams, pages: number) {
  const time = Number(query.get('start_time'));
  // All items of a page but the last stand on its first position: between two positions begins what the second one does.
  const position = Math.ceil(Math.max(0, (time - startSeconds) / pageSeconds));
  return position > pages ? pages + 1 : position;
}

const [folder = '', count = '0'] = process.argv.slice(2);
const whole = loadPages(folder, Number(count));
const fewer = loadPages(join(folder, 'fewer'), Number(count));
let wish: Wish = { pages: 0, latencyMs: 0 };
let marks: number[] = [];
let answers: { all: Answers; some: Answers } | undefined;

const server = createServer((request, response) => {
  void answer(request, response);
});
server.keepAliveTimeout = 60_000;

async function answer(request: IncomingMessage, response: ServerResponse) {
  const arrivedMs = performance.now();
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const position = positionOf(searchParams, wish.pages);
  const isPlace = pathname === path && Number.isInteger(position);
  const isKnown = searchParams.has('start_id');
  if (isPlace && !isKnown) marks[position] ??= arrivedMs;
  if (wish.latencyMs > 0) await sleep(wish.latencyMs);
  if (!isPlace) {
    response.writeHead(pathname === path ? 400 : 404, { 'content-type': 'application/json' });
    response.end('{"message":"The benchmark knows nothing of this."}');
    return;
  }
  // A list of fields is always the same.
  const kind = searchParams.get('fields') === 'chats(*)' ? 'all' : 'some';
  const body = Buffer.concat(answers?.[kind](position, wish.pages, isKnown) ?? []);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'content-length': body.length,
  });
  response.end(body);
}

server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
answers = { all: createAnswers(whole, url), some: createAnswers(fewer, url) };

process.on('message', (message: Wish | 'marks') => {
  if (message !== 'marks') {
    wish = message;
    marks = [];
  }
  const told: Told = { url, marks };
  process.send?.(told);
});
// The requesting process has ended.
process.on('disconnect', () => {
  server.closeAllConnections();
  server.close();
});
