/** Estimates the content of an export from a few pages with only the times of items. */
import { microsToInstant, timeToMicros } from '../../core/instant.ts';
import type { Estimate, ReadOptions } from '../stream-definition.ts';
import { ExportClient } from './client.ts';
import type { ExportSpec } from './pages.ts';
import { computeHead } from './time-range.ts';

/** The times of a page in microseconds. */
interface TimePage {
  readonly times: readonly number[];
  readonly earliest: number;
  readonly latest: number;
  /** Whether the page has the requested number of items, so that more may follow. */
  readonly isFull: boolean;
  readonly limit: number;
}

type FetchTimes = (start: number) => Promise<TimePage | undefined>;

/** Requests only the replication key. The result is `undefined` if there are no times. */
function timeFetcher(spec: ExportSpec, options: ReadOptions): FetchTimes {
  const { replicationKey, unit } = spec;
  // The sync logs its own warnings.
  const client = new ExportClient(spec, { ...options, warn: options.info }, [replicationKey]);
  return async (start) => {
    const position = { time: Math.floor(start / unit.micros), startId: null };
    const response = await client.fetchPage({ kind: 'regular', ...position }, { reason: 'probe' });
    const { items = [], limit = 0 } = response ?? {};
    const times = items.flatMap((item) => timeToMicros(item[replicationKey]) ?? []);
    if (times.length === 0) return undefined;
    const [earliest, latest] = [Math.min(...times), Math.max(...times)];
    return { times, earliest, latest, isFull: items.length >= limit, limit };
  };
}

/** With this number of requests, a range of five years is reduced to a few hours. */
const maxSearches = 14;

/**
 * Finds the time of the last item by bisection, because the full page of a probe may not contain it.
 * @param known The time of an item.
 * @param end The newest time that can be requested.
 */
async function findLatest(fetchTimes: FetchTimes, known: number, end: number): Promise<number> {
  let latest = known;
  let start = known;
  let emptyFrom = end;
  for (let searches = 0; searches < maxSearches; searches += 1) {
    const page = await fetchTimes(start);
    if (page === undefined) emptyFrom = start;
    else latest = Math.max(latest, page.latest);
    if (page?.isFull === false) break;
    start = (latest + emptyFrom) / 2;
  }
  return latest;
}

/** Items per microsecond in a full page; `undefined` for other pages, and if all items have the same time. */
function densityOf(page: TimePage | undefined): number | undefined {
  if (page === undefined || !page.isFull || page.latest === page.earliest) return undefined;
  return page.times.length / (page.latest - page.earliest);
}

/** The position of the second page that is measured, between the first and the last time. */
const latePart = 0.9;

/** Measures a page at the start and one near the end, and assumes that the mean of both applies to all items. */
export function exportEstimate(spec: ExportSpec): Estimate {
  return async (options, newest) => {
    const { startDateMs, endDateMs = Number.POSITIVE_INFINITY } = options.settings;
    const known = timeToMicros(newest) ?? 0;
    if (startDateMs * 1000 > Math.min(known, endDateMs * 1000)) return {};
    const fetchTimes = timeFetcher(spec, options);
    const early = await fetchTimes(startDateMs * 1000);
    if (early === undefined || early.earliest > endDateMs * 1000) return {};
    const oldest = microsToInstant(early.earliest);
    if (!early.isFull) return { oldest };
    const latest = await findLatest(
      fetchTimes,
      known,
      computeHead(options, spec) * spec.unit.micros,
    );
    const found = { oldest, newest: microsToInstant(latest) };
    const span = Math.min(latest, endDateMs * 1000) - early.earliest;
    const late = await fetchTimes(early.earliest + latePart * span);
    const [first, second] = [densityOf(early), densityOf(late)];
    if (first === undefined || second === undefined) return found;
    const items = ((first + second) / 2) * span;
    return { ...found, requests: Math.ceil(items / early.limit) };
  };
}
