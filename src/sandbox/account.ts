import type { JsonObject } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { AccountChanges, AccountWorld } from './account-changes.ts';
import { createChanges } from './account-changes.ts';
import type { ChatEdits } from './chat-edits.ts';
import { createChatEdits } from './chat-edits.ts';
import type { Place } from './export-store.ts';
import { entryText } from './export-store.ts';
import { wireText } from './list-store.ts';
import type { ExportName, Resource } from './resources.ts';
import { isExport, isObject, unitUs } from './resources.ts';
import type { Stores } from './stores.ts';

/** What the account holds, and how to change it while the sandbox runs. */
export interface Account extends AccountChanges, ChatEdits {
  count(resource: Resource): number;
  /** Every item as the API would give it in full, in the API's order, parsed from the very text it would send. */
  dump(resource: Resource): Iterable<JsonObject>;
  /** The same as JSON texts. */
  dumpLines(resource: Resource): Iterable<string>;
  /** The id of the chat (or event) of this place, counted from 0 in the order of update times at the start. */
  idAt(resource: ExportName, index: number): string;
  /** Its time now, in the export's unit: microseconds for agent_timeline, else seconds. */
  timeAt(resource: ExportName, index: number): number;
}

function* linesOf(stores: Stores, resource: Resource): Iterable<string> {
  if (isExport(resource)) {
    for (const entry of stores.exports[resource].from(() => true)) yield entryText(entry);
  } else if (isObject(resource)) {
    yield wireText(stores.objects[resource]);
  } else {
    for (const { item } of stores.lists[resource].all()) yield wireText(item);
  }
}

function* parsed(lines: Iterable<string>): Iterable<JsonObject> {
  for (const line of lines) {
    const item: unknown = JSON.parse(line);
    if (isJsonObject(item)) yield item;
  }
}

function atIndex(stores: Stores, resource: ExportName, index: number): Place {
  const entry = stores.exports[resource].atIndex(index);
  if (entry === undefined) throw new RangeError(`${resource} has no item ${index}.`);
  return entry;
}

function countOf(stores: Stores, resource: Resource): number {
  if (isExport(resource)) return stores.exports[resource].count();
  return isObject(resource) ? 1 : stores.lists[resource].all().length;
}

/** The account around its stores. */
export function createAccount(world: AccountWorld): Account {
  const { stores } = world;
  const changes = createChanges(world);
  return {
    ...changes,
    ...createChatEdits(world, changes),
    count: (resource) => countOf(stores, resource),
    dump: (resource) => parsed(linesOf(stores, resource)),
    dumpLines: (resource) => linesOf(stores, resource),
    idAt: (resource, index) => atIndex(stores, resource, index).id,
    timeAt: (resource, index) =>
      Math.floor(atIndex(stores, resource, index).timeUs / unitUs(resource)),
  };
}
