/**
 * The expected records of the tap for the content of an account, derived from the API's and the tap's documentation
 * alone. Shares no code with the tap, and takes nothing from its schemas but the names of the columns.
 */
import { isDeepStrictEqual } from 'node:util';

import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Sandbox } from '../../src/sandbox/api/server.ts';
import type { Output } from './run-tap.ts';

type Resource = Parameters<Sandbox['account']['dump']>[0];

/** Where the sandbox keeps what a stream reads. */
export const resourceOf: Readonly<Record<string, Resource>> = {
  accounts: 'account',
  routing_settings: 'routing_settings/account',
  departments: 'departments',
  goals: 'goals',
  roles: 'roles',
  shortcuts: 'shortcuts',
  skills: 'skills',
  triggers: 'triggers',
  agents: 'agents',
  bans: 'bans',
  agent_timeline: 'agent_timeline',
  chats: 'chats',
  routing_settings_agents: 'routing_settings/agents',
  agent_events: 'agent_events',
  department_events: 'department_events',
  conversions: 'conversions',
  chat_engagements: 'chats',
  chat_messages: 'chats',
};

/** The path of a stream's requests. */
export function pathOf(stream: string): string {
  const resource = resourceOf[stream] ?? stream;
  const isExport = resource === 'chats' || /_timeline$|_events$|^conversions$/.test(resource);
  return `/api/v2/chat/${isExport ? 'incremental/' : ''}${resource}`;
}

/** An instant as it must be written: UTC, with the digits that were sent. */
function writtenInstant(text: string): string {
  return text.replace(/\+00:00Z$/, 'Z');
}

const instantNames = /^(?:.*_)?(?:timestamp|date|created_at|last_login|start_time)$/;

/** The API sends numbers, too: limits of a plan are a number or `unlimited`. The columns say text. */
const textNames = new Set([
  'msg_id',
  'max_departments',
  'max_concurrent_chats',
  'max_history_search_days',
  'max_basic_triggers',
  'max_advanced_triggers',
  'value',
  'previous_value',
]);

/** The parts of a trigger have no shape of their own: nested lists, written as JSON text. */
const jsonTextNames = new Set(['condition', 'actions']);

/** A clean value: instants in their one form, 0 and 1 as what they mean, everything else as it was sent. */
function writtenValue(value: Json, name: string): Json {
  if (value !== null && jsonTextNames.has(name)) return JSON.stringify(value);
  if (typeof value === 'string' && name === 'prev_department_id') return Number(value);
  if (typeof value === 'string') return instantNames.test(name) ? writtenInstant(value) : value;
  if (typeof value === 'number' && name === 'enabled') return value === 1;
  if (typeof value === 'number' && textNames.has(name)) return String(value);
  if (Array.isArray(value)) return value.map((item) => writtenValue(item, name));
  return value === null || typeof value !== 'object' ? value : writtenObject(value);
}

function writtenObject(item: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, writtenValue(value ?? null, name)]),
  );
}

/** What a stream's documentation promises beyond the item itself. */
const additions: Readonly<Record<string, (item: JsonObject) => JsonObject>> = {
  bans: (ban) => ({ create_date: ban['created_at'] ?? null }),
  agent_timeline: ({ agent_id: agent, start_time: start }) => ({
    id: JSON.stringify([agent, start]).replace(/^\[(\d+),"(.*)"\]$/, '$1|$2'),
  }),
  shortcuts: (shortcut) => ({ id: shortcut['id'] ?? shortcut['name'] ?? null }),
  routing_settings: () => ({ id: 'sandbox' }),
  routing_settings_agents: ({ agent_id: id = null, chat_limit: limit, skills }) => ({
    id,
    chat_limit: JSON.stringify(limit),
    skills: JSON.stringify(skills),
  }),
};

/** The record that a clean item becomes. Fields that no column has are left in it, to be noticed. */
export function expectedRecord(
  stream: string,
  item: JsonObject,
  columns: readonly string[],
): JsonObject {
  const written = writtenObject(item);
  const nulls = Object.fromEntries(columns.map((column) => [column, null]));
  return { ...nulls, ...written, ...additions[stream]?.(written) };
}

/** The key of a record as text. */
export function keyOf({ chat_id: chat, position, id, account_key: account }: JsonObject): string {
  const own = id ?? position ?? account ?? null;
  return JSON.stringify(chat === undefined ? own : [chat, own]);
}

function byKey(records: readonly JsonObject[]): Map<string, JsonObject> {
  return new Map(records.map((record) => [keyOf(record), record]));
}

export function columnsOf(output: Output, stream: string): readonly string[] {
  return Object.keys(output.schemas[stream]?.schema.properties ?? {});
}

