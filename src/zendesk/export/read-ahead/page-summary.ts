import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import { readEnd, type ExportResponse } from '../response.ts';
import type { TimeUnit } from '../bookmark.ts';

/** Properties of a page whose items are not parsed. */
export interface PageSummary {
  /** `undefined` for an empty page. */
  readonly end: ExportResponse['end'];
  readonly size: number;
}

/** A longer envelope contains more than a position. */
const maxTailBytes = 16 * 1024;
const closingBracket = 0x5d;

/**
 * Reads the position after the array of items, where the API writes it, without parsing the items. Returns `undefined`
 * if there is no position; then the body must be parsed.
 */
export function summarizeTail(bytes: Buffer, unit: TimeUnit): PageSummary | undefined {
  const index = bytes.lastIndexOf(closingBracket);
  if (index < 0 || bytes.length - index > maxTailBytes) return undefined;
  const envelope = tryParse(`{"items":[]${bytes.toString('utf8', index + 1)}`);
  if (envelope === undefined || !('end_time' in envelope)) return undefined;
  const { count } = envelope;
  if (count === 0) return { end: undefined, size: 0 };
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) return undefined;
  const end = readEnd(envelope, unit);
  return end && { end, size: count };
}

export function summarize({ items, end }: ExportResponse): PageSummary {
  return { end, size: items.length };
}

function tryParse(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // SyntaxError: the text after the last bracket is not the end of an object.
    return undefined;
  }
}

/**
 * Identifies repeated responses: pages of the same export with the same end and size contain the same items.
 */
export function fingerprintOf({ end, size }: PageSummary): string | undefined {
  return end && `${end.time} ${end.endId} ${size}`;
}
