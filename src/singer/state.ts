import { TapError } from '../core/errors.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { maxListed, quotedName } from '../core/quoting.ts';
import { didYouMean, similarNames } from '../core/suggestions.ts';
import type { SingerStream, Warn } from './catalog.ts';
import type { StateValue } from './messages.ts';

/** The names under which a state may hold a stream's bookmark. */
interface StreamNames extends Pick<SingerStream, 'name' | 'aliases'> {
  /** Raises a TapError (config) for an entry that the stream cannot go on from. */
  readonly checkBookmark?: (entry: JsonObject) => void;
}

/** A copy of the value that cannot change: what has been handed out as a state stays that state. */
function frozenCopy<T extends Json>(value: T): T {
  return deepFreeze(structuredClone(value));
}

function deepFreeze<T extends Json>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

/** Objects stay objects and every leaf becomes null: the only way to clear something in a merged state. */
function withNullLeaves(value: Json): Json {
  if (!isJsonObject(value)) return null;
  const entries = Object.entries(value).map(([key, child]) => [key, withNullLeaves(child)]);
  return Object.fromEntries(entries);
}

/** `next` laid over `old`: keys that `next` leaves out stay, and an object is never replaced by null. */
function merge(old: Json | undefined, next: Json): Json {
  if (!isJsonObject(old)) return next;
  if (next === null) return withNullLeaves(old);
  if (!isJsonObject(next)) return next;
  const entries = Object.entries(next).map(([key, value]) => [
    key,
    merge(Object.hasOwn(old, key) ? old[key] : undefined, value),
  ]);
  return { ...old, ...Object.fromEntries(entries) };
}

function stateError(problem: string): TapError {
  return new TapError(`The state is not usable: ${problem}`, { kind: 'config' });
}

/** Mistakes a person makes with a state file, each with what to do instead. */
function checkEnvelope(state: JsonObject, names: readonly string[]): void {
  if (state['bookmarks'] !== undefined) return;
  if (typeof state['type'] === 'string')
    throw stateError(
      'this is a whole message. Pass only what stands under the "value" of a STATE.',
    );
  const envelope = ['value', 'singer_state', 'completed'].find((key) => isJsonObject(state[key]));
  if (envelope !== undefined)
    throw stateError(
      `the bookmarks are wrapped up. Pass only what stands under its "${envelope}".`,
    );
  const stream = names.find((name) => Object.hasOwn(state, name));
  if (stream !== undefined)
    throw stateError(`"${stream}" stands at the top. Bookmarks belong under "bookmarks".`);
  const misspelt = Object.keys(state).find((key) => similarNames(key, ['bookmarks']).length > 0);
  if (misspelt !== undefined)
    throw stateError(`it has ${quotedName(misspelt, ['bookmarks'])} in the place of "bookmarks".`);
}

/** Every known stream's entry, whether it will be read or not: later it would be too late. */
function checkBookmarks(bookmarks: Json, streams: readonly StreamNames[]): void {
  if (bookmarks === null) return;
  if (!isJsonObject(bookmarks))
    throw stateError(`"bookmarks" must be an object, not ${jsonTypeOf(bookmarks)}.`);
  for (const stream of streams)
    for (const key of [stream.name, ...stream.aliases])
      if (Object.hasOwn(bookmarks, key)) checkEntry(key, bookmarks[key] ?? null, stream);
}

function checkEntry(key: string, entry: Json, { checkBookmark }: StreamNames): void {
  if (entry === null) return;
  if (!isJsonObject(entry))
    throw stateError(`"bookmarks.${key}" must be an object, not ${jsonTypeOf(entry)}.`);
  try {
    checkBookmark?.(entry);
  } catch (error) {
    // Only the stream knows its bookmark, only this place knows the stream.
    if (!(error instanceof TapError)) throw error;
    throw new TapError(`${key}: ${error.message}`, { kind: error.kind, stream: key });
  }
}

function checkCurrentlySyncing(value: Json): void {
  // Old taps left an empty object where there was nothing.
  const isEmpty = isJsonObject(value) && Object.keys(value).length === 0;
  if (value !== null && typeof value !== 'string' && !isEmpty)
    throw stateError(
      `"currently_syncing" must be the name of a stream or null, not ${jsonTypeOf(value)}.`,
    );
}

