import { TapError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { PageSource, ReadSettings } from './definition.ts';

/** What the answer is: a bare array, the one object itself, or the one object under `data`. */
export type ListShape = 'array' | 'object' | 'data';

export interface ListSpec {
  readonly path: string;
  readonly shape: ListShape;
  /** Fills in, in place, what the API leaves to be known. */
  readonly prepare?: (item: JsonObject, settings: ReadSettings) => void;
}

/** The objects of a list. @throws TapError (system) when it is no list of objects. */
export function objectsIn(list: Json | undefined): readonly JsonObject[] {
  if (!Array.isArray(list) || !list.every((item) => isJsonObject(item))) {
    throw new TapError("the API's answer is no list of objects; nothing was read from it", {
      kind: 'system',
    });
  }
  return list;
}

function itemsOf(body: Json, { shape }: ListSpec): readonly JsonObject[] {
  if (shape === 'array') return objectsIn(body);
  return objectsIn([shape === 'data' && isJsonObject(body) ? (body['data'] ?? null) : body]);
}

/** Endpoints that answer everything at once: one request, no bookmark. */
export function listPages(spec: ListSpec): PageSource {
  return ({ api, settings }) =>
    async function* pages() {
      const { body, receivedMs } = await api.get(spec.path);
      const items = itemsOf(body, spec);
      for (const item of items) spec.prepare?.(item, settings);
      yield { items, fetchedMs: receivedMs };
    };
}
