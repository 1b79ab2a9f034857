/** How the endpoints that answer in pages are probed. */
import { microsToInstant, timeToMicros } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import type { Probe } from './stream-definition.ts';
import type { ExportSpec } from './export/pages.ts';
import { ExportClient } from './export/client.ts';
import type { IdListSpec } from './id-pages.ts';

export function idProbe({ path, shape, prepare }: IdListSpec): Probe {
  return async ({ api }) => {
    const query = { limit: 1, since_id: 0 };
    const { body } = await api.get(path, query, { responseKeys: shape.keys });
    const lists = shape.read(body);
    for (const { name, items } of lists) for (const item of items) prepare?.(item, name);
    return { items: lists.flatMap(({ items }) => items) };
  };
}

const hourMs = 3_600_000;

/** How far back the newest item is looked for, one after another until there is one. */
const windowsMs = [hourMs, 24 * hourMs, 30 * 24 * hourMs, 5 * 365 * 24 * hourMs];

/** One request where something happened within the last hour, a few more where it is quiet. */
export function exportProbe(spec: ExportSpec): Probe {
  return async (options) => {
    const client = new ExportClient(spec, options);
    for (const windowMs of windowsMs) {
      const time = Math.floor(((options.now() - windowMs) * 1000) / spec.unit.micros);
      const response = await client.fetchPage({ time, startId: null }, false);
      const items = response?.items ?? [];
      for (const item of items) spec.prepare?.(item);
      if (items.length > 0) return { items, newest: newestTime(items, spec.replicationKey) };
    }
    return { items: [] };
  };
}

function newestTime(items: readonly JsonObject[], key: string): string | undefined {
  const micros = items.flatMap((item) => timeToMicros(item[key]) ?? []);
  return micros.length === 0 ? undefined : microsToInstant(Math.max(...micros));
}
