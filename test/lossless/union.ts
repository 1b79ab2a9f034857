/**
 * What several runs brought together, held against what the account holds. A reader sees bytes that may end
 * anywhere; what counts are its complete lines, and of a key's records the newest.
 */
import type { Json, JsonObject } from '../../src/json.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { expectedRecords } from '../helpers/oracle.ts';
import type { Line } from '../helpers/run-tap.ts';

/** A record as it lies in a target: under its key, as text that does not depend on the order of columns. */
interface Written {
  readonly stream: string;
  readonly key: string;
  readonly text: string;
  readonly record: JsonObject;
}

/** One line: a record, a state, or something else. */
interface Told {
  readonly written?: Written;
  readonly state?: JsonObject;
}

/** The complete lines of a run, in their order. */
export type Story = readonly Told[];

/** Key to text, of all streams. */
export type Contents = ReadonlyMap<string, string>;

function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => inOrder(item));
  if (value === null || typeof value !== 'object') return value;
  const names = Object.keys(value).toSorted();
  return Object.fromEntries(names.map((name) => [name, inOrder(value[name] ?? null)]));
}

function writtenAs(stream: string, record: JsonObject): Written {
  const key = `${stream} ${JSON.stringify(record['id'] ?? record['account_key'] ?? null)}`;
  return { stream, key, record, text: JSON.stringify(inOrder(record)) };
}

function toldBy(line: string): Told {
  const message: Line = JSON.parse(line);
  if (message.type === 'STATE') return { state: message.value };
  if (message.type === 'RECORD') return { written: writtenAs(message.stream, message.record) };
  return {};
}

/** What a reader makes of these bytes: the last line counts only if it has an end. */
export function readStory(bytes: Buffer): Story {
  const end = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.subarray(0, end).toString('utf8').split('\n');
  return lines.slice(0, -1).map((line) => toldBy(line));
}

export function lastStateOf(story: Story): JsonObject | undefined {
  return story.findLast(({ state }) => state !== undefined)?.state;
}

/** Everything the account holds now, as it must lie in the target. */
export function contentsOf(
  sandbox: Sandbox,
  columns: Readonly<Record<string, readonly string[]>>,
): Contents {
  const streams = Object.entries(columns);
  return new Map(
    streams
      .flatMap(([stream, names]) =>
        expectedRecords(sandbox, stream, names).map((record) => writtenAs(stream, record)),
      )
      .map(({ key, text }) => [key, text]),
  );
}

/** The target after these runs, one after another. */
export function contentsAfter(stories: readonly Story[]): Map<string, string> {
  const written = stories.flat().flatMap((told) => told.written ?? []);
  return new Map(written.map(({ key, text }) => [key, text]));
}

/** So many faults of one kind are told; more say nothing more. */
const toldAtMost = 5;

function isTooOld(key: string, text: string | undefined, expected: Contents): boolean {
  return text !== undefined && expected.has(key) && expected.get(key) !== text;
}

/** What is missing, invented or not the newest in a target. `[]`: it equals the account. */
export function contentFaults(got: Contents, expected: Contents): string[] {
  const missing = [...expected.keys()].filter((key) => !got.has(key));
  const invented = [...got.keys()].filter((key) => !expected.has(key));
  const old = [...got].filter(([key, text]) => isTooOld(key, text, expected));
  return [
    ...missing.slice(0, toldAtMost).map((key) => `${key} is missing (of ${missing.length})`),
    ...invented.slice(0, toldAtMost).map((key) => `${key} is invented`),
    ...old
      .slice(0, toldAtMost)
      .map(
        ([key, text]) => `${key} is ${text.slice(0, 900)} instead of ${expected.get(key) ?? ''}`,
      ),
  ];
}

export interface EveryDeath {
  /** Lines after which a death was looked at. */
  readonly lines: number;
  readonly faults: readonly string[];
}

/** A union that grows line by line; what is wrong with it is kept up to date. */
interface Union {
  readonly before: Map<string, string>;
  after: Contents;
  faulty: Set<string>;
}