function told(value: Json | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 300);
}

function differences(got: JsonObject, expected: JsonObject): string[] {
  return Object.keys({ ...expected, ...got })
    .filter((name) => !isDeepStrictEqual(got[name], expected[name]))
    .map((name) => `${keyOf(got)} ${name}: ${told(got[name])} instead of ${told(expected[name])}`);
}

/** Faults are listed up to this number: with 20,000 wrong records the first few say it all. */
const mostFaults = 10;

/** Compares records with all the account holds now: missing, invented, doubled, different ones. `[]`: equal. */
export function recordFaults(
  stream: string,
  got: readonly JsonObject[],
  expected: readonly JsonObject[],
): readonly string[] {
  const [gotByKey, expectedByKey] = [byKey(got), byKey(expected)];
  const missing = [...expectedByKey.keys()].filter((key) => !gotByKey.has(key));
  const invented = [...gotByKey.keys()].filter((key) => !expectedByKey.has(key));
  const wrong = [...gotByKey].flatMap(([key, record]) => {
    const should = expectedByKey.get(key);
    return should === undefined ? [] : differences(record, should);
  });
  const doubled = got.length - gotByKey.size;
  return [
    ...missing.slice(0, mostFaults).map((key) => `${stream} ${key} is missing`),
    ...invented.slice(0, mostFaults).map((key) => `${stream} ${key} is invented`),
    ...(doubled > 0 ? [`${doubled} records of ${stream} came twice`] : []),
    ...wrong.slice(0, mostFaults).map((fault) => `${stream} ${fault}`),
  ];
}

function partsOf(chat: JsonObject, name: string): readonly JsonObject[] {
  const { id, update_timestamp: updated, [name]: parts } = chat;
  return ((parts ?? []) as readonly JsonObject[]).map((part, position) =>
    Object.assign(
      { ...part, chat_id: id ?? null, update_timestamp: updated ?? null },
      name === 'history' ? { position } : {},
    ),
  );
}

/** What a stream reads of an item of the API: the item, or parts of it. */
const partNames: Readonly<Record<string, string>> = {
  chat_engagements: 'engagements',
  chat_messages: 'history',
};

/** What the account holds now of a stream. */
export function itemsOf({ account }: Sandbox, stream: string): readonly JsonObject[] {
  const items = [...account.dump(resourceOf[stream] ?? 'chats')];
  const part = partNames[stream];
  return part === undefined ? items : items.flatMap((item) => partsOf(item, part));
}

/** What a stream must write for all the account holds now. */
export function expectedRecords(
  sandbox: Sandbox,
  stream: string,
  columns: readonly string[],
): JsonObject[] {
  return itemsOf(sandbox, stream).map((item) => expectedRecord(stream, item, columns));
}

/** Compares a whole stream of a run, value by value, with all the account holds now. */
export function streamFaults(output: Output, sandbox: Sandbox, stream: string): readonly string[] {
  const expected = expectedRecords(sandbox, stream, columnsOf(output, stream));
  return recordFaults(stream, output.records(stream), expected);
}

/** The columns of a stream as the first run that has them names them. */
function columnsIn(runs: readonly Output[], stream: string): readonly string[] {
  return runs.map((run) => columnsOf(run, stream)).find((names) => names.length > 0) ?? [];
}

/** The newest record of each key: what a target holds that replaces by key. */
export function newestOf(records: readonly JsonObject[]): readonly JsonObject[] {
  return [...byKey(records).values()];
}

/** What a target must hold, by stream, in the columns of these runs. */
type Contents = Readonly<Record<string, readonly JsonObject[]>>;

/** All the account holds now. */
export function contentsOf(
  sandbox: Sandbox,
  runs: readonly Output[],
  streams: readonly string[],
): Contents {
  return Object.fromEntries(
    streams.map((stream) => [stream, expectedRecords(sandbox, stream, columnsIn(runs, stream))]),
  );
}

/** Compares what several runs brought together, value by value, with what a target must hold. */
export function differencesOf(runs: readonly Output[], contents: Contents): readonly string[] {
  return Object.entries(contents).flatMap(([stream, expected]) =>
    recordFaults(stream, newestOf(runs.flatMap((run) => run.records(stream))), expected),
  );
}

/** The same with all the account holds now. */
export function lossesOf(
  sandbox: Sandbox,
  runs: readonly Output[],
  streams: readonly string[],
): readonly string[] {
  return differencesOf(runs, contentsOf(sandbox, runs, streams));
}

/** Requests to a stream's endpoint in the sandbox's log. */
export function requestsOf(sandbox: Sandbox, stream: string): number {
  return sandbox.requests.filter(({ path }) => path === pathOf(stream)).length;
}
