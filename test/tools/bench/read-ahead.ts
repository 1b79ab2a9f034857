/**
 * How much faster a long history is read with several requests in flight: whole runs against the sandbox, 60 pages of
 * small chats that take 500 ms each, with `read_ahead` 4 and 1.
 *
 *   npm run --silent setup && npm run tool -- test/tools/bench/read-ahead.ts [DENSITY ...]
 *
 * It fails when a limit is missed, or when both ways do not write the same records.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { pathOf } from './run.ts';

/** At most so much of the time, and so many times the requests, of a run with one request after another. */
interface Limit {
  readonly wall: number;
  readonly requests: number;
}

const limits: Readonly<Record<string, Limit>> = {
  even: { wall: 0.38, requests: 1.2 },
  uneven: { wall: 0.52, requests: 1.5 },
  week: { wall: 0.45, requests: 1.65 },
  silence: { wall: 0.4, requests: 1.25 },
  growth: { wall: 0.42, requests: 1.3 },
  bursts: { wall: 0.56, requests: 1.7 },
  ties: { wall: 0.52, requests: 1.3 },
};

const chats = 60_000;
const latencyMs = 500;
const ties = [0.25, 0.5, 0.75].map((part) => ({ at: chats * part, count: 5000 }));

interface Run {
  readonly wallMs: number;
  readonly requests: number;
  readonly records: number;
  readonly digest: string;
}

async function startSandbox(density: string, configFile: string) {
  const isTies = density === 'ties';
  const account = ['--chats', String(chats), '--chat-size', 'small', '--days', '700'];
  const more = ['--timeline', '0', '--latency', String(latencyMs), '--rate-limit', '10000'];
  const shape = isTies ? ['--ties', JSON.stringify(ties)] : ['--density', density];
  const place = ['--port', '0', '--write-config', configFile, '--now', '2026-01-10T00:00:00Z'];
  const argv = [...account, ...more, ...shape, ...place];
  const script = pathOf('../../../bin/zendesk-chat-sandbox.js');
  const child = spawn(process.execPath, [script, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return { child, url };
  }
  throw new Error('The sandbox did not start.');
}

async function readAll(url: string, configFile: string, readAhead: number): Promise<Run> {
  const config: object = JSON.parse(await readFile(configFile, 'utf8'));
  const own = { read_ahead: readAhead, requests_per_minute: 2000, start_date: '2024-01-01' };
  await writeFile(configFile, JSON.stringify({ ...config, ...own }));
  const script = pathOf('../../../bin/tap-zendesk-chat.js');
  const startMs = performance.now();
  const argv = [script, '--config', configFile, '--select', 'chats'];
  const env = { ...process.env, ZENDESK_CHAT_API_URL: url };
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let log = '';
  child.stderr.on('data', (piece) => {
    log += String(piece);
  });
  const hash = createHash('sha256');
  let records = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"RECORD"')) continue;
    records += 1;
    hash.update(line.replace(/"time_extracted":"[^"]*"/, ''));
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`The tap ended with ${code}: ${log}`);
  const wallMs = performance.now() - startMs;
  const requests = Number(/(\d+) requests/.exec(log)?.[1]);
  return { wallMs, requests, records, digest: hash.digest('hex') };
}

/** @returns whether the limits are kept */
async function compare(density: string, limit: Limit, folder: string): Promise<boolean> {
  const configFile = join(folder, `${density}.json`);
  const { child, url } = await startSandbox(density, configFile);
  try {
    await delay(500);
    const ahead = await readAll(url, configFile, 4);
    const serial = await readAll(url, configFile, 1);
    const wall = ahead.wallMs / serial.wallMs;
    const requests = ahead.requests / serial.requests;
    const isSame = ahead.digest === serial.digest && ahead.records === serial.records;
    const isKept = isSame && wall <= limit.wall && requests <= limit.requests;
    const figures = [
      `${density.padEnd(8)} ${(ahead.wallMs / 1000).toFixed(1)} s : ${(serial.wallMs / 1000).toFixed(1)} s`,
      `wall ${wall.toFixed(2)} (at most ${limit.wall})`,
      `requests ${ahead.requests} : ${serial.requests} = ${requests.toFixed(2)} (at most ${limit.requests})`,
      `${ahead.records} records ${isSame ? 'the same' : 'DIFFER'}`,
    ];
    process.stdout.write(`${isKept ? 'ok     ' : 'MISSED '} ${figures.join(', ')}\n`);
    return isKept;
  } finally {
    child.kill();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'tap-read-ahead-'));
try {
  const chosen = process.argv.slice(2);
  for (const [density, limit] of Object.entries(limits)) {
    if (chosen.length > 0 && !chosen.includes(density)) continue;
    if (!(await compare(density, limit, folder))) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
