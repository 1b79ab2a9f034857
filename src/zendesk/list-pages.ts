import type { JsonObject } from '../core/json.ts';
import type { Page, ReadOptions, ReadSettings, StreamDefinition } from './stream-definition.ts';
import { createUnknownListWarning, type ResponseShape } from './response-shape.ts';

interface ListSpec {
  readonly path: string;
  readonly shape: ResponseShape;
  /** Fills in, in place, what the API leaves to be known. */
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

/** Endpoints that answer everything at once: one request, no bookmark, and no smaller request to probe with. */
export function listEndpoint(spec: ListSpec): Pick<StreamDefinition, 'path' | 'pages' | 'probe'> {
  return {
    path: spec.path,
    pages: (options) =>
      async function* pages() {
        yield await fetchList(spec, options);
      },
    probe: (options) => fetchList(spec, options),
  };
}
