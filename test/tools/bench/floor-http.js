/**
 * The floor from gzip over HTTP, on one connection: get, inflate, parse, print, follow. `whole` inflates
 * a body at once into one piece as the tap does, `default` as a stream in Node's own pieces.
 *
 *   node test/tools/bench/launch.js test/tools/bench/floor-http.js URL PAGES whole|default
 */
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';

import { writeLines } from './write-lines.js';

const [url = '', pages = '0', inflating] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const inflate = promisify(gunzip);

/** @param {string} start */
async function fetchPage(start) {
  const query = `fields=chats(*)&limit=1000&start_time=${start}`;
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip' };
  const request = get(`${url}/api/v2/chat/incremental/chats?${query}`, { agent, headers });
  const [response] = await once(request, 'response');
  if (response.statusCode !== 200) throw new Error(`answered with ${response.statusCode}`);
  return JSON.parse((await bodyOf(response)).toString('utf8'));
}

/** @param {import('node:http').IncomingMessage} response */
async function bodyOf(response) {
  if (inflating === 'default') return buffer(response.pipe(createGunzip()));
  const body = await buffer(response);
  return inflate(body, { chunkSize: Math.max(256 * 1024, body.length * 10) });
}

let start = '0';
for (let page = 0; page < Number(pages); page += 1) {
  const { chats, end_time } = await fetchPage(start);
  await writeLines(chats);
  start = end_time;
}
agent.destroy();
