import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { AccountData } from './account-data.ts';
import { chatEntry } from './chats.ts';
import { isoSeconds, parseIso, secondUs } from './time-formats.ts';
import { hash32 } from './random.ts';
import { applyPatch, toJsonText, type Patch } from './raw-json.ts';
import {
  exportNames,
  idListNames,
  isOneOf,
  listNames,
  objectNames,
  timeKeys,
  unitOf,
  type ExportName,
  type Resource,
} from './resources.ts';
import { ItemStore, type StoredItem } from './item-store.ts';
import type { Switches } from '../program/switches.ts';

export interface AccountOptions {
  readonly data: AccountData;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

/** Selects chats: the given ids, or `count` chats that the sandbox chooses (default 1). */
export interface ChatSelection {
  readonly ids?: readonly string[];
  readonly count?: number;
  /** The new update time in seconds since 1970. Default: now. */
  readonly at?: number;
}

const lateSeconds = 1200;

/** The data of the account, which can change while the sandbox runs. */
export class Account {
  readonly #stores = new Map<Resource, ItemStore>();
  readonly #options: AccountOptions;
  /** Number of initial chats. */
  readonly #chats: number;
  #added = 0;
  #edits = 0;
  #choices = 0;
  #keyless = 0;

  constructor(options: AccountOptions) {
    const { exports, lists } = options.data;
    this.#options = options;
    this.#chats = exports.chats.length;
    for (const name of exportNames) this.#stores.set(name, new ItemStore(exports[name]));
    for (const name of listNames) for (const item of lists[name]) this.put(name, item);
  }

  store(resource: Resource): ItemStore {
    const store = this.#stores.get(resource) ?? new ItemStore([]);
    this.#stores.set(resource, store);
    return store;
  }

  count(resource: Resource): number {
    return this.store(resource).count;
  }

  /** All items in the API's order, parsed from the JSON text that the API sends. */
  *dump(resource: Resource): Iterable<JsonObject> {
    for (const line of this.dumpLines(resource)) {
      const item: unknown = JSON.parse(line);
      if (isJsonObject(item)) yield item;
    }
  }

  /** All items in the API's order, as JSON text. */
  *dumpLines(resource: Resource): Iterable<string> {
    for (const { item } of this.store(resource).entries) yield toJsonText(item());
  }

  /** The id of an item by its index in the initial order of update times, from 0. */
  idAt(resource: ExportName, index: number): string {
    return this.#entryAt(resource, index).key;
  }

  /** The current time of that item in the export's unit: microseconds for agent_timeline, otherwise seconds. */
  timeAt(resource: ExportName, index: number): number {
    return Math.floor(this.#entryAt(resource, index).at / unitOf(resource));
  }

  #entryAt(resource: ExportName, index: number): StoredItem {
    const store = this.store(resource);
    const entry = store.find(store.initialKey(index) ?? '');
    if (entry === undefined) throw new RangeError(`${resource} has no item ${index}.`);
    return entry;
  }

  /**
   * Adds an item, or replaces the one with the same id. `at` is its sort key: in an export, the time in the export's
   * unit (default: its update_timestamp, timestamp or end of span); in a list paged by id, the id. Unpaged lists keep
   * the order of insertion.
   */
  put(resource: Resource, item: JsonObject, at?: number): void {
    const store = this.store(resource);
    const key = this.#keyOf(resource, item);
    store.put({ at: this.#placeOf(resource, key, item, at), key, item: () => item });
  }

  /** The key that identifies an item. A resource with a single object always has the same key. */
  #keyOf(resource: Resource, item: JsonObject): string {
    if (isOneOf(objectNames, resource)) return '';
    const { id, agent_id: agentId, name } = item;
    const startUs = parseIso(item['start_time']);
    if (resource === 'agent_timeline' && startUs !== undefined) {
      return `${JSON.stringify(agentId)}|${startUs}`;
    }
    if (typeof id === 'string') return id;
    if (timeKeys[resource] !== undefined) {
      this.#keyless += 1;
      return `without-id-${this.#keyless}`;
    }
    const own = id ?? agentId ?? name ?? item;
    return typeof own === 'string' ? own : JSON.stringify(own);
  }

  #placeOf(resource: Resource, key: string, item: JsonObject, at: number | undefined): number {
    if (isOneOf(idListNames, resource)) return at ?? Number(item['id'] ?? item['agent_id'] ?? 0);
    const timeKey = timeKeys[resource];
    if (timeKey === undefined) {
      const store = this.store(resource);
      return store.find(key)?.at ?? (store.entries.at(-1)?.at ?? 0) + 1;
    }
    if (at !== undefined) return at * unitOf(resource);
    const timeUs = parseIso(item[timeKey]);
    if (timeUs === undefined) {
      throw new Error(`An item of ${resource} without a time needs one given.`);
    }
    const isByEnd =
      resource === 'agent_timeline' && this.#options.switches().timelineSort === 'end';
    return isByEnd ? timeUs + Math.round(Number(item['duration']) * secondUs) : timeUs;
  }