function startFrom(union: Union, after: Contents, expected: Contents): void {
  const { before } = union;
  const keys = new Set([...expected.keys(), ...before.keys(), ...after.keys()]);
  const isWrong = (key: string): boolean =>
    (after.get(key) ?? before.get(key)) !== expected.get(key);
  union.after = after;
  union.faulty = new Set([...keys].filter((key) => isWrong(key)));
}

function write(union: Union, { key, text }: Written, expected: Contents): void {
  union.before.set(key, text);
  if ((union.after.get(key) ?? text) === expected.get(key)) union.faulty.delete(key);
  else union.faulty.add(key);
}

/**
 * A death after every single line of a run. `resumed`: the runs that follow from a state, `undefined` being
 * none; the same for all deaths between two states.
 */
export function everyDeath(
  story: Story,
  resumed: (state: JsonObject | undefined) => readonly Story[],
  expected: Contents,
): EveryDeath {
  const union: Union = { before: new Map(), after: new Map(), faulty: new Set() };
  const faults: string[] = [];
  startFrom(union, contentsAfter(resumed(undefined)), expected);
  for (const [index, { state, written }] of story.entries()) {
    if (written !== undefined) write(union, written, expected);
    if (state !== undefined) startFrom(union, contentsAfter(resumed(state)), expected);
    const [key] = union.faulty;
    if (key === undefined || faults.length >= toldAtMost) continue;
    faults.push(`after line ${index + 1}: ${key} is missing or wrong (of ${union.faulty.size})`);
  }
  return { lines: story.length, faults };
}

/** Microseconds since 1970 of an instant as the tap writes it. */
function microsOf(instant: Json | undefined): number {
  if (typeof instant !== 'string') return Number.NaN;
  const fraction = /\.(\d{6})Z$/.exec(instant)?.[1] ?? '0';
  return Date.parse(`${instant.slice(0, 19)}Z`) * 1000 + Number(fraction);
}

/** Where a record of an incremental stream stands: its id, or its time in the bookmark's unit. */
function placeOf({ stream, record }: Written, timelineSort: 'start' | 'end'): number {
  if (stream === 'chats') return microsOf(record['update_timestamp']) / 1e6;
  if (stream !== 'agent_timeline') return Number(record['id']);
  const length = timelineSort === 'end' ? Math.round(Number(record['duration']) * 1e6) : 0;
  return microsOf(record['start_time']) + length;
}

function bookmarkPlace(state: JsonObject, stream: string): number | undefined {
  const bookmarks = state['bookmarks'] as Record<string, JsonObject | undefined>;
  const bookmark = bookmarks[stream];
  const position = bookmark?.['position'] as JsonObject | undefined;
  const place = position?.['end_time'] ?? bookmark?.['id'];
  return typeof place === 'number' ? place : undefined;
}

export interface RepeatRules {
  readonly streams: readonly string[];
  readonly timelineSort: 'start' | 'end';
  /** The oldest head of the run that died, seconds since 1970. */
  readonly headSeconds: number;
}

/** Ids above the bookmark were written only where the other array of bans was behind. */
function mayRepeat(written: Written, state: JsonObject, rules: RepeatRules): boolean {
  const bookmark = bookmarkPlace(state, written.stream);
  const place = placeOf(written, rules.timelineSort);
  if (bookmark === undefined) return false;
  if (written.stream === 'agents' || written.stream === 'bans') return place > bookmark;
  const head = rules.headSeconds * (written.stream === 'chats' ? 1 : 1e6);
  return place === bookmark || (place > bookmark && place > head);
}

export interface Repeats {
  /** Records that lie before the state and came again in the same version. */
  readonly count: number;
  readonly faults: readonly string[];
}

/** What a run from `state` repeated of the lines before that state, though it had to be in them for good. */
export function repeatsAfter(
  before: Story,
  state: JsonObject,
  resumed: Story,
  rules: RepeatRules,
): Repeats {
  const again = contentsAfter([resumed]);
  const earlier = before.flatMap(({ written }) => written ?? []);
  const repeated = earlier.filter(
    ({ stream, key, text }) => rules.streams.includes(stream) && again.get(key) === text,
  );
  const faults = repeated.filter((written) => !mayRepeat(written, state, rules));
  return {
    count: repeated.length,
    faults: faults
      .slice(0, toldAtMost)
      .map(({ key }) => `${key} came again after ${JSON.stringify(state)}`),
  };
}
