import { timeToMicros } from '../../../core/instant.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { BookmarkSpec } from '../bookmark.ts';
import type { ExportResponse } from '../response.ts';

export type AnchorSpec = Pick<BookmarkSpec, 'replicationKey' | 'unit'> & {
  readonly identify: (item: JsonObject) => string;
};

/** The last item that the walk received, and the position of its page. */
export interface Anchor {
  readonly time: number;
  /** Identity of the item as the API sent it. */
  readonly identity: string;
}

/** The anchor of a page, before its items are changed; `undefined` if the page has no position. */
export function anchorOf({ items, end }: ExportResponse, spec: AnchorSpec): Anchor | undefined {
  const last = items.at(-1);
  return end && last && { time: end.time, identity: spec.identify(last) };
}

/**
 * The part of an early page that is a response to the regular request at the anchor's position: the items from the
 * anchor on, and earlier items with the same time, because the order of items with the same time may change.
 *
 * The page is cut at an item and not at a time, because an export may not be sorted by its replication key.
 * @returns `undefined` if the page does not contain the anchor, so that it may not follow the last page
 */
export function cutAtAnchor(
  items: readonly JsonObject[],
  anchor: Anchor,
  spec: AnchorSpec,
): readonly JsonObject[] | undefined {
  let index = items.findIndex((item) => spec.identify(item) === anchor.identity);
  if (index < 0) return undefined;
  while (index > 0 && isOfInstant(items[index - 1], anchor.time, spec)) index -= 1;
  return items.slice(index);
}

/** Whether a page contains the anchor or another item with its time, as the next page must. */
export function holdsInstant(
  items: readonly JsonObject[],
  anchor: Anchor,
  spec: AnchorSpec,
): boolean {
  return items.some(
    (item) => isOfInstant(item, anchor.time, spec) || spec.identify(item) === anchor.identity,
  );
}

function isOfInstant(item: JsonObject | undefined, time: number, spec: AnchorSpec): boolean {
  const micros = timeToMicros(item?.[spec.replicationKey]);
  return micros !== undefined && Math.floor(micros / spec.unit.micros) === time;
}
