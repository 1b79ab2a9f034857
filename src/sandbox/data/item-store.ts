import type { JsonObject } from '../../core/json.ts';

/** An item with its sort keys: `at`, then `key`. */
export interface StoredItem {
  /** In exports, the time in microseconds since 1970. In lists, the id or the position. */
  readonly at: number;
  /** Identifies the item. */
  readonly key: string;
  /** Generates the item on demand. */
  readonly item: () => JsonObject;
}

type SortKey = Pick<StoredItem, 'at' | 'key'>;

function compare(left: SortKey, right: SortKey): number {
  if (left.at !== right.at) return left.at - right.at;
  if (left.key === right.key) return 0;
  return left.key < right.key ? -1 : 1;
}

export function isAfter(left: SortKey, right: SortKey): boolean {
  return compare(left, right) > 0;
}

/** The items of a resource in order. Fast enough for about 100,000 items. */
export class ItemStore {
  readonly #byKey: Map<string, StoredItem>;
  readonly #initialKeys: readonly string[];
  #sorted: readonly StoredItem[] | undefined;

  constructor(entries: readonly StoredItem[]) {
    this.#sorted = entries.toSorted(compare);
    this.#initialKeys = this.#sorted.map(({ key }) => key);
    this.#byKey = new Map(this.#sorted.map((entry) => [entry.key, entry]));
  }

  get count(): number {
    return this.#byKey.size;
  }

  /** All items in order. */
  get entries(): readonly StoredItem[] {
    this.#sorted ??= [...this.#byKey.values()].sort(compare);
    return this.#sorted;
  }

  /** At most `max` items, starting at the first one that `isWanted` accepts. */
  from(isWanted: (entry: StoredItem) => boolean, max: number): readonly StoredItem[] {
    const first = this.entries.findIndex(isWanted);
    return first < 0 ? [] : this.entries.slice(first, first + max);
  }

  find(key: string): StoredItem | undefined {
    return this.#byKey.get(key);
  }

  /** The key of the item at this index of the initial order, from 0. */
  initialKey(place: number): string | undefined {
    return this.#initialKeys[place];
  }

  /** Adds an item or replaces the one with this key. */
  put(entry: StoredItem): void {
    this.#byKey.set(entry.key, entry);
    this.#sorted = undefined;
  }

  remove(key: string): void {
    this.#byKey.delete(key);
    this.#sorted = undefined;
  }
}
