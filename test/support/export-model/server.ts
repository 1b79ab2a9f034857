/** A made-up export server, and what happens to the account while it is read. */
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { Query } from '../../../src/http/transport.ts';
import { createDice, type Dice } from '../../no-loss/dice.ts';
import { createApi, type ModelApi } from './api.ts';
import { beginMs, bodyOf, type ModelCase, type ModelItem } from './case.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Number of edits after which the account does not change. */
const mostEdits = 400;

export interface ModelServer {
  /** A run's API. `dice` decides what takes long and what fails. */
  readonly api: (time: VirtualTime, dice: Dice) => ModelApi;
  /** From now on nothing changes any more. */
  readonly settle: () => void;
  /** The current items. */
  readonly items: () => readonly ModelItem[];
}

function byPlace(a: ModelItem, b: ModelItem): number {
  return a.place - b.place || (a.key < b.key ? -1 : 1);
}

function isBehind({ place, key }: ModelItem, other: Pick<ModelItem, 'place' | 'key'>): boolean {
  return place > other.place || (place === other.place && key > other.key);
}

function follows(
  item: ModelItem,
  query: Query,
  items: readonly ModelItem[],
  mode: ModelCase['startId'],
): boolean {
  const place = Number(query['start_time']);
  const key = query['start_id'];
  if (key === undefined || mode === 'ignored') return item.place >= place;
  if (mode === 'lookup') {
    const found = items.find((other) => other.key === key);
    return found !== undefined && isBehind(item, found);
  }
  const isSame = item.place === place && item.key === key;
  return isBehind(item, { place, key: String(key) }) || (isSame && mode === 'inclusive');
}

/** A few chats are edited at once; now and then one is deleted, and a new one comes. */
function edit(items: readonly ModelItem[], nowMs: number, dice: Dice): ModelItem[] {
  const place = Math.floor(nowMs / 1000);
  const first = dice.between(0, items.length - 1);
  // Neighbours are edited together: they may be those of one instant.
  const last = first + dice.between(0, 2);
  const isDeletion = dice.percent(10);
  const edited = items.flatMap((item, index) => {
    if (index < first || index > last) return [item];
    return isDeletion ? [] : [{ ...item, place, version: item.version + 1 }];
  });
  if (dice.percent(10)) {
    const key = `new${nowMs}`;
    edited.push({ key, place, version: 0, oddity: 'none', length: 0 });
  }
  return edited.toSorted(byPlace);
}

export function createServer(model: ModelCase): ModelServer {
  let items: readonly ModelItem[] = model.items.toSorted(byPlace);
  const editDice = createDice(model.seed * 31);
  let edits = 0;
  let nextEditMs = beginMs;

  const changeUntil = (nowMs: number): void => {
    const everyMs = model.editEveryMs;
    if (everyMs === undefined) return;
    for (; nextEditMs <= nowMs && edits < mostEdits && items.length > 0; edits += 1) {
      items = edit(items, nextEditMs, editDice);
      nextEditMs += editDice.between(1, 2 * everyMs);
    }
  };

  const pageAt = (query: Query): JsonObject => {
    const limit = Math.min(Number(query['limit']), model.clamp);
    const page = items.filter((item) => follows(item, query, items, model.startId)).slice(0, limit);
    const last = page.at(-1);
    return {
      [model.stream]: page.map((item) => bodyOf(item, model)),
      count: page.length,
      end_time: last?.place ?? null,
      ...(model.hasEndId && { end_id: last?.key ?? null }),
    };
  };

  const bodyAt = (nowMs: number, query: Query): Json => {
    changeUntil(nowMs);
    return pageAt(query);
  };

  const settle = (): void => {
    nextEditMs = Number.POSITIVE_INFINITY;
  };

  return {
    api: (time, dice) => createApi({ model, time, dice, bodyAt }),
    settle,
    items: () => items,
  };
}
