import type { JsonObject } from '../core/json.ts';
import type { Page, ReadOptions, ReadSettings, StreamDefinition } from './stream-definition.ts';
import { createUnknownListWarning, type ResponseShape } from './response-shape.ts';

interface ListSpec {
  readonly path: string;
  readonly shape: ResponseShape;
  /** Adds derived properties to an item, in place. */
  readonly prepare?: ((item: JsonObject, settings: ReadSettings) => void) | undefined;
}

async function fetchList(spec: ListSpec, { api, settings, warn }: ReadOptions): Promise<Page> {
  const options = { responseKeys: spec.shape.keys, reason: 'list' };
  const { body, receivedMs } = await api.get(spec.path, {}, options);
  createUnknownListWarning(warn)(spec.shape.unreadLists(body));
  const items = spec.shape.read(body).flatMap((list) => list.items);
  for (const item of items) spec.prepare?.(item, settings);
  return { items, fetchedMs: receivedMs };
}

/** An endpoint without pages: one request, no bookmark. The probe makes the same request. */
export function listEndpoint(spec: ListSpec): Pick<StreamDefinition, 'path' | 'pages' | 'probe'> {
  return {
    path: spec.path,
    pages: (options) =>
      async function* pages() {
        yield await fetchList(spec, options);
      },
    probe: async (options) => {
      const { items } = await fetchList(spec, options);
      return { items, count: items.length };
    },
  };
}
