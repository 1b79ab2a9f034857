/**
 * Airbyte's states: every format that platforms, libraries and users pass, and the states that all versions of
 * Airbyte's own connector write. Anything else is an error, so that a sync never restarts silently.
 */
import { TapError } from '../core/errors.ts';
import { parseJson } from '../core/input-file.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { quoted, quotedName } from '../core/quoting.ts';

export interface AirbyteState {
  /** States by stream name, including unknown streams. Null values and ignored keys are removed. */
  readonly states: ReadonlyMap<string, JsonObject>;
  /** One state for all streams. The platform drops it when it receives the first state of a single stream. */
  readonly isLegacy: boolean;
}

interface StateEntry {
  readonly name: string;
  readonly state: Json;
  readonly isLegacy: boolean;
}

/** Key that marks the state of a completely read stream without a bookmark; Airbyte's CDK uses the same one. */
export const noCursorMarker = '__ab_no_cursor_state_message';

/** Keys without a position to resume from: the CDK's keys for streams without a cursor, and an old format of states. */
const ignoredKeys: ReadonlySet<string> = new Set([
  noCursorMarker,
  '__ab_full_refresh_sync_complete',
  'legacy',
]);

/** The types of Airbyte's messages and states. */
const knownTypes =
  'RECORD STATE LOG SPEC CATALOG TRACE CONTROL CONNECTION_STATUS STREAM GLOBAL LEGACY'.split(' ');

function stateError(problem: string): TapError {
  const advice = 'pass the state that the last sync wrote, or omit --state to read from start_date';
  return new TapError(`--state: ${problem}; ${advice}`, { kind: 'config' });
}

/** Null counts as missing: PyAirbyte writes null for unset fields. */
function isPresent(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null;
}

function parseStreamState(value: Json): StateEntry {
  const entry = isJsonObject(value) ? value : {};
  const { stream_descriptor: descriptor, stream_state: state = null } = entry;
  const name = isJsonObject(descriptor) ? descriptor['name'] : undefined;
  if (typeof name !== 'string')
    throw stateError('a stream state has no "stream_descriptor" with a name');
  return { name, state, isLegacy: false };
}

function parseGlobalState(value: Json): readonly StateEntry[] {
  const { stream_states: states, shared_state: shared } = isJsonObject(value) ? value : {};
  if (isPresent(shared) && !(isJsonObject(shared) && Object.keys(shared).length === 0))
    throw stateError('it has a "shared_state", which this source never writes');
  if (!Array.isArray(states)) throw stateError('its "global" has no "stream_states" array');
  return states.map((state) => parseStreamState(state));
}

function parseLegacyState(value: Json, names: readonly string[]): readonly StateEntry[] {
  if (!isJsonObject(value)) throw stateError(`its "data" is ${jsonTypeOf(value)}, not an object`);
  const entries = Object.entries(value);
  if ('bookmarks' in value) throw stateError('it is the state of a Singer tap ("bookmarks")');
  if (entries.length > 0 && !entries.some(([name]) => names.includes(name)))
    throw stateError('it contains no stream of this source');
  return entries.map(([name, state]) => ({ name, state, isLegacy: true }));
}

/** Parses one message, or one state that is not in a message. */
function parseStateMessage(value: Json, names: readonly string[]): readonly StateEntry[] {
  if (!isJsonObject(value)) throw stateError(`it contains ${jsonTypeOf(value)} instead of a state`);
  const { type = null, state, stream, global: whole, global_: renamed, data } = value;
  if (type === 'STATE') return parseStateMessage(state ?? null, names);
  const isStream = type === 'STREAM' || (isJsonObject(stream) && 'stream_descriptor' in stream);
  if (isPresent(stream) && isStream) return [parseStreamState(stream)];
  const globalState = whole ?? renamed;
  if (type === 'GLOBAL' && isPresent(globalState)) return parseGlobalState(globalState);
  if (isPresent(data) && (type === 'LEGACY' || type === null)) return parseLegacyState(data, names);
  if (type === null) return parseLegacyState(value, names);
  throw stateError(`it has a message of type ${quoted(type, knownTypes)} without a state`);
}

function parseStateFile(text: string): readonly Json[] {
  const content = text.trim();
  if (content === '') return [];
  // The first line is a complete object only in a file of JSON lines.
  if (/^\{.*\}\s*\n/.test(content)) {
    const lines = content.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line, index) => parseJson(line, `--state: line ${index + 1}`));
  }
  const value = parseJson(text, '--state: it');
  return Array.isArray(value) ? value : [value];
}

function withoutIgnoredKeys(name: string, state: Json): JsonObject {
  if (state === null) return {};
  if (!isJsonObject(state))
    throw stateError(
      `the state of stream ${quotedName(name)} is ${jsonTypeOf(state)}, not an object`,
    );
  const entries = Object.entries(state).filter(
    ([key, value]) => value !== null && !ignoredKeys.has(key),
  );
  return Object.fromEntries(entries);
}

/**
 * @param text The content of the file; `''` means no state.
 * @param names All streams of this source.
 * @throws TapError (config) for an unknown format.
 */
export function parseAirbyteState(text: string, names: readonly string[]): AirbyteState {
  const entries = parseStateFile(text)
    .filter((value) => value !== null)
    .flatMap((value) => parseStateMessage(value, names));
  return {
    states: new Map(entries.map(({ name, state }) => [name, withoutIgnoredKeys(name, state)])),
    isLegacy: entries.some(({ isLegacy }) => isLegacy),
  };
}
