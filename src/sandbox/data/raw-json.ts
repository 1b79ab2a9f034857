import type { Json, JsonObject } from '../../core/json.ts';

/** Changes to the top level of an item: a value replaces, `undefined` takes the key away. */
export type Patch = Readonly<Record<string, Json | undefined>>;

/** Begins a string that stands for raw JSON text: a character of the private use area, which no made-up data hold. */
const marker = '\uE000raw:';

/**
 * A value that is sent as exactly this JSON text, for what JavaScript cannot hold: `rawJson('9007199254740993')`.
 * It may stand anywhere in an item or a patch.
 */
export function rawJson(text: string): string {
  return marker + text;
}

const markedString = /"\uE000raw:((?:[^"\\]|\\.)*)"/gu;

/** A value as it goes over the wire. */
export function toJsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes(marker)) return text;
  return text.replace(markedString, (_whole, escaped: string) =>
    String(JSON.parse(`"${escaped}"`)),
  );
}

/** The item with the patch applied; the item itself stays as it was. */
export function applyPatch(item: JsonObject, patch: Patch): JsonObject {
  const changed: JsonObject = {};
  for (const [key, value] of Object.entries({ ...item, ...patch })) {
    if (value !== undefined) changed[key] = value;
  }
  return changed;
}
