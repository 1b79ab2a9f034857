import { isDeepStrictEqual } from 'node:util';

import { microsToInstant, timeToMicros } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import type { SplitItem } from '../split-pages.ts';
import type { Page, PageSource, ReadOptions } from '../stream-definition.ts';
import {
  ExportClient,
  describePosition,
  type ReceivedExportResponse,
  type ExportEndpointSpec,
} from './client.ts';
import {
  bookmarkAt,
  foreignTimes,
  computeHead,
  planStart,
  type ExportStart,
} from './time-range.ts';
import { fieldsToRequest } from './fields.ts';
import { ReadAhead } from './read-ahead/read-ahead.ts';
import { createWalk, type ExportRequest, type WalkResult, type Walk } from './walk.ts';
import { paginate } from '../paginate.ts';

export interface ExportSpec extends ExportEndpointSpec {
  /** Adds derived properties to an item, in place. */
  readonly prepare?: (item: JsonObject) => void;
  /** Items never change. By default, the export returns an item again after an edit. */
  readonly isImmutable?: boolean;
  /** Returns the records of an item, after the walk. Default: the item is the record. */
  readonly split?: SplitItem;
  /** The key and the version of an item as one string, after `prepare`. */
  readonly identify: (item: JsonObject) => string;
}

interface ExportRun {
  readonly spec: ExportSpec;
  readonly options: ReadOptions;
  readonly walk: Walk;
  /** Number of consecutive requests without a new item. */
  requestsWithoutNewItems: number;
  /** Replaced if the time of the bookmark is read again from its start. */
  start: ExportStart;
  /** Set by the first response, in the stream's unit. */
  head: number | undefined;
  /** The last bookmark of this run. */
  checkpoint: JsonObject | undefined;
}

function currentHead(run: ExportRun): number {
  return run.head ?? computeHead(run.options, run.spec);
}

/** Whether an item is not later than `end_date`. An item without a readable time is always emitted. */
function isBeforeEndDate(item: JsonObject, { options, spec }: ExportRun): boolean {
  const { endDateMs } = options.settings;
  if (endDateMs === undefined) return true;
  const micros = timeToMicros(item[spec.replicationKey]);
  return micros === undefined || micros <= endDateMs * 1000;
}

/** The page for a result of the walk. Returns `undefined` without new items and without a new bookmark. */
function toPage(
  run: ExportRun,
  result: WalkResult,
  details: Pick<Page, 'fetchedMs' | 'startsAt' | 'badItems'>,
): Page | undefined {
  const { spec, start } = run;
  const items = result.newItems.filter((item) => isBeforeEndDate(item, run));
  const checkpoint = result.position && bookmarkAt(result.position, currentHead(run), start, spec);
  if (items.length === 0 && checkpoint === undefined) return undefined;
  return checkpoint === undefined ? { items, ...details } : { items, ...details, checkpoint };
}

/** The bookmark with the time of another tap's bookmark, which is valid after the end is reached. */
function claimedBookmark(run: ExportRun): JsonObject | undefined {
  const { start, spec } = run;
  const head = currentHead(run);
  if (!start.isForeign || start.floor === undefined || start.floor.time > head) return undefined;
  const position = { time: start.floor.time, startId: null };
  return bookmarkAt(position, head, { ...start, isBeforeFloor: false }, spec);
}

/** The last page, after the proven end. Its bookmark also contains the times for the other tap of the state. */
function lastPage(run: ExportRun, page: Page): Page {
  const { spec, options } = run;
  const bookmark = run.checkpoint ?? claimedBookmark(run);
  if (bookmark === undefined) return page;
  const checkpoint = { ...bookmark, ...foreignTimes(bookmark, options, spec) };
  return isDeepStrictEqual(checkpoint, run.checkpoint) ? page : { ...page, checkpoint };
}

function advance(
  run: ExportRun,
  request: ExportRequest,
  response: ReceivedExportResponse | undefined,
): { page?: Page | undefined; next?: ExportRequest | undefined } {
  if (response === undefined) return { page: { items: [], fetchedMs: run.options.now() } };
  run.head ??= computeHead(run.options, run.spec);
  for (const item of response.items) run.spec.prepare?.(item);
  const result = run.walk.advance(request, response);
  warnWithoutProgress(run, request, result);
  const { floor } = run.start;
  // The time of a bookmark inside ties is read again from its start, so only a later bookmark replaces it.
  if (floor?.time === request.time && floor.endId !== null && request.startId === null) {
    run.start = { ...run.start, isBeforeFloor: true };
  }
  const startsAt = `start_time ${request.time}`;
  const { receivedMs: fetchedMs, badItems } = response;
  const page = toPage(run, result, { fetchedMs, startsAt, ...(badItems && { badItems }) });
  run.checkpoint = page?.checkpoint ?? run.checkpoint;
  if (result.next !== undefined) return { page, next: result.next };
  return { page: lastPage(run, page ?? { items: [], fetchedMs: response.receivedMs }) };
}

