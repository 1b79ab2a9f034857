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

/** Which chats to touch: these, or so many the sandbox chooses (default 1), at this time (default: now). */
export interface ChatSelection {
  readonly ids?: readonly string[];
  readonly count?: number;
  /** The new update time in seconds since 1970. */
  readonly at?: number;
}

const lateSeconds = 1200;

/** What the account holds, and how to change it while the sandbox runs. */
export class Account {
  readonly #stores = new Map<Resource, ItemStore>();
  readonly #options: AccountOptions;
  /** Chats that existed from the start. */
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

  /** Every item as the API would give it in full, in the API's order, parsed from the very text it would send. */
  *dump(resource: Resource): Iterable<JsonObject> {
    for (const line of this.dumpLines(resource)) {
      const item: unknown = JSON.parse(line);
      if (isJsonObject(item)) yield item;
    }
  }

  /** The same as JSON texts. */
  *dumpLines(resource: Resource): Iterable<string> {
    for (const { item } of this.store(resource).entries) yield toJsonText(item());
  }

  /** The id of the chat (or event) of this place, counted from 0 in the order of update times at the start. */
  idAt(resource: ExportName, index: number): string {
    return this.#entryAt(resource, index).key;
  }

  /** Its time now, in the export's unit: microseconds for agent_timeline, else seconds. */
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
   * Adds an item, or replaces the one with the same id. `at` is where it stands: for an export its time in the
   * export's unit (default: its own update_timestamp, timestamp or end of span), for a list paged by id its id. Lists
   * that are answered whole keep the order of arrival.
   */
  put(resource: Resource, item: JsonObject, at?: number): void {
    const store = this.store(resource);
    const key = this.#keyOf(resource, item);
    store.put({ at: this.#placeOf(resource, key, item, at), key, item: () => item });
  }

  /** What an item is known by. A single object takes the place of the one there is. */
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
   * Changes top-level keys of a chat (`undefined` removes one). With `at` (seconds) it moves to that time, and its
   * update_timestamp says so too, unless the patch names it. False: there is no such chat.
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

  /** Deletes chats as the switch `deletedChats` says. Returns their ids. */
  delete(selection: ChatSelection = {}): string[] {
    const ids = this.#selectChats(selection);
    const isGone = this.#options.switches().deletedChats === 'gone';
    for (const id of ids) {
      if (isGone) this.store('chats').remove(id);
      else this.patchChat(id, { deleted: true }, selection.at ?? this.#nowSeconds());
    }
    return ids;
  }

  /** New chats, now or at a given time. Returns their ids. */
  add({ count = 1, at = this.#nowSeconds() }: Omit<ChatSelection, 'ids'> = {}): string[] {
    return Array.from({ length: count }, () => {
      const entry = chatEntry(this.#options.data.chatOptions, this.#chats + this.#added, at);
      this.#added += 1;
      this.store('chats').put(entry);
      return entry.key;
    });
  }

  /** Late arrivals: new chats whose update time lies in the past (default: 20 minutes). Returns their ids. */
  late(selection: Omit<ChatSelection, 'ids'> = {}): string[] {
    return this.add({ at: this.#nowSeconds() - lateSeconds, ...selection });
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.now() / 1000);
  }

  /** Picks chats that exist, none twice; the same calls in the same order pick the same ones. */
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
