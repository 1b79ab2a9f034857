import { timeToMicros } from '../../../core/instant.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { BookmarkSpec } from '../bookmark.ts';
import type { ExportResponse } from '../response.ts';

export type AnchorSpec = Pick<BookmarkSpec, 'replicationKey' | 'unit'> & {
  readonly identify: (item: JsonObject) => string;
};

/** The last item the walk was given, and the position of its page. */
export interface Anchor {
  readonly time: number;
  /** Of the item as the API sent it. */
  readonly identity: string;
}

/** The anchor of a page before its items are changed; `undefined`: it has no position. */
export function anchorOf({ items, end }: ExportResponse, spec: AnchorSpec): Anchor | undefined {
  const last = items.at(-1);
  return end && last && { time: end.time, identity: spec.identify(last) };
}

/**
 * The part of an early page that answers the regular request at the anchor's position: from the anchor on, and
 * before it what belongs to the same instant, since the order inside an instant may change.
 *
 * The cut is at an item and never at a time: an export need not be sorted by its replication key.
 * @returns `undefined` when the page does not hold the anchor: nothing proves that it follows
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

/** Does a page hold the anchor, or another item of its instant? A page that follows it does. */
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
