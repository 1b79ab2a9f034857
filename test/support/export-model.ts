import type { Query } from '../../src/http/transport.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { seconds } from '../../src/zendesk/export/bookmark.ts';
import { exportPages } from '../../src/zendesk/export/pages.ts';
import { now, readAll, scriptedApi, type Answer, type Reading } from './scripted-api.ts';

export interface ModelItem {
  readonly id: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** How a made-up export server behaves where the real one is not documented. */
export interface ModelOptions {
  readonly items: readonly ModelItem[];
  readonly startId: 'exclusive' | 'inclusive' | 'ignored' | 'lookup';
  /** The largest page the server sends, whatever is asked for. */
  readonly clamp: number;
  readonly hasEndId: boolean;
  /** Every n-th request is answered with an empty page. */
  readonly emptyEvery?: number;
}

function follows(item: ModelItem, query: Query, options: ModelOptions): boolean {
  const time = Number(query['start_time']);
  const startId = query['start_id'];
  if (item.time < time) return false;
  if (startId === undefined || options.startId === 'ignored') return true;
  if (options.startId === 'lookup') {
    const place = options.items.find(({ id }) => id === startId);
    return place !== undefined && isBehind(item, place.time, place.id);
  }
  const isSame = item.time === time && item.id === startId;
  return isBehind(item, time, String(startId)) || (isSame && options.startId === 'inclusive');
}

function isBehind(item: ModelItem, time: number, id: string): boolean {
  return item.time > time || (item.time === time && item.id > id);
}

function isoOf(time: number): string {
  return new Date(time * 1000).toISOString().replace('.000Z', 'Z');
}

function answer(query: Query, options: ModelOptions): JsonObject {
  const sorted = options.items.toSorted((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
  const limit = Math.min(Number(query['limit']), options.clamp);
  const page = sorted.filter((item) => follows(item, query, options)).slice(0, limit);
  const last = page.at(-1);
  return {
    chats: page.map(({ id, time }) => ({ id, at: isoOf(time) })),
    count: page.length,
    end_time: last?.time ?? null,
    end_id: options.hasEndId ? (last?.id ?? null) : null,
  };
}

export const modelSource = exportPages({
  name: 'chats',
  path: 'incremental/chats',
  unit: seconds,
  replicationKey: 'at',
  foreignTimeKeys: [],
  foreignBookmarkKeys: [],
  identify: (item) => JSON.stringify([item['id'], item['at']]),
});

/** Reads the model from a bookmark on, with at most `requests` requests: more would be a loop. */
export async function readModel(
  options: ModelOptions,
  bookmark?: JsonObject,
  requests = 500,
): Promise<Reading> {
  let asked = 0;
  const next: Answer = (query): Json => {
    asked += 1;
    const isEmpty = options.emptyEvery !== undefined && asked % options.emptyEvery === 0;
    return isEmpty ? { chats: [], end_time: null } : answer(query, options);
  };
  return readAll(modelSource, {
    api: scriptedApi(Array<Answer>(requests).fill(next)),
    nowMs: now,
    settings: { hasStartDate: true, startDateMs: Date.UTC(2026, 0, 5) },
    ...(bookmark === undefined ? {} : { bookmark }),
  });
}
