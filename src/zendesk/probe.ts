/** Probes of the endpoints with pages. */
import { microsToInstant, timeToMicros } from '../core/instant.ts';
import type { Probe } from './stream-definition.ts';
import type { ExportSpec } from './export/pages.ts';
import { ExportClient } from './export/client.ts';
import type { IdListSpec } from './id-pages.ts';

export function idProbe({ path, shape, prepare }: IdListSpec): Probe {
  return async ({ api }) => {
    const query = { limit: 1, since_id: 0 };
    const options = { responseKeys: shape.keys, reason: 'probe' };
    const { body } = await api.get(path, query, options);
    const lists = shape.read(body);
    for (const { name, items } of lists) for (const item of items) prepare?.(item, name);
    return { items: lists.flatMap(({ items }) => items) };
  };
}

/** The ranges in which the newest item is searched, one after another until an item is found. */
const windowsMs = [1, 24, 30 * 24, 5 * 365 * 24].map((hours) => hours * 3_600_000);

/** Makes one request if there is an item from the last hour, otherwise a few more. */
export function exportProbe(spec: ExportSpec): Probe {
  return async (options) => {
    const client = new ExportClient(spec, options);
    for (const windowMs of windowsMs) {
      const time = Math.floor(((options.now() - windowMs) * 1000) / spec.unit.micros);
      const first = { kind: 'regular', time, startId: null } as const;
      const response = await client.fetchPage(first, { reason: 'probe' });
      const items = response?.items ?? [];
      for (const item of items) spec.prepare?.(item);
      const times = items.flatMap((item) => timeToMicros(item[spec.replicationKey]) ?? []);
      const newest = times.length > 0 ? microsToInstant(Math.max(...times)) : undefined;
      if (items.length > 0) return { items, newest };
    }
    return { items: [] };
  };
}
