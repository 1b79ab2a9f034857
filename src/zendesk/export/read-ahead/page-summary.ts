import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import { readEnd, type ExportResponse } from '../response.ts';
import type { TimeUnit } from '../bookmark.ts';

/** What is known of a page whose items are not parsed. */
export interface PageSummary {
  /** `undefined`: the page is empty. */
  readonly end: ExportResponse['end'];
  readonly size: number;
}

/** An envelope longer than this holds more than a position. */
const maxTailBytes = 16 * 1024;
const closingBracket = 0x5d;

/**
 * What follows the list of items, without a parse of the items: the API writes the position there.
 * `undefined` when there is no position; then the body has to be parsed.
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
    // What follows the last bracket is no end of an object.
    return undefined;
  }
}

/**
 * Identifies repeated responses: pages of the same export with the same end and size contain the same items.
 */
export function fingerprintOf({ end, size }: PageSummary): string | undefined {
  return end && `${end.time} ${end.endId} ${size}`;
}
