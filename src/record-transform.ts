/**
 * From an endpoint's pages to messages. A STATE never precedes a record it covers: a page's records are
 * pushed before the state that its checkpoint moves, and nothing else writes state.
 */
import { Transform } from 'node:stream';

import { asTapError, ItemError, TapError } from './errors.ts';
import { microsToInstant, normalizeInstant } from './instant.ts';
import type { JsonObject } from './json.ts';
import { compileCoercion, type Finding } from './singer/coercion.ts';
import type { Message, RecordsMessage, StateValue } from './singer/messages.ts';
import type { SelectedStream } from './singer/selection.ts';
import type { State } from './singer/state.ts';
import type { Validate } from './singer/validator.ts';
import type { Page } from './zendesk/definition.ts';

/** What became of a stream's records; written by its transform, read at the stream's boundary. */
export interface Outcome {
  failure: TapError | undefined;
  records: number;
  /** Items left out because they cannot be written. */
  leftOut: number;
  /** Position and time of the first of them; `''`: none was. */
  firstLeftOut: string;
}

export interface RecordTransformOptions {
  readonly stream: SelectedStream;
  /** The check of its records; loaded while the first page is on its way. */
  readonly loadValidator: (stream: SelectedStream) => Promise<Validate>;
  readonly state: State;
  /** False: the stream is read whole, and its bookmark is carried as it is. */
  readonly movesBookmark: boolean;
  readonly foreignBookmarkKeys: readonly string[];
  readonly outcome: Outcome;
  /** False: an item that cannot be written ends the stream, unless it only lacks its key. */
  readonly toleratesBadItems: boolean;
  readonly report: (finding: Finding) => void;
  readonly warn: (message: string) => void;
}

/** Left-out items that are named one by one; the rest is counted. */
const namedAtMost = 20;

type Push = (message: Message) => void;

/**
 * A Transform for one endpoint: pages in, messages out. After a failure it takes the remaining pages
 * and says nothing: what it has pushed before still arrives, and the failure stands in the outcome.
 */
export function createRecordTransform(options: RecordTransformOptions): Transform {
  const { outcome } = options;
  const work = createPageWork(options);
  return new Transform({
    objectMode: true,
    // Nothing waits here: each page that does is one more page in memory while a reader is slow.
    writableHighWaterMark: 0,
    readableHighWaterMark: 0,
    transform(page: Page, _encoding, callback) {
      if (outcome.failure !== undefined) {
        callback();
        return;
      }
      work(page, (message) => this.push(message))
        .catch((error: unknown) => {
          outcome.failure = asTapError(error, 'a page could not be written');
        })
        .then(() => callback(), callback);
    },
  });
}

/** A page's items as records, and which of their values became null. */
type Taken = Pick<RecordsMessage, 'records'> & { readonly nulled: Map<number, readonly string[]> };

/** An item's record; `undefined` for one that cannot be written and is left out. */
function createRecordMaker(
  options: RecordTransformOptions,
  coerce: (item: JsonObject) => JsonObject,
): (item: JsonObject, at: Place) => JsonObject | undefined {
  const { stream, toleratesBadItems } = options;
  return (item, at) => {
    if (at.page.broken?.has(item) === true) {
      leaveOut(options, at, 'has bytes that are no text');
      return undefined;
    }
    try {
      const record = coerce(item);
      const missing = stream.keyProperties.find((key) => record[key] === null);
      if (missing === undefined) return record;
      leaveOut(options, at, `has no ${missing}`);
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      if (!toleratesBadItems)
        throw new TapError(`${error.message} (${whereOf(at, stream)})`, {
          kind: 'system',
          cause: error,
        });
      leaveOut(options, at, `cannot be written (${error.message})`);
    }
    return undefined;
  };
}

