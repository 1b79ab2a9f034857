/** An account for runs that are interrupted: their output, and the records that a later run may repeat. */
import { once } from 'node:events';

import type { Json, JsonObject } from '../../src/core/json.ts';
import type { SandboxOptions } from '../../src/sandbox/program/options.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import { isIncremental } from '../../src/singer/catalog.ts';
import { streams as table } from '../../src/zendesk/streams.ts';
import { incrementalCatalog } from '../support/catalogs.ts';
import { keyOf, lossesOf } from '../support/oracle.ts';
import { readOutput, type Output, type TapInput, type TapResult } from '../support/run-tap.ts';
import { startTap } from '../support/spawn-tap.ts';
import { isWhole } from './full-set.ts';

/** The streams that have a bookmark; in `npm test` only one that is off by default, since several read the chats. */
export const streams: readonly string[] = table
  .filter(isIncremental)
  .filter(({ name, isDefault }) => isWhole || isDefault || name === 'chat_messages')
  .map(({ name }) => name);

const catalog = incrementalCatalog(streams);

/** Pages of 10; bursts within a page, of exactly a page, and of more than two. */
export const account: SandboxOptions = {
  chats: 60,
  days: 1,
  // Some chats are too recent to be requested.
  newestAgeSeconds: 20,
  history: { min: 1, max: 2 },
  ties: [
    { at: 'start', count: 4 },
    { at: 'middle', count: 23 },
    { at: 45, count: 10 },
  ],
  timeline: 30,
  timelineTies: 4,
  agentEvents: 12,
  departmentEvents: 11,
  conversions: 10,
  agents: 21,
  bans: { ip: 12, visitor: 9 },
  gzip: false,
  switches: { maxPage: 10, agentsMaxPage: 10, bansMaxPage: 10 },
};

/** The options of a run of this account. */
export function inputOf(
  config: object,
  state?: JsonObject,
): TapInput & { readonly config: object } {
  const pace = { agents_page_limit: 10, bans_page_limit: 10, requests_per_minute: 10_000 };
  return { catalog, config: { ...config, ...pace }, ...(state !== undefined && { state }) };
}

/** The complete lines of the output, or of its first `end` bytes. */
export function wholeLines(bytes: Buffer, end: number = bytes.length): Output {
  return readOutput(bytes.subarray(0, bytes.lastIndexOf('\n', end - 1) + 1), '');
}

export interface Cut {
  readonly state: JsonObject;
  /** All that was written up to this state. */
  readonly before: Output;
}

/** A run, truncated after each of its states: the minimum that a target has with that state. */
export function cutsOf({ bytes, lines, messages }: Output): readonly Cut[] {
  const cuts = new Map<string, Cut>();
  let end = 0;
  for (const [index, line] of lines.entries()) {
    const message = messages[index];
    end += Buffer.byteLength(line) + 1;
    if (message?.type !== 'STATE' || cuts.has(line)) continue;
    cuts.set(line, { state: message.value, before: wholeLines(bytes, end) });
  }
  return [...cuts.values()];
}

export interface Death {
  /** Receives the number of bytes that the reader has read. */
  readonly afterBytes: number;
  readonly how: 'SIGKILL' | 'closed pipe';
}

/** A run of the built program that is killed. */
export async function dieIn(
  { url, config }: Sandbox,
  { how, afterBytes }: Death,
  state?: JsonObject,
): Promise<TapResult> {
  const { child, result } = await startTap({ ...inputOf(config, state), sandboxUrl: url }, false);
  const { stdout } = child;
  const chunks: Buffer[] = [];
  let length = 0;
  stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length < afterBytes) return;
    if (how === 'closed pipe') stdout.destroy();
    else child.kill(how);
  });
  const [{ code, signal }] = await Promise.all([result, once(stdout, 'close')]);
  // A reader whose pipe is closed has read nothing beyond its last byte.
  const end = how === 'closed pipe' ? afterBytes : length;
  return Object.assign(wholeLines(Buffer.concat(chunks), end), { code, signal });
}

/** Microseconds since 1970 of an instant as the tap writes it. */
function microsOf(instant: Json | undefined): number {
  if (typeof instant !== 'string') return Number.NaN;
  const fraction = /\.(\d{6})Z$/.exec(instant)?.[1] ?? '0';
  return Date.parse(`${instant.slice(0, 19)}Z`) * 1000 + Number(fraction);
}

export interface RepeatRules {
  readonly timelineSort?: 'start' | 'end';
  /** The API's time when the run that was cut off began, ms since 1970. */
  readonly startedMs: number;
}

/** The position of a record: its id, or its time in the bookmark's unit. */
function placeOf(
  stream: string,
  record: JsonObject,
  { timelineSort = 'end' }: RepeatRules,
): number {
  const { replicationKey = 'id' } = table.find(({ name }) => name === stream) ?? {};
  if (replicationKey === 'id') return Number(record['id']);
  const micros = microsOf(record[replicationKey]);
  if (stream !== 'agent_timeline') return Math.floor(micros / 1e6);
  return micros + (timelineSort === 'end' ? Math.round(Number(record['duration']) * 1e6) : 0);
}

function bookmarkPlace(state: JsonObject, stream: string): number | undefined {
  const bookmarks = state['bookmarks'] as Record<string, JsonObject | undefined>;
  const bookmark = bookmarks[stream];
  const position = bookmark?.['position'] as JsonObject | undefined;
  const place = position?.['end_time'] ?? bookmark?.['id'];
  return typeof place === 'number' ? place : undefined;
}

/** Whether a record before a state may be repeated. Ids above the bookmark: if the other array of bans was behind. */
function mayRepeat(stream: string, place: number, state: JsonObject, rules: RepeatRules): boolean {
  const bookmark = bookmarkPlace(state, stream);
  if (bookmark === undefined) return false;
  if (stream === 'agents' || stream === 'bans') return place > bookmark;
  const headSeconds = rules.startedMs / 1000 - 311;
  const head = headSeconds * (stream === 'agent_timeline' ? 1e6 : 1);
  return place === bookmark || (place > bookmark && place > head);
}

/** The records that a run repeated in the same version although its input state covers them. */
export function repeatFaults(
  { state, before }: Cut,
  resumed: Output,
  rules: RepeatRules,
): readonly string[] {
  const faults = streams.flatMap((stream) => {
    const again = new Set(resumed.records(stream).map((record) => JSON.stringify(record)));
    return before
      .records(stream)
      .filter((record) => again.has(JSON.stringify(record)))
      .filter((record) => !mayRepeat(stream, placeOf(stream, record, rules), state, rules))
      .map((record) => `${stream} ${keyOf(record)} came again after ${JSON.stringify(state)}`);
  });
  return faults.slice(0, 10);
}

/** The faults after a run has continued from the state of another run. */
export function faultsAfter(
  sandbox: Sandbox,
  ended: Output,
  next: TapResult,
  rules: RepeatRules,
): readonly string[] {
  const last = cutsOf(ended).at(-1);
  return [
    ...(next.code === 0 ? [] : [next.stderr]),
    ...lossesOf(sandbox, [ended, next], streams),
    ...(last === undefined ? [] : repeatFaults(last, next, rules)),
  ];
}
