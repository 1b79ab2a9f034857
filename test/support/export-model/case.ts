/** A made-up account and the habits of its server, all from one seed. */
import { microsToInstant } from '../../../src/core/instant.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { createDice, type Dice } from '../../no-loss/dice.ts';

/** 2026-01-10T12:00:00Z, when each first run begins. */
export const beginMs = Date.UTC(2026, 0, 10, 12);

export type ModelKind = 'chats' | 'edited chats' | 'agent_timeline';

export interface ModelItem {
  readonly key: string;
  /** The instant the export sorts it by, in the stream's unit. */
  readonly place: number;
  readonly version: number;
  /** The anomaly of its replication key. */
  readonly oddity: Oddity;
  /** From the replication key to `place`, in the stream's unit. */
  readonly length: number;
}

/** `moved`: its time is readable, and wrong by a week. */
export type Oddity = 'none' | 'missing' | 'null' | 'word' | 'moved' | 'offset';

const oddities: readonly Oddity[] = ['none', 'missing', 'null', 'word', 'moved', 'offset'];

export interface ModelCase {
  readonly seed: number;
  readonly kind: ModelKind;
  readonly stream: 'chats' | 'agent_timeline';
  /** Microseconds in a unit of the stream's times. */
  readonly unitMicros: 1_000_000 | 1;
  readonly items: readonly ModelItem[];
  readonly startId: 'exclusive' | 'inclusive' | 'ignored' | 'lookup';
  readonly hasEndId: boolean;
  /** `start_id` leads on through ties. */
  readonly isLed: boolean;
  /** Maximum number of items that the server sends, regardless of the requested limit. */
  readonly clamp: number;
  /** `chats_page_limit`. */
  readonly limit: number;
  /** Every n-th response is an empty page. */
  readonly emptyEvery: number | undefined;
  /** Every n-th response repeats the previous one. */
  readonly repeatEvery: number | undefined;
  /** Percentage of attempts that fail. */
  readonly failingPercent: number;
  /** Maximum time from a request to its response. */
  readonly latencyMs: number;
  /** The reader takes so long for a page at most. */
  readonly readerMs: number;
  /** In each such span a few chats are edited; `undefined`: the account is at rest. */
  readonly editEveryMs: number | undefined;
  readonly startDateMs: number;
  readonly endDateMs: number | undefined;
  readonly readAhead: number;
}

const second = 1_000_000;

/** Places from the newest back to the oldest, in microseconds: gaps, silences and ties. */
function placesOf(dice: Dice, count: number, unitMicros: number, largestTie: number): number[] {
  const hasSilences = dice.percent(40);
  const gap = dice.one([1, 3, 20, 600]);
  const tiePercent = dice.one([0, 5, 15, 30]);
  const places: number[] = [];
  let place = beginMs * 1000 - dice.between(0, 900) * second;
  while (places.length < count) {
    const ties = dice.percent(tiePercent) ? dice.between(2, largestTie) : 1;
    for (let index = 0; index < ties; index += 1) places.push(place);
    const silence = hasSilences && dice.percent(4) ? dice.between(3600, 30 * 86_400) : 0;
    place -= (silence + dice.between(unitMicros === 1 ? 0 : 1, gap)) * second;
    if (unitMicros === 1) place -= dice.between(1, second);
  }
  // Without an older item, a page with one time could be everything that exists.
  places.push(place - 60 * second);
  return places.map((micros) => Math.floor(micros / unitMicros));
}

function itemsOf(dice: Dice, places: readonly number[], unitMicros: number): ModelItem[] {
  const oddPercent = dice.percent(25) ? dice.one([5, 30, 100]) : 0;
  const sortsByEnd = unitMicros === 1 && dice.percent(50);
  return places.map((place, index) => ({
    key: `${dice.between(100, 999)}${index}`,
    place,
    version: 0,
    oddity: dice.percent(oddPercent) ? dice.one(oddities) : 'none',
    length: sortsByEnd ? dice.between(1, 3600 * second) : 0,
  }));
}

