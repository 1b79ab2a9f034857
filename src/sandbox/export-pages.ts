import type { ExportQuery } from './export-query.ts';
import type { Entry, ExportStore, Place } from './export-store.ts';
import { isAfter } from './export-store.ts';
import type { ExportName } from './resources.ts';
import { unitUs } from './resources.ts';
import type { HiddenRecords, Switches } from './switches.ts';

/** The instant of an item in its export's unit, cut to whole units. */
export function unitTime(name: ExportName, place: Place): number {
  return Math.floor(place.timeUs / unitUs(name));
}

type Wanted = (place: Place) => boolean;

/** Which items a query starts at. undefined: none at all. */
function startOf(
  name: ExportName,
  store: ExportStore,
  asked: ExportQuery,
  switches: Switches,
): Wanted | undefined {
  const { startTime, startId } = asked;
  const startUs = startTime * unitUs(name);
  if (startId === '' || switches.startId === 'ignored') return (place) => place.timeUs >= startUs;
  const found = store.find(startId);
  if (switches.startId === 'lookup') {
    return found && ((place) => isAfter(place, found));
  }
  // Times may be finer than the unit of start_time: the place is where the item of that id lies within it.
  const isThere = found !== undefined && unitTime(name, found) === startTime;
  const from = { timeUs: isThere ? found.timeUs : startUs, id: startId };
  if (switches.startId === 'inclusive') return (place) => !isAfter(from, place);
  return (place) => isAfter(place, from);
}

/** Takes away what such a server does not show to a request that starts here. */
function withoutHidden(
  name: ExportName,
  entries: readonly Entry[],
  startTime: number,
  hidden: HiddenRecords | null,
): readonly Entry[] {
  if (hidden?.resource !== name || startTime > hidden.after) return entries;
  const shown = entries.filter((entry) => unitTime(name, entry) <= hidden.after);
  const isStuck = shown.every((entry) => unitTime(name, entry) === startTime);
  return hidden.empty === true && isStuck ? [] : shown;
}

/** The items of a page: from stored data and the query alone. */
export function pageEntries(
  name: ExportName,
  store: ExportStore,
  asked: ExportQuery,
  switches: Switches,
): readonly Entry[] {
  const wanted = startOf(name, store, asked, switches);
  if (wanted === undefined) return [];
  const most = Math.min(asked.limit, switches.maxPage);
  const entries: Entry[] = [];
  for (const entry of store.from(wanted)) {
    if (entries.length >= most) break;
    entries.push(entry);
  }
  return withoutHidden(name, entries, asked.startTime, switches.hidden);
}
