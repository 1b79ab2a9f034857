import type { JsonObject } from '../json.ts';
import type { Page, PageSource, Probe, ReadOptions, ReadSettings } from './definition.ts';
import { createListWarning, type Shape } from './shape.ts';

export interface ListSpec {
  readonly path: string;
  readonly shape: Shape;
  /** Fills in, in place, what the API leaves to be known. */
  readonly prepare?: (item: JsonObject, settings: ReadSettings) => void;
}

async function readList(spec: ListSpec, { api, settings, warn }: ReadOptions): Promise<Page> {
  const { body, receivedMs } = await api.get(spec.path, {}, { answerKeys: spec.shape.keys });
  createListWarning(warn)(spec.shape.unread(body));
  const items = spec.shape.read(body).flatMap((list) => list.items);
  for (const item of items) spec.prepare?.(item, settings);
  return { items, fetchedMs: receivedMs };
}

/** Endpoints that answer everything at once: one request, no bookmark. */
export function listPages(spec: ListSpec): PageSource {
  return (options) =>
    async function* pages() {
      yield await readList(spec, options);
    };
}

/** There is no smaller question. */
export function listProbe(spec: ListSpec): Probe {
  return (options) => readList(spec, options);
}
