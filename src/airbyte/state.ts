/**
 * States as Airbyte hands them over: every envelope its platforms, libraries and users have put them in, and
 * what every version of its own connector has written. Whatever else it is, it is an error: never a silent restart.
 */
import { TapError } from '../core/errors.ts';
import { parseJson } from '../core/input-file.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { quoted, quotedName } from '../core/quoting.ts';

export interface AirbyteState {
  /** By stream, also of streams that do not exist; without what says nothing. */
  readonly states: ReadonlyMap<string, JsonObject>;
  /** One blob for all streams: the platform drops it at the first state of one stream. */
  readonly isLegacy: boolean;
}

interface StateEntry {
  readonly name: string;
  readonly state: Json;
  readonly isLegacy: boolean;
}

/** In the state of a stream without a bookmark that has been read whole: the word of Airbyte's own CDK for that. */
export const noCursorMarker = '__ab_no_cursor_state_message';

/** Keys of Airbyte's CDK about streams without a cursor, and a form it replaced: nothing to resume from. */
const ignoredKeys: ReadonlySet<string> = new Set([
  noCursorMarker,
  '__ab_full_refresh_sync_complete',
  'legacy',
]);

/** Of Airbyte's protocol and its states. */
const knownTypes =
  'RECORD STATE LOG SPEC CATALOG TRACE CONTROL CONNECTION_STATUS STREAM GLOBAL LEGACY'.split(' ');

function stateError(problem: string): TapError {
  const advice = 'pass what the last sync wrote, or no --state to read from start_date';
  return new TapError(`--state: ${problem}; ${advice}`, { kind: 'config' });
}

/** Null and left out are the same: PyAirbyte writes out what it does not know. */
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
    throw stateError('it has a "shared_state", which this source never wrote');
  if (!Array.isArray(states)) throw stateError('its "global" has no list "stream_states"');
  return states.map((state) => parseStreamState(state));
}

function parseLegacyState(value: Json, names: readonly string[]): readonly StateEntry[] {
  if (!isJsonObject(value)) throw stateError(`its "data" is ${jsonTypeOf(value)}, not an object`);
  const entries = Object.entries(value);
  if ('bookmarks' in value) throw stateError('it is the state of a Singer tap ("bookmarks")');
  if (entries.length > 0 && !entries.some(([name]) => names.includes(name)))
    throw stateError('it names no stream of this source');
  return entries.map(([name, state]) => ({ name, state, isLegacy: true }));
}

/** Of one message, or of one object that is not in the form of a message. */
function parseStateMessage(value: Json, names: readonly string[]): readonly StateEntry[] {
  if (!isJsonObject(value))
    throw stateError(`it holds ${jsonTypeOf(value)} in the place of a state`);
  const { type = null, state, stream, global: whole, global_: renamed, data } = value;
  if (type === 'STATE') return parseStateMessage(state ?? null, names);
  const isStream = type === 'STREAM' || (isJsonObject(stream) && 'stream_descriptor' in stream);
  if (isPresent(stream) && isStream) return [parseStreamState(stream)];
  const globalState = whole ?? renamed;
  if (type === 'GLOBAL' && isPresent(globalState)) return parseGlobalState(globalState);
  if (isPresent(data) && (type === 'LEGACY' || type === null)) return parseLegacyState(data, names);
  if (type === null) return parseLegacyState(value, names);
  throw stateError(`it has a message of type ${quoted(type, knownTypes)} without its state`);
}

function parseStateFile(text: string): readonly Json[] {
  const content = text.trim();
  if (content === '') return [];
  // No line of a JSON text that has several is an object by itself.
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
 * @param text what the file holds; `''`: no state
 * @param names the streams there are
 * @throws TapError (config) for what no version of this source has written.
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
