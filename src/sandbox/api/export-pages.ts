import type { ExportQuery } from './export-query.ts';
import { unitOf, type ExportName } from '../data/resources.ts';
import { isAfter, type StoredItem, type ItemStore } from '../data/item-store.ts';
import type { HiddenRecords, Switches } from '../program/switches.ts';

/** The time of an item in the export's unit, rounded down. */
export function exportTime(name: ExportName, { at }: StoredItem): number {
  return Math.floor(at / unitOf(name));
}

/** A predicate for the items from the query's start on. undefined means no items. */
function startOf(
  name: ExportName,
  store: ItemStore,
  { startTime, startId }: ExportQuery,
  switches: Switches,
): ((entry: StoredItem) => boolean) | undefined {
  const startAt = startTime * unitOf(name);
  if (startId === '' || switches.startId === 'ignored') return ({ at }) => at >= startAt;
  const found = store.find(startId);
  if (switches.startId === 'lookup') return found && ((entry) => isAfter(entry, found));
  // Times may be more precise than start_time. Within the same unit, the start is the time of the item with this id.
  const isThere = found !== undefined && exportTime(name, found) === startTime;
  const from = { at: isThere ? found.at : startAt, key: startId };
  if (switches.startId === 'inclusive') return (entry) => !isAfter(from, entry);
  return (entry) => isAfter(entry, from);
}

/** Removes the items that the switch hides from a request with this start time. */
function withoutHidden(
  name: ExportName,
  entries: readonly StoredItem[],
  startTime: number,
  hidden: HiddenRecords | null,
): readonly StoredItem[] {
  if (hidden?.resource !== name || startTime > hidden.after) return entries;
  const shown = entries.filter((entry) => exportTime(name, entry) <= hidden.after);
  const isStuck = shown.every((entry) => exportTime(name, entry) === startTime);
  return hidden.empty === true && isStuck ? [] : shown;
}

/** The items of a page, which depend only on the stored data, the query and the switches. */
export function pageEntries(
  name: ExportName,
  store: ItemStore,
  exportQuery: ExportQuery,
  switches: Switches,
): readonly StoredItem[] {
  const isWanted = startOf(name, store, exportQuery, switches);
  if (isWanted === undefined) return [];
  const entries = store.from(isWanted, Math.min(exportQuery.limit, switches.maxPage));
  return withoutHidden(name, entries, exportQuery.startTime, switches.hidden);
}
