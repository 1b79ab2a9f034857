import type { Json, JsonObject } from '../../core/json.ts';

/** Changes to the top level of an item. `undefined` removes the key. */
export type Patch = Readonly<Record<string, Json | undefined>>;

/** Marks a string that stands for raw JSON text. The data contains no private-use characters. */
const marker = '\uE000raw:';

/**
 * A value that is sent as exactly this JSON text, for values that JavaScript cannot represent, such as
 * `rawJson('9007199254740993')`. Can be used anywhere in an item or a patch.
 */
export function rawJson(text: string): string {
  return marker + text;
}

const markedString = /"\uE000raw:((?:[^"\\]|\\.)*)"/gu;

/** Converts a value to the JSON text that is sent. */
export function toJsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes(marker)) return text;
  return text.replace(markedString, (_whole, escaped: string) =>
    String(JSON.parse(`"${escaped}"`)),
  );
}

/** Returns a copy of the item with the patch applied. */
export function applyPatch(item: JsonObject, patch: Patch): JsonObject {
  const changed: JsonObject = {};
  for (const [key, value] of Object.entries({ ...item, ...patch })) {
    if (value !== undefined) changed[key] = value;
  }
  return changed;
}
