/** An account of about 600 lines, taps that die while they read it (the built program), and those that do not. */
import { once } from 'node:events';

import type { JsonObject } from '../../src/json.ts';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import type { Switches } from '../../src/sandbox/switches.ts';
import { discovered, mark } from '../helpers/catalogs.ts';
import { runTap, type TapInput, type TapResult } from '../helpers/run-tap.ts';
import { startTap, type StartedTap } from '../helpers/spawn-tap.ts';
import { contentsOf, readStory, type Contents, type RepeatRules, type Story } from './union.ts';

export const incrementalStreams = ['agents', 'bans', 'agent_timeline', 'chats'];

const entries = discovered().streams;

for (const entry of entries) {
  const isList = entry.tap_stream_id === 'agents' || entry.tap_stream_id === 'bans';
  mark(entry, '', isList ? { 'replication-method': 'INCREMENTAL' } : {});
  mark(entry, '', { selected: true });
}

const columns = Object.fromEntries(
  entries.map(({ tap_stream_id: name, schema }) => [name, Object.keys(schema.properties ?? {})]),
);

/** Bursts: within a page, of exactly a page, of more than two. */
const bursts: SandboxOptions['ties'] = [
  { at: 'start', count: 7 },
  { at: 'middle', count: 45 },
  { at: 220, count: 20 },
];

const account: SandboxOptions = {
  chats: 300,
  days: 1,
  // Some chats are younger than what may be asked for.
  newestAgeSeconds: 20,
  history: { min: 2, max: 3 },
  ties: bursts,
  timeline: 150,
  timelineTies: 6,
  agents: 60,
  bans: { ip: 26, visitor: 18 },
  gzip: false,
};

/** Pages of 20, also where nothing else is wrong. */
const pages: Partial<Switches> = { maxPage: 20, agentsMaxPage: 20, bansMaxPage: 20 };

export interface Ending {
  readonly story: Story;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly requests: number;
}

export interface Death {
  /** The reader has had so many bytes. */
  readonly afterBytes: number;
  readonly how: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'closed pipe';
}

/** An account, and sandboxes that hold it: the same data in each of them, whenever it is started. */
export interface DeathWorld {
  readonly rules: RepeatRules;
  /** What a target must hold in the end. */
  readonly contents: Contents;
  /** A run in a sandbox of its own. */
  run(state?: JsonObject): Promise<Ending>;
  /** Work with one sandbox. */
  within<T>(work: (sandbox: Sandbox) => Promise<T>): Promise<T>;
  /** The same account on a server that behaves otherwise. */
  but(change: Partial<Switches>): DeathWorld;
}

function inputOf(sandbox: Sandbox, state: JsonObject | undefined): TapInput {
  return {
    sandboxUrl: sandbox.url,
    config: {
      ...sandbox.config,
      agents_page_limit: 20,
      bans_page_limit: 20,
      requests_per_minute: 10_000,
    },
    catalog: { streams: entries },
    ...(state === undefined ? {} : { state }),
  };
}

/** A run to its end. */
export async function runIn(
  sandbox: Sandbox,
  state?: JsonObject,
  run: (input: TapInput) => Promise<TapResult> = runTap,
): Promise<Ending> {
  const before = sandbox.requests.length;
  const { bytes, code, signal, stderr } = await run(inputOf(sandbox, state));
  const requests = sandbox.requests.length - before;
  return { story: readStory(bytes), code, signal, stderr, requests };
}

/** A run that is only begun; its output is left to the caller. */
export function startIn(sandbox: Sandbox, state?: JsonObject): Promise<StartedTap> {
  return startTap(inputOf(sandbox, state), false);
}

/** A run that dies on its way. A reader whose pipe is closed has read nothing beyond its last byte. */
export async function dieIn(sandbox: Sandbox, death: Death, state?: JsonObject): Promise<Ending> {
  const { child, result } = await startIn(sandbox, state);
  const { stdout } = child;
  const chunks: Buffer[] = [];
  let length = 0;
  stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length < death.afterBytes) return;
    if (death.how === 'closed pipe') stdout.destroy();
    else child.kill(death.how);
  });
  const [{ code, signal, stderr }] = await Promise.all([result, once(stdout, 'close')]);
  const received = Buffer.concat(chunks);
  const read = death.how === 'closed pipe' ? received.subarray(0, death.afterBytes) : received;
  return { story: readStory(read), code, signal, stderr, requests: sandbox.requests.length };
}

export function contentsNow(sandbox: Sandbox): Contents {
  return contentsOf(sandbox, columns);
}

async function withSandboxOf<T>(
  options: SandboxOptions,
  work: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await startSandbox(options);
  try {
    return await work(sandbox);
  } finally {
    await sandbox.close();
  }
}

function worldOf(options: SandboxOptions, contents: Contents): DeathWorld {
  const { clockOffsetSeconds = 0, timelineSort = 'end' } = options.switches ?? {};
  return {
    contents,
    rules: {
      streams: incrementalStreams,
      timelineSort,
      headSeconds: Date.now() / 1000 + Math.min(0, clockOffsetSeconds) - 311,
    },
    run: (state) => withSandboxOf(options, (sandbox) => runIn(sandbox, state)),
    within: (work) => withSandboxOf(options, work),
    but: (change) =>
      worldOf({ ...options, switches: { ...options.switches, ...change } }, contents),
  };
}

export async function createDeathWorld(
  switches: Partial<Switches> = {},
  changes: SandboxOptions = {},
): Promise<DeathWorld> {
  const options: SandboxOptions = {
    ...account,
    now: Date.now(),
    clock: Date.now,
    switches: { ...pages, ...switches },
    ...changes,
  };
  const contents = await withSandboxOf(options, async (sandbox) => contentsNow(sandbox));
  return worldOf(options, contents);
}

/** Works on all of them, two at a time, and keeps their order. */
export async function inPairs<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all([worker(), worker()]);
  return results;
}
