import { TapError } from '../core/errors.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { maxListed, quotedName } from '../core/quoting.ts';
import { didYouMean, similarNames } from '../core/suggestions.ts';
import type { SingerStream, Warn } from './catalog.ts';
import type { StateValue } from './messages.ts';

/** The keys under which a state may hold a stream's bookmark. */
interface StreamNames extends Pick<SingerStream, 'name' | 'aliases'> {
  /** Throws a TapError (config) for a bookmark that the stream cannot resume from. */
  readonly checkBookmark?: (entry: JsonObject) => void;
}

/** A frozen deep copy: a state that was returned must not change later. */
function frozenCopy<T extends Json>(value: T): T {
  return deepFreeze(structuredClone(value));
}

function deepFreeze<T extends Json>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

/** Keeps objects and replaces all other values by null. Runners that merge states clear a key only this way. */
function withNullLeaves(value: Json): Json {
  if (!isJsonObject(value)) return null;
  const entries = Object.entries(value).map(([key, child]) => [key, withNullLeaves(child)]);
  return Object.fromEntries(entries);
}

/** Merges `next` into `old`. Keys that `next` does not have stay, and null never replaces an object. */
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

/** Detects common mistakes in a state file. */
function checkEnvelope(state: JsonObject, names: readonly string[]): void {
  if (state['bookmarks'] !== undefined) return;
  if (typeof state['type'] === 'string')
    throw stateError('it is a whole message. Pass only the "value" of a STATE message.');
  const envelope = ['value', 'singer_state', 'completed'].find((key) => isJsonObject(state[key]));
  if (envelope !== undefined)
    throw stateError(
      `the bookmarks are inside "${envelope}". Pass only the value of "${envelope}".`,
    );
  const stream = names.find((name) => Object.hasOwn(state, name));
  if (stream !== undefined)
    throw stateError(`"${stream}" is at the top level. Bookmarks belong under "bookmarks".`);
  const misspelt = Object.keys(state).find((key) => similarNames(key, ['bookmarks']).length > 0);
  if (misspelt !== undefined)
    throw stateError(`it has ${quotedName(misspelt, ['bookmarks'])} instead of "bookmarks".`);
}

/** Checks the bookmarks of all known streams, selected or not, before the first request. */
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
    // The stream's check does not know under which key the bookmark was found.
    if (!(error instanceof TapError)) throw error;
    throw new TapError(`${key}: ${error.message}`, { kind: error.kind, stream: key });
  }
}

function checkCurrentlySyncing(value: Json): void {
  // Old taps write an empty object instead of null.
  const isEmpty = isJsonObject(value) && Object.keys(value).length === 0;
  if (value !== null && typeof value !== 'string' && !isEmpty)
    throw stateError(
      `"currently_syncing" must be the name of a stream or null, not ${jsonTypeOf(value)}.`,
    );
}

/** Without a warning, a misspelt name would restart its stream from the beginning. */
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
      `The state has a bookmark for the stream ${quotedName(near, names)}, which this tap does not have.${didYouMean(near, names)}`,
    );
}

/**
 * The bookmarks of all streams and all other keys of the input state. Each STATE message repeats everything, because
 * some runners replace the stored state by the last message. Other runners merge states, so a path keeps its JSON type
 * or becomes null, and no key is ever removed.
 */
export class State {
  #value: StateValue;

  private constructor(value: StateValue) {
    this.#value = value;
  }

  /**
   * Parses the input state, if there is one. `warn` receives one sentence for each part that has no effect.
   * @throws TapError (config) for an invalid state.
   */
  static parse(
    given: Json = {},
    options: { readonly streams: readonly StreamNames[]; readonly warn?: Warn },
  ): State {
    const { streams, warn = () => undefined } = options;
    if (Array.isArray(given))
      throw stateError('it is an array, as in Airbyte. A Singer state is an object.');
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

  /** `tap_stream_id` of the stream that the previous run was reading when it stopped early. */
  get currentlySyncing(): string | undefined {
    const name = this.#value['currently_syncing'];
    return typeof name === 'string' ? name : undefined;
  }

  /**
   * A stream's frozen bookmark: the entry under its `tap_stream_id`, or the first one under another of its `names`.
   * Skips empty entries.
   */
  getBookmark(tapStreamId: string, names: readonly string[] = []): JsonObject | undefined {
    const entries = [tapStreamId, ...names].map((name) => this.#entry(name));
    return entries.find((entry) => Object.keys(entry).length > 0);
  }

  /** `null` means that no stream is being read. */
  setCurrentlySyncing(tapStreamId: string | null): void {
    this.#value = Object.freeze({ ...this.#value, currently_syncing: tapStreamId });
  }

  /**
   * Sets a stream's bookmark. Clears keys that other taps left in its entry (`foreignKeys`), because the new bookmark
   * replaces them, and keeps all other keys.
   */
  writeBookmark(tapStreamId: string, bookmark: JsonObject, foreignKeys: readonly string[]): void {
    const old = this.#entry(tapStreamId);
    const foreign = foreignKeys.filter((key) => Object.hasOwn(old, key));
    const cleared = foreign.map((key) => [key, withNullLeaves(old[key] ?? null)]);
    const entry = frozenCopy(merge({ ...old, ...Object.fromEntries(cleared) }, bookmark));
    const bookmarks = Object.freeze({ ...this.#bookmarks(), [tapStreamId]: entry });
    this.#value = Object.freeze({ ...this.#value, bookmarks });
  }

  /** The current state, frozen. Later changes do not affect it. */
  value(): StateValue {
    return this.#value;
  }

  /** Whether the current state equals this one. */
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
