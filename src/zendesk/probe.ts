/** How each family of endpoints is probed. */
import { microsToInstant, timeToMicros } from '../instant.ts';
import { isJsonObject, type Json } from '../json.ts';
import type { Probe } from './definition.ts';
import type { ExportRequestSpec } from './export-request.ts';

export function listProbe(path: string): Probe {
  return async ({ api }) => {
    await api.get(path);
    return undefined;
  };
}

export function idProbe(path: string): Probe {
  return async ({ api }) => {
    await api.get(path, { limit: 1 });
    return undefined;
  };
}

const hourMs = 3_600_000;

/** How far back the newest item is looked for, one after another until there is one. */
const windowsMs = [hourMs, 24 * hourMs, 30 * 24 * hourMs, 5 * 365 * 24 * hourMs];

/** One request where something happened within the last hour, a few more where it is quiet. */
export function exportProbe({ name, path, unit, replicationKey }: ExportRequestSpec): Probe {
  const fields = `${name}(${replicationKey})`;
  return async ({ api, now }) => {
    for (const windowMs of windowsMs) {
      const start_time = Math.floor(((now() - windowMs) * 1000) / unit.micros);
      const { body } = await api.get(path, { fields, limit: 1000, start_time });
      const newest = newestOf(body, name, replicationKey);
      if (newest !== undefined) return newest;
    }
    return undefined;
  };
}

function newestOf(body: Json, name: string, key: string): string | undefined {
  const items = isJsonObject(body) ? body[name] : [];
  const micros = (Array.isArray(items) ? items : []).flatMap(
    (item) => (isJsonObject(item) ? timeToMicros(item[key]) : undefined) ?? [],
  );
  return micros.length === 0 ? undefined : microsToInstant(Math.max(...micros));
}