const firstWarningAfter = 20;
const nextWarningAfter = 100;

/** Warns about a server that ignores start_time and returns only known items. */
function warnWithoutProgress(run: ExportRun, request: ExportRequest, result: WalkResult): void {
  run.requestsWithoutNewItems = result.newItems.length > 0 ? 0 : run.requestsWithoutNewItems + 1;
  const { requestsWithoutNewItems, options, spec } = run;
  const isDue =
    requestsWithoutNewItems >= firstWarningAfter &&
    (requestsWithoutNewItems - firstWarningAfter) % nextWarningAfter === 0;
  if (!isDue || result.next === undefined) return;
  options.warn(
    `${requestsWithoutNewItems} consecutive requests have brought nothing new: the position is ${describePosition(request, spec)} and the end is ` +
      `${describePosition({ time: currentHead(run) }, spec)}. The API may ignore start_time: report this to Zendesk if ` +
      'it goes on',
  );
}

/** Logs that nothing can be read yet: the start is within the last five minutes or in the future. */
async function* nothingToRead({ start, options, spec }: ExportRun): AsyncGenerator<Page> {
  const { position, floor } = start;
  const isBookmark = floor !== undefined && floor.time >= position.time;
  const instant = microsToInstant((isBookmark ? floor.time : position.time) * spec.unit.micros);
  const { endDateMs } = options.settings;
  const end = endDateMs === undefined ? undefined : microsToInstant(endDateMs * 1000);
  if (isBookmark && end !== undefined && instant > end) {
    options.warn(`nothing is read: the bookmark ${instant} is later than end_date ${end}`);
    yield { items: [], fetchedMs: options.now() };
    return;
  }
  const isFuture = instant > microsToInstant(options.now() * 1000);
  const log = isFuture && isBookmark ? options.warn : options.info;
  const where = isFuture ? 'in the future' : 'too recent for the API';
  log(`nothing to read yet: ${isBookmark ? 'the bookmark' : 'start_date'} ${instant} is ${where}`);
  yield { items: [], fetchedMs: options.now() };
}

function readPages(
  spec: ExportSpec,
  options: ReadOptions,
  start: ExportStart,
): AsyncGenerator<Page> {
  const client = new ExportClient(spec, options);
  const isSerial = options.settings.read_ahead === 1;
  const fetcher = isSerial ? client : new ReadAhead(client, spec, options, () => run.head);
  const run: ExportRun = {
    spec,
    options,
    start,
    head: undefined,
    requestsWithoutNewItems: 0,
    checkpoint: undefined,
    walk: createWalk({
      start: start.position,
      unit: spec.unit,
      replicationKey: spec.replicationKey,
      isImmutable: spec.isImmutable ?? false,
      idOf: (item) => (typeof item['id'] === 'string' ? item['id'] : undefined),
      identify: spec.identify,
      head: () => currentHead(run),
    }),
  };
  const head = currentHead(run);
  if (Math.max(start.position.time, start.floor?.time ?? 0) > head) return nothingToRead(run);
  options.info(`reading from ${microsToInstant(start.position.time * spec.unit.micros)}`);
  if (spec.computedColumns !== 'all' && fieldsToRequest(spec, options.columns) !== undefined)
    options.info(
      'only the selected fields are requested, so the API sends no fields that are missing in the schema',
    );
  return paginate<ExportRequest, ReceivedExportResponse | undefined>({
    first: run.walk.first,
    fetchPage: (request) => fetcher.fetchPage(request),
    advance: (request, response) => advance(run, request, response),
    take: () => fetcher.take(),
    close: () => fetcher.close(),
  });
}

/** Reads an incremental export by time. The server's position is the bookmark. */
export function exportPages(spec: ExportSpec): PageSource {
  return (options) => {
    const start = planStart(options, spec);
    return () => readPages(spec, options, start);
  };
}
