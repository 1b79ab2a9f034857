import { isDeepStrictEqual } from 'node:util';

import { microsToInstant, timeToMicros } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Page, PageSource, ReadOptions } from '../stream-definition.ts';
import { ExportRequests, told, type DatedAnswer, type ExportRequestSpec } from './client.ts';
import { bookmarkAt, foreignTimes, headOf, planStart, type ExportStart } from './start.ts';
import { createWalk, type Question, type Step, type Walk } from './walk.ts';
import { walkPages } from '../paginate.ts';

export interface ExportSpec extends ExportRequestSpec {
  /** Fills in, in place, what the API leaves to be known. */
  readonly prepare?: (item: JsonObject) => void;
  /** Items never change, so that they stay at their place; default: they come again when edited. */
  readonly isFixed?: boolean;
  /** Key and version of an item in one text, after `prepare`. */
  readonly identify: (item: JsonObject) => string;
}

/** One run over an export. */
interface Reading {
  readonly spec: ExportSpec;
  readonly options: ReadOptions;
  readonly requests: ExportRequests;
  readonly walk: Walk;
  /** Requests in a row that have brought no new item. */
  fruitless: number;
  /** Replaced when reading falls back behind the bookmark's own instant. */
  start: ExportStart;
  /** Fixed by the first answer, in the stream's unit. */
  head: number | undefined;
  /** The last bookmark of this run. */
  checkpoint: JsonObject | undefined;
}

function currentHead(reading: Reading): number {
  return reading.head ?? headOf(reading.options, reading.spec);
}

/** Items after `end_date` are not wanted; one whose time cannot be read is emitted rather than lost. */
function isWanted(item: JsonObject, { options, spec }: Reading): boolean {
  const { endDateMs } = options.settings;
  if (endDateMs === undefined) return true;
  const micros = timeToMicros(item[spec.replicationKey]);
  return micros === undefined || micros <= endDateMs * 1000;
}

/** What a step means for the output: nothing, where it brought no item and moved no bookmark. */
function pageOf(
  reading: Reading,
  step: Step,
  at: Pick<Page, 'fetchedMs' | 'place' | 'broken'>,
): Page | undefined {
  const { spec, start } = reading;
  const items = step.fresh.filter((item) => isWanted(item, reading));
  const checkpoint = step.place && bookmarkAt(step.place, currentHead(reading), start, spec);
  if (items.length === 0 && checkpoint === undefined) return undefined;
  return checkpoint === undefined ? { items, ...at } : { items, ...at, checkpoint };
}

/** What another tap's bookmark claims is true once the end is proven, and ours may say so, if none says more. */
function claimedBookmark(reading: Reading): JsonObject | undefined {
  const { start, spec } = reading;
  const head = currentHead(reading);
  if (!start.isForeign || start.floor === undefined || start.floor.time > head) return undefined;
  const place = { time: start.floor.time, startId: null };
  return bookmarkAt(place, head, { ...start, isBehindFloor: false }, spec);
}

/** The end is proven: from now on the other tap whose state this was could go on, too. */
function lastPage(reading: Reading, page: Page): Page {
  const { spec, options } = reading;
  const bookmark = reading.checkpoint ?? claimedBookmark(reading);
  if (bookmark === undefined) return page;
  const checkpoint = { ...bookmark, ...foreignTimes(bookmark, options, spec) };
  return isDeepStrictEqual(checkpoint, reading.checkpoint) ? page : { ...page, checkpoint };
}

