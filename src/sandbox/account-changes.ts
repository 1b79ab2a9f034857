import type { JsonObject } from '../json.ts';
import { isoSeconds, parseIso, secondUs } from './instants.ts';
import type { Patch } from './raw-json.ts';
import type { ExportName, IdListName, PlainName, Resource } from './resources.ts';
import { isExport, isObject, unitUs } from './resources.ts';
import type { Stores } from './stores.ts';
import { listed } from './stores.ts';
import type { Switches } from './switches.ts';

/** What an account is made of. */
export interface AccountWorld {
  readonly stores: Stores;
  readonly switches: () => Switches;
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

/** Where an item of an export says itself that it belongs; undefined if it does not say so in a form the API uses. */
function ownTimeUs(
  resource: ExportName,
  item: JsonObject,
  sort: 'end' | 'start',
): number | undefined {
  if (resource === 'chats') return parseIso(item['update_timestamp']);
  if (resource !== 'agent_timeline') return parseIso(item['timestamp']);
  const startUs = parseIso(item['start_time']);
  const lengthUs = sort === 'end' ? Math.round(Number(item['duration']) * secondUs) : 0;
  return startUs === undefined ? undefined : startUs + lengthUs;
}

type ListedResource = ExportName | PlainName | IdListName;

/** What can be changed while the sandbox runs. */
export interface AccountChanges {
  /** Goes up with every change. */
  version(): number;
  /**
   * Adds an item, or replaces the one with the same id. `at` is where it stands: for an export its time in the
   * export's unit (default: its own update_timestamp, timestamp or end of span), for a list paged by id its id.
   */
  put(resource: Resource, item: JsonObject, at?: number): void;
  /** Changes top-level keys of an item (`undefined` removes one); with `at`, an export's item moves to that time. */
  patch(resource: ListedResource, id: string, patch: Patch, at?: number): boolean;
  /** `patch` for chats. With `at` (seconds) the chat's update_timestamp says so too, unless the patch names it. */
  patchChat(id: string, patch: Patch, at?: number): boolean;
  /** Takes an item away without a trace. False: there was none. */
  remove(resource: ListedResource, id: string): boolean;
}

/** Puts items where they belong among the exports, or replaces and moves them. */
function createExportChanges({ stores, switches }: AccountWorld) {
  let keyless = 0;
  function ownId(resource: ExportName, item: JsonObject): string {
    const startUs = parseIso(item['start_time']);
    const { id, agent_id: agentId } = item;
    if (resource === 'agent_timeline' && startUs !== undefined) {
      return `${JSON.stringify(agentId)}|${startUs}`;
    }
    if (typeof id === 'string') return id;
    keyless += 1;
    return `without-id-${keyless}`;
  }
  return {
    put(resource: ExportName, item: JsonObject, at: number | undefined): void {
      const ownUs = ownTimeUs(resource, item, switches().timelineSort);
      const timeUs = at === undefined ? ownUs : at * unitUs(resource);
      if (timeUs === undefined) {
        throw new Error(`An item of ${resource} without a time needs one given.`);
      }
      stores.exports[resource].put({ timeUs, id: ownId(resource, item) }, item);
    },
    patch(resource: ExportName, id: string, changes: Patch, at: number | undefined): boolean {
      const timeUs = at === undefined ? undefined : at * unitUs(resource);
      return stores.exports[resource].patch(id, changes, timeUs);
    },
  };
}

/** A ban is in the array whose key it has. */
function groupOf(resource: PlainName | IdListName, item: JsonObject): string {
  if (resource !== 'bans') return '';
  return 'ip_address' in item ? 'ip_address' : 'visitor';
}

/** The changes of an account, counted. */
export function createChanges(world: AccountWorld): AccountChanges {
  const { stores } = world;
  const exported = createExportChanges(world);
  let version = 0;
  function patch(resource: ListedResource, id: string, changes: Patch, at?: number): boolean {
    version += 1;
    if (isExport(resource)) return exported.patch(resource, id, changes, at);
    return stores.lists[resource].patch(id, changes);
  }
  return {
    version: () => version,
    put(resource, item, at) {
      version += 1;
      if (isExport(resource)) {
        exported.put(resource, item, at);
      } else if (isObject(resource)) {
        stores.objects[resource] = item;
      } else {
        const own = listed(item, groupOf(resource, item));
        stores.lists[resource].put({ ...own, id: at ?? own.id });
      }
    },
    patch,
    patchChat(id, changes, at) {
      const stamp = at === undefined ? {} : { update_timestamp: isoSeconds(at) };
      return patch('chats', id, { ...stamp, ...changes }, at);
    },
    remove(resource, id) {
      version += 1;
      const store = isExport(resource) ? stores.exports[resource] : stores.lists[resource];
      return store.remove(id);
    },
  };
}