function startOf(dice: Dice, items: readonly ModelItem[], unitMicros: number): number {
  const micros = dice.one(items).place * unitMicros;
  // Mostly before all items; otherwise in the middle, where ties may be.
  const oldest = Math.min(...items.map(({ place }) => place)) * unitMicros;
  const start = dice.percent(80) ? oldest - dice.between(0, 100) * second : micros;
  return Math.floor(start / 1000);
}

/** Everything about a case follows from its kind and seed. */
export function createCase(kind: ModelKind, seed: number): ModelCase {
  const dice = createDice(seed * 7919 + kind.length);
  const isTimeline = kind === 'agent_timeline';
  const unitMicros = isTimeline ? 1 : second;
  const clamp = dice.percent(70) ? dice.between(2, 15) : dice.between(15, 60);
  const limit = dice.percent(50) ? clamp : dice.between(clamp, 1000);
  const startId = dice.one(['exclusive', 'inclusive', 'ignored', 'lookup'] as const);
  const hasEndId = isTimeline ? dice.percent(20) : dice.percent(90);
  // Ties that nothing leads through end most runs with an error: there are fewer of them.
  const isLed = hasEndId && startId !== 'ignored';
  const largestTie = dice.percent(isLed ? 60 : 20)
    ? Math.min(60, clamp * 4)
    : Math.max(2, clamp - 1);
  const count = Math.min(250, clamp * dice.between(1, 14) + dice.between(1, 5));
  const items = itemsOf(dice, placesOf(dice, count, unitMicros, largestTie), unitMicros);
  const newest = items[dice.between(0, Math.floor(items.length / 2))]?.place ?? 0;
  return {
    seed,
    kind,
    stream: isTimeline ? 'agent_timeline' : 'chats',
    unitMicros,
    items,
    startId,
    hasEndId,
    isLed,
    clamp,
    limit: isTimeline ? 1000 : limit,
    emptyEvery: isLed && !isTimeline && dice.percent(10) ? dice.between(5, 10) : undefined,
    repeatEvery: undefined,
    failingPercent: dice.percent(30) ? 10 : 0,
    latencyMs: dice.one([100, 2000, 8000]),
    readerMs: dice.percent(30) ? dice.between(1, 4000) : 0,
    editEveryMs: kind === 'edited chats' ? dice.between(500, 20_000) : undefined,
    startDateMs: startOf(dice, items, unitMicros),
    endDateMs: dice.percent(15) ? Math.floor((newest * unitMicros) / 1000) : undefined,
    readAhead: dice.between(2, 7),
  };
}

/** The replication key in microseconds; `undefined` if it cannot be read. */
export function statedMicros(item: ModelItem, { unitMicros }: ModelCase): number | undefined {
  const { place, length, oddity } = item;
  if (oddity === 'missing' || oddity === 'null' || oddity === 'word') return undefined;
  const micros = (place - length) * unitMicros;
  return oddity === 'moved' ? micros + 7 * 86_400 * second : micros;
}

const unreadable: ReadonlyMap<Oddity, JsonObject> = new Map([
  ['missing', {}],
  ['null', { time: null }],
  ['word', { time: 'yesterday' }],
]);

/** The item as the server sends it: besides the real keys its key, version and place. */
export function bodyOf(item: ModelItem, model: ModelCase): JsonObject {
  const { key, place, version, oddity } = item;
  const micros = statedMicros(item, model);
  const text = micros === undefined ? undefined : microsToInstant(micros);
  const time = oddity === 'offset' ? text?.replace('Z', '+00:00Z') : text;
  const value = time ?? unreadable.get(oddity)?.['time'];
  const isTimeline = model.stream === 'agent_timeline';
  return {
    ...(isTimeline ? { agent_id: Number(key) } : { id: key }),
    ...(value !== undefined && { [isTimeline ? 'start_time' : 'update_timestamp']: value }),
    key,
    version,
    place,
  };
}
