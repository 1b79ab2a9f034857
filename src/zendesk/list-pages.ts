import type { JsonObject } from '../json.ts';
import type { PageSource, ReadSettings } from './definition.ts';
import { createListWarning, type Shape } from './shape.ts';

export interface ListSpec {
  readonly path: string;
  readonly shape: Shape;
  /** Fills in, in place, what the API leaves to be known. */
  readonly prepare?: (item: JsonObject, settings: ReadSettings) => void;
}

/** Endpoints that answer everything at once: one request, no bookmark. */
export function listPages(spec: ListSpec): PageSource {
  return ({ api, settings, warn }) =>
    async function* pages() {
      const { body, receivedMs } = await api.get(spec.path, {}, { answerKeys: spec.shape.keys });
      createListWarning(warn)(spec.shape.unread(body));
      const items = spec.shape.read(body).flatMap((list) => list.items);
      for (const item of items) spec.prepare?.(item, settings);
      yield { items, fetchedMs: receivedMs };
    };
}