/** A misspelt name makes a stream start again. */
function warnOfUnknownStreams(state: JsonObject, names: readonly string[], warn: Warn): void {
  const { bookmarks = null, currently_syncing: _, ...others } = state;
  if (!isJsonObject(bookmarks)) {
    if (Object.keys(others).length > 0)
      warn('The state has no "bookmarks": every stream is read from the beginning.');
    return;
  }
  const unknown = Object.keys(bookmarks).filter((key) => !names.includes(key));
  const near = unknown.slice(0, maxListed).find((key) => similarNames(key, names).length > 0);
  if (near !== undefined)
    warn(
      `The state has a bookmark of a stream ${quotedName(near, names)}, which this tap does not have.${didYouMean(near, names)}`,
    );
}

/**
 * Every stream's bookmark, and whatever else the given state held: all of it goes out again in each
 * STATE, since a runner replaces what it has stored by the last one. States are also laid over one
 * another by runners, so a path keeps its JSON type or is null, and nothing is ever left out.
 */
export class State {
  #value: StateValue;

  private constructor(value: StateValue) {
    this.#value = value;
  }

  /**
   * Starts from a given state, or from nothing. `warn` gets, in one sentence, what of it has no meaning here.
   * @throws TapError of kind config for a state that cannot be understood.
   */
  static parse(
    given: Json = {},
    options: { readonly streams: readonly StreamNames[]; readonly warn?: Warn },
  ): State {
    const { streams, warn = () => undefined } = options;
    if (Array.isArray(given))
      throw stateError('this is a list, as Airbyte keeps it. A Singer state is an object.');
    if (!isJsonObject(given))
      throw stateError(`it must be an object with "bookmarks", not ${jsonTypeOf(given)}.`);
    const names = streams.flatMap(({ name, aliases }) => [name, ...aliases]);
    checkEnvelope(given, names);
    const { bookmarks = null, currently_syncing = null } = given;
    checkBookmarks(bookmarks, streams);
    checkCurrentlySyncing(currently_syncing);
    warnOfUnknownStreams(given, names, warn);
    return new State(frozenCopy({ ...given, bookmarks: bookmarks ?? {}, currently_syncing }));
  }

  /** `tap_stream_id` of the stream that an earlier run was reading when it ended too early. */
  get currentlySyncing(): string | undefined {
    const name = this.#value['currently_syncing'];
    return typeof name === 'string' ? name : undefined;
  }

  /**
   * A stream's bookmark, frozen: the entry under its `tap_stream_id`, else the first under one of the
   * other `names`. An empty entry is none.
   */
  getBookmark(tapStreamId: string, names: readonly string[] = []): JsonObject | undefined {
    const entries = [tapStreamId, ...names].map((name) => this.#entry(name));
    return entries.find((entry) => Object.keys(entry).length > 0);
  }

  /** `null`: no stream is being read any more. */
  setCurrentlySyncing(tapStreamId: string | null): void {
    this.#value = Object.freeze({ ...this.#value, currently_syncing: tapStreamId });
  }

  /**
   * A stream's bookmark moves. What other taps left in its entry (`foreignKeys`) is cleared, since the
   * new bookmark overrules it; all other keys are carried.
   */
  writeBookmark(tapStreamId: string, bookmark: JsonObject, foreignKeys: readonly string[]): void {
    const old = this.#entry(tapStreamId);
    const foreign = foreignKeys.filter((key) => Object.hasOwn(old, key));
    const cleared = foreign.map((key) => [key, withNullLeaves(old[key] ?? null)]);
    const entry = frozenCopy(merge({ ...old, ...Object.fromEntries(cleared) }, bookmark));
    const bookmarks = Object.freeze({ ...this.#bookmarks(), [tapStreamId]: entry });
    this.#value = Object.freeze({ ...this.#value, bookmarks });
  }

  /** The whole state as it is now, frozen: what happens later does not reach it. */
  value(): StateValue {
    return this.#value;
  }

  /** Would a STATE of now repeat this one? */
  equals(value: StateValue | undefined): boolean {
    return value === this.#value || JSON.stringify(value) === JSON.stringify(this.#value);
  }

  #bookmarks(): JsonObject {
    const { bookmarks = null } = this.#value;
    return isJsonObject(bookmarks) ? bookmarks : {};
  }

  #entry(name: string): JsonObject {
    const bookmarks = this.#bookmarks();
    const entry = Object.hasOwn(bookmarks, name) ? bookmarks[name] : undefined;
    return isJsonObject(entry) ? entry : {};
  }
}