  /**
   * Changes top-level keys of a chat; `undefined` removes a key. `at` (in seconds) sets its update time, including its
   * update_timestamp unless the patch contains one. Returns false if the chat does not exist.
   */
  patchChat(id: string, patch: Patch, at?: number): boolean {
    const entry = this.store('chats').find(id);
    if (entry === undefined) return false;
    const stamp = at === undefined ? {} : { update_timestamp: isoSeconds(at) };
    this.store('chats').put({
      key: id,
      at: at === undefined ? entry.at : at * secondUs,
      item: () => applyPatch(entry.item(), { ...stamp, ...patch }),
    });
    return true;
  }

  /** Gives chats new tags, a new rating and a new update time. Returns their ids. */
  edit(selection: ChatSelection = {}): string[] {
    const ids = this.#selectChats(selection);
    for (const id of ids) {
      this.#edits += 1;
      const rating = this.#edits % 2 === 0 ? 'good' : 'bad';
      const patch = { tags: ['edited', `edit-${this.#edits}`], rating };
      this.patchChat(id, patch, selection.at ?? this.#nowSeconds());
    }
    return ids;
  }

  /** Deletes chats as the switch `deletedChats` defines it. Returns their ids. */
  delete(selection: ChatSelection = {}): string[] {
    const ids = this.#selectChats(selection);
    const isGone = this.#options.switches().deletedChats === 'gone';
    for (const id of ids) {
      if (isGone) this.store('chats').remove(id);
      else this.patchChat(id, { deleted: true }, selection.at ?? this.#nowSeconds());
    }
    return ids;
  }

  /** Adds chats, now or at the given time. Returns their ids. */
  add({ count = 1, at = this.#nowSeconds() }: Omit<ChatSelection, 'ids'> = {}): string[] {
    return Array.from({ length: count }, () => {
      const entry = chatEntry(this.#options.data.chatOptions, this.#chats + this.#added, at);
      this.#added += 1;
      this.store('chats').put(entry);
      return entry.key;
    });
  }

  /** Adds chats with an update time in the past (default: 20 minutes ago). Returns their ids. */
  late(selection: Omit<ChatSelection, 'ids'> = {}): string[] {
    return this.add({ at: this.#nowSeconds() - lateSeconds, ...selection });
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.now() / 1000);
  }

  /** Selects different existing chats. The same calls in the same order select the same chats. */
  #selectChats({ ids, count = 1 }: ChatSelection): string[] {
    const store = this.store('chats');
    if (ids !== undefined) return ids.filter((id) => store.find(id) !== undefined);
    const chosen = new Set<string>();
    for (let tries = 0; chosen.size < count && tries < this.#chats * 4; tries += 1) {
      this.#choices += 1;
      const place = hash32(this.#options.data.chatOptions.seed + 5, this.#choices) % this.#chats;
      const key = store.initialKey(place);
      if (key !== undefined && store.find(key) !== undefined) chosen.add(key);
    }
    return [...chosen];
  }
}
