import type { JsonObject } from '../../core/json.ts';

/** An item and where it stands among the others of its resource: by `at`, then by key. */
export interface StoredItem {
  /** Of an export its time in microseconds since 1970, of a list its id or its place. */
  readonly at: number;
  /** What the item is known by. */
  readonly key: string;
  /** Makes the item, which costs nothing until it is asked for. */
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

/** The items of a resource in their order; good for some 100,000. */
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

  /** At most so many items, from the first one that is wanted on. */
  from(isWanted: (entry: StoredItem) => boolean, max: number): readonly StoredItem[] {
    const first = this.entries.findIndex(isWanted);
    return first < 0 ? [] : this.entries.slice(first, first + max);
  }

  find(key: string): StoredItem | undefined {
    return this.#byKey.get(key);
  }

  /** The key of the item that was at this place, counted from 0, at the start. */
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
