import type { JsonObject } from '../json.ts';
import type { Patch } from './raw-json.ts';
import { applyPatch, isRaw, rawToText } from './raw-json.ts';

/** An item of a list and where it stands. */
export interface Listed {
  /** The place in a list that is paged by id. Lists that are answered whole keep the order of arrival. */
  readonly id: number;
  /** What `put`, `patch` and `remove` know the item by. */
  readonly key: string;
  /** For bans: the array it is in. */
  readonly group: string;
  readonly item: JsonObject;
}

/** The items of a list, small enough to be held. */
export interface ListStore {
  all(): readonly Listed[];
  put(listed: Listed): void;
  /** False: there is no such item. */
  patch(key: string, patch: Patch): boolean;
  remove(key: string): boolean;
}

/** Starts a list; with `byId` it is kept in ascending order of ids. */
export function createListStore(items: readonly Listed[], byId: boolean): ListStore {
  let all: readonly Listed[] = items;
  function put(listed: Listed): void {
    const place = all.findIndex(({ key }) => key === listed.key);
    const others = place < 0 ? [...all, listed] : all.with(place, listed);
    all = byId ? others.toSorted((left, right) => left.id - right.id) : others;
  }
  return {
    all: () => all,
    put,
    patch(key, patch) {
      const found = all.find((listed) => listed.key === key);
      if (found !== undefined) put({ ...found, item: applyPatch(found.item, patch) });
      return found !== undefined;
    },
    remove(key) {
      const before = all.length;
      all = all.filter((listed) => listed.key !== key);
      return all.length < before;
    },
  };
}

/** A value as it goes over the wire. */
export function wireText(value: unknown): string {
  const text = JSON.stringify(value);
  return isRaw(value) ? rawToText(text) : text;
}