/** From a page's items to records that are valid by the stream's schema; items that cannot be written are left out. */
function createItemWork(
  options: RecordTransformOptions,
): (page: Page, number: number, validate: Validate) => Taken {
  const { stream } = options;
  const columns = stream.schema.properties ?? {};
  let fields: string[] = [];
  const coerce = compileCoercion({
    ...stream,
    report: options.report,
    nulled: (steps) => {
      if (Object.hasOwn(columns, steps[0] ?? '')) fields.push(steps.join('.'));
    },
  });
  const recordOf = createRecordMaker(options, coerce);
  return (page, number, validate) => {
    const records: JsonObject[] = [];
    const nulled = new Map<number, readonly string[]>();
    for (const [index, item] of page.items.entries()) {
      const record = recordOf(item, { page, number, index });
      if (record !== undefined) {
        const fault = validate(record);
        if (fault !== undefined) throw invalid(stream, record, fault);
        if (fields.length > 0) nulled.set(records.length, fields);
        records.push(record);
      }
      if (fields.length > 0) fields = [];
    }
    return { records, nulled };
  };
}

function createPageWork(
  options: RecordTransformOptions,
): (page: Page, push: Push) => Promise<void> {
  const { stream, state, outcome } = options;
  const take = createItemWork(options);
  const loading = options.loadValidator(stream);
  // Its failure is met with the first page; nobody may be left to do so.
  loading.catch(() => undefined);
  let told: StateValue | undefined;
  let pages = 0;
  return async (page, push) => {
    pages += 1;
    if (pages === 1) begin(stream, push);
    const { records, nulled } = take(page, pages, await loading);
    if (records.length > 0) {
      outcome.records += records.length;
      const message = { stream: stream.stream, records, timeExtractedMs: page.fetchedMs };
      push({ type: 'RECORDS', ...message, ...(nulled.size > 0 && { nulled }) });
    }
    if (page.checkpoint === undefined || !options.movesBookmark) return;
    state.advance(stream.tapStreamId, page.checkpoint, options.foreignBookmarkKeys);
    if (state.sameAs(told)) return;
    told = state.value();
    push({ type: 'STATE', value: told, tapStreamId: stream.tapStreamId });
  };
}

function begin(
  { stream, schema, keyProperties, bookmarkProperties }: SelectedStream,
  push: Push,
): void {
  push({ type: 'STATUS', stream, status: 'running' });
  push({ type: 'SCHEMA', stream, schema, keyProperties, bookmarkProperties });
}

/** An item of the stream. */
interface Place {
  readonly page: Page;
  /** The page's, from 1. */
  readonly number: number;
  readonly index: number;
}

function leaveOut(
  { outcome, warn, stream }: RecordTransformOptions,
  at: Place,
  fault: string,
): void {
  outcome.leftOut += 1;
  if (outcome.leftOut === 1) outcome.firstLeftOut = whereOf(at, stream);
  if (outcome.leftOut > namedAtMost) return;
  const more = outcome.leftOut === namedAtMost ? '; further ones are only counted' : '';
  const item = `item ${at.index + 1} of page ${at.number}`;
  warn(`${stream.tapStreamId}: ${item} ${fault} and is left out${more}`);
}

/** Position and time of an item; of its values only a time is told. */
function whereOf({ page, number, index }: Place, stream: SelectedStream): string {
  const { place, items, fetchedMs } = page;
  const from = place === undefined ? '' : ` from ${place}`;
  const [key = ''] = stream.bookmarkProperties;
  const isTime = stream.schema.properties?.[key]?.format === 'date-time';
  const instant = isTime ? normalizeInstant(items[index]?.[key]) : undefined;
  const received = microsToInstant(Math.floor(fetchedMs) * 1000);
  const time = instant === undefined ? `received ${received}` : `${key} ${instant}`;
  return `item ${index + 1} of page ${number}${from}, ${time}`;
}

function invalid(
  { tapStreamId, keyProperties }: SelectedStream,
  record: JsonObject,
  fault: string,
): TapError {
  const key = keyProperties.map((name) => `${name} ${JSON.stringify(record[name])}`).join(', ');
  return new TapError(
    `the record with ${key} does not follow its schema (${fault}); ` +
      'this is a bug of the tap, please report it',
    { kind: 'system', stream: tapStreamId },
  );
}