function take(
  reading: Reading,
  question: Question,
  answer: DatedAnswer | undefined,
): { page?: Page | undefined; next?: Question | undefined } {
  if (answer === undefined) return { page: { items: [], fetchedMs: reading.options.now() } };
  reading.head ??= headOf(reading.options, reading.spec);
  for (const item of answer.items) reading.spec.prepare?.(item);
  const step = reading.walk.take(question, answer);
  warnWhenFruitless(reading, question, step);
  const { floor } = reading.start;
  // A bookmark inside ties whose instant is read again from its beginning: only a later one says more.
  if (floor?.time === question.time && floor.endId !== null && question.startId === null) {
    reading.start = { ...reading.start, isBehindFloor: true };
  }
  const place = `start_time ${question.time}`;
  const { receivedMs: fetchedMs, broken } = answer;
  const page = pageOf(reading, step, { fetchedMs, place, ...(broken && { broken }) });
  reading.checkpoint = page?.checkpoint ?? reading.checkpoint;
  if (step.next !== undefined) return { page, next: step.next };
  return { page: lastPage(reading, page ?? { items: [], fetchedMs: answer.receivedMs }) };
}

const firstFruitless = 20;
const nextFruitless = 100;

/** A server that ignores start_time moves its position on for hours, and nothing new arrives. */
function warnWhenFruitless(reading: Reading, question: Question, step: Step): void {
  reading.fruitless = step.fresh.length > 0 ? 0 : reading.fruitless + 1;
  const { fruitless, options, spec } = reading;
  const isDue = fruitless >= firstFruitless && (fruitless - firstFruitless) % nextFruitless === 0;
  if (!isDue || step.next === undefined) return;
  options.warn(
    `${fruitless} requests in a row have brought nothing new: reading is at ${told(question, spec)} and ends at ` +
      `${told({ time: currentHead(reading) }, spec)}. The API may ignore start_time: report this to Zendesk if ` +
      'it goes on',
  );
}

/** Nothing may be asked for yet: the start lies within the API's five minutes, or in the future. */
async function* nothingToAsk({ start, options, spec }: Reading): AsyncGenerator<Page> {
  const { place, floor } = start;
  const isBookmark = floor !== undefined && floor.time >= place.time;
  const instant = microsToInstant((isBookmark ? floor.time : place.time) * spec.unit.micros);
  const { endDateMs } = options.settings;
  const end = endDateMs === undefined ? undefined : microsToInstant(endDateMs * 1000);
  if (isBookmark && end !== undefined && instant > end) {
    options.warn(`nothing is read: the bookmark ${instant} is later than end_date ${end}`);
    yield { items: [], fetchedMs: options.now() };
    return;
  }
  const isFuture = instant > microsToInstant(options.now() * 1000);
  const tell = isFuture && isBookmark ? options.warn : options.info;
  const where = isFuture ? 'in the future' : 'within what the API does not give out yet';
  tell(
    `nothing to read yet: ${isBookmark ? 'the bookmark' : 'start_date'} ${instant} lies ${where}`,
  );
  yield { items: [], fetchedMs: options.now() };
}

function readPages(
  spec: ExportSpec,
  options: ReadOptions,
  start: ExportStart,
): AsyncGenerator<Page> {
  const requests = new ExportRequests(spec, options);
  const reading: Reading = {
    spec,
    options,
    requests,
    start,
    head: undefined,
    fruitless: 0,
    checkpoint: undefined,
    walk: createWalk({
      start: start.place,
      unit: spec.unit,
      replicationKey: spec.replicationKey,
      isFixed: spec.isFixed ?? false,
      idOf: (item) => (typeof item['id'] === 'string' ? item['id'] : undefined),
      identify: spec.identify,
      head: () => currentHead(reading),
    }),
  };
  const head = currentHead(reading);
  if (Math.max(start.place.time, start.floor?.time ?? 0) > head) return nothingToAsk(reading);
  options.info(`reading from ${microsToInstant(start.place.time * spec.unit.micros)}`);
  return walkPages<Question, DatedAnswer | undefined>({
    first: reading.walk.first,
    ask: (question) => requests.ask(question, question.kind === 'beyond'),
    take: (question, answer) => take(reading, question, answer),
  });
}

/** Incremental exports: by time, inclusive, with the server's own position as the bookmark. */
export function exportPages(spec: ExportSpec): PageSource {
  return (options) => {
    const start = planStart(options, spec);
    return () => readPages(spec, options, start);
  };
}
