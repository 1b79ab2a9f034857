/**
 * Converts the pages of an endpoint to messages. The records of a page precede the STATE that covers them.
 */
import { Transform, type TransformCallback } from 'node:stream';

import { asTapError, ItemError, TapError } from '../core/errors.ts';
import { microsToInstant, normalizeInstant } from '../core/instant.ts';
import { foreign } from '../core/foreign-text.ts';
import type { JsonObject } from '../core/json.ts';
import { additionalFieldsColumn, compileCoercion } from '../records/coercion.ts';
import { maxReportedPaths, type SchemaMismatch } from '../records/warnings.ts';
import type { Message, RecordsMessage, StateValue } from '../singer/messages.ts';
import type { SelectedStream } from '../singer/select-streams.ts';
import type { Validate } from '../records/validator.ts';
import type { StreamToRead, SyncOptions } from './sync-options.ts';
import type { Page } from '../zendesk/stream-definition.ts';

/** How to continue if an item of the API cannot be written. */
export const badItemAdvice = 'To leave such items out without an error, set on_bad_item to warn.';

/** The result of reading a stream, written by its RecordTransform. */
export interface ReadOutcome {
  failure: TapError | undefined;
  records: number;
  leftOut: number;
  /** Position and time of the first item that was left out, or `''`. */
  firstLeftOut: string;
}

/** Whether the stream ignores its bookmark and leaves it unchanged. */
export function isFullTable({ replicationMethod }: SelectedStream): boolean {
  return replicationMethod === 'FULL_TABLE';
}

type Options = Pick<SyncOptions, 'loadValidator' | 'state' | 'settings' | 'logger'>;

/** Maximum number of warnings about items that are left out. The others are only counted. */
const maxNamedItems = 20;

/**
 * Converts the pages of one endpoint to messages. After a failure, it consumes the remaining pages without output, so
 * that earlier messages still arrive. The failure is in the outcome.
 */
export class RecordTransform extends Transform {
  readonly #stream: StreamToRead;
  readonly #options: Options;
  readonly #outcome: ReadOutcome;
  readonly #coerce: (item: JsonObject) => JsonObject;
  readonly #validator: Promise<Validate>;
  /** Fields of the current record that were replaced by null. */
  #nulledFields: string[] = [];
  /** Number of further mismatches by reported path. */
  readonly #repeatedMismatches = new Map<string, number>();
  #lastState: StateValue | undefined;
  #pages = 0;

  constructor(stream: StreamToRead, options: Options, outcome: ReadOutcome) {
    // No buffering: while the reader is slow, each buffered page would stay in memory.
    super({ objectMode: true, writableHighWaterMark: 0, readableHighWaterMark: 0 });
    const { selected } = stream;
    const columns = selected.schema.properties ?? {};
    this.#stream = stream;
    this.#options = options;
    this.#outcome = outcome;
    this.#coerce = compileCoercion({
      ...selected,
      onMismatch: (mismatch) => this.#warn(mismatchText(mismatch, selected)),
      onRepeatedMismatch: (path) => {
        const repeats = this.#repeatedMismatches;
        repeats.set(path, (repeats.get(path) ?? 0) + 1);
      },
      onNulled: (path) => {
        if (Object.hasOwn(columns, path[0] ?? '')) this.#nulledFields.push(path.join('.'));
      },
    });
    // Load the validator while the first page is being fetched. Errors are handled with that page.
    this.#validator = options.loadValidator(selected);
    this.#validator.catch(() => undefined);
  }

  override _transform(page: Page, _encoding: BufferEncoding, callback: TransformCallback): void {
    const outcome = this.#outcome;
    if (outcome.failure !== undefined) return callback();
    this.#write(page)
      .catch((error: unknown) => {
        outcome.failure = asTapError(error, 'a page could not be written');
      })
      .then(() => callback(), callback);
  }

  override _flush(callback: TransformCallback): void {
    const { tapStreamId: stream } = this.#stream.selected;
    for (const [path, repeats] of this.#repeatedMismatches) {
      const text = `the warning about ${foreign(path)} applies to ${repeats + 1} values`;
      this.#options.logger.info(`${stream}: ${text}`, { stream });
    }
    callback();
  }

  async #write(page: Page): Promise<void> {
    const { selected, definition } = this.#stream;
    const { state } = this.#options;
    const { stream, schema, keyProperties, bookmarkProperties, tapStreamId } = selected;
    this.#pages += 1;
    if (this.#pages === 1) {
      const description = { schema, keyProperties, bookmarkProperties };
      this.push({ type: 'STATUS', stream, status: 'running' } satisfies Message);
      this.push({ type: 'SCHEMA', stream, ...description } satisfies Message);
    }
    const { records, nulled } = this.#recordsOf(page, await this.#validator);
    if (records.length > 0) {
      this.#outcome.records += records.length;
      const message = { stream, records, timeExtractedMs: page.fetchedMs };
      const changes = nulled.size > 0 && { nulled };
      this.push({ type: 'RECORDS', ...message, ...changes } satisfies Message);
    }
    if (page.checkpoint === undefined || isFullTable(selected)) return;
    state.writeBookmark(tapStreamId, page.checkpoint, definition.foreignBookmarkKeys);
    if (state.equals(this.#lastState)) return;
    this.#lastState = state.value();
    this.push({ type: 'STATE', value: this.#lastState, tapStreamId } satisfies Message);
  }

  /** Converts items to valid records, with the fields that were replaced by null. */
  #recordsOf(page: Page, validate: Validate): Required<Pick<RecordsMessage, 'records' | 'nulled'>> {
    const records: JsonObject[] = [];
    const nulled = new Map<number, readonly string[]>();
    for (const [index, item] of page.items.entries()) {
      const record = this.#recordOf(item, page, index);
      if (record !== undefined) {
        const fault = validate(record);
        if (fault !== undefined) throw invalidRecordError(this.#stream.selected, record, fault);
        if (this.#nulledFields.length > 0) nulled.set(records.length, this.#nulledFields);
        records.push(record);
      }
      if (this.#nulledFields.length > 0) this.#nulledFields = [];
    }
    return { records, nulled };
  }

  /** Converts an item to a record. Returns `undefined` for an item that is left out. */
  #recordOf(item: JsonObject, page: Page, index: number): JsonObject | undefined {
    const { keyProperties } = this.#stream.selected;
    if (page.badItems?.has(item) === true)
      return this.#leaveOut(page, index, 'contains invalid bytes');
    try {
      const record = this.#coerce(item);
      const missing = keyProperties.find((key) => record[key] === null);
      return missing === undefined ? record : this.#leaveOut(page, index, `has no ${missing}`);
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      if (this.#options.settings.on_bad_item === 'warn')
        return this.#leaveOut(page, index, `cannot be written (${error.message})`);
      const text = `${error.message} (${this.#locate(page, index)}). ${badItemAdvice}`;
      throw new TapError(text, { kind: 'system', cause: error });
    }
  }

  #leaveOut(page: Page, index: number, problem: string): undefined {
    const outcome = this.#outcome;
    outcome.leftOut += 1;
    if (outcome.leftOut === 1) outcome.firstLeftOut = this.#locate(page, index);
    if (outcome.leftOut > maxNamedItems) return;
    const more = outcome.leftOut === maxNamedItems ? '; further ones are only counted' : '';
    this.#warn(`item ${index + 1} of page ${this.#pages} ${problem} and is left out${more}`);
  }

  #warn(message: string): void {
    const { tapStreamId: stream } = this.#stream.selected;
    this.#options.logger.warning(`${stream}: ${message}`, { stream });
  }

  /** The position and the time of an item, without any other value. */
  #locate({ startsAt, items, fetchedMs }: Page, index: number): string {
    const { bookmarkProperties, schema } = this.#stream.selected;
    const from = startsAt === undefined ? '' : ` from ${startsAt}`;
    const [key = ''] = bookmarkProperties;
    const isTime = schema.properties?.[key]?.format === 'date-time';
    const instant = isTime ? normalizeInstant(items[index]?.[key]) : undefined;
    const received = microsToInstant(Math.floor(fetchedMs) * 1000);
    const time = instant === undefined ? `received ${received}` : `${key} ${instant}`;
    return `item ${index + 1} of page ${this.#pages}${from}, ${time}`;
  }
}

function invalidRecordError(
  { tapStreamId, keyProperties }: SelectedStream,
  record: JsonObject,
  fault: string,
): TapError {
  const key = keyProperties
    .map((name) => `${name} ${foreign(JSON.stringify(record[name]))}`)
    .join(', ');
  const text = `the record with ${key} does not follow its schema (${foreign(fault)}); this is a bug of the tap, please report it`;
  return new TapError(text, { kind: 'system', stream: tapStreamId });
}

/** The warning about a path whose values do not match the schema. Never contains the value. */
function mismatchText({ path, kind, type }: SchemaMismatch, { schema }: SelectedStream): string {
  const keepsAll = schema.properties?.[additionalFieldsColumn] !== undefined;
  const kept = keepsAll
    ? 'was kept in additional_fields'
    : 'was dropped, because additional_fields is not selected';
  const field = `${foreign(path)} (${type})`;
  const texts: Record<SchemaMismatch['kind'], string> = {
    'unknown-field': `unknown field ${field} ${kept}`,
    'not-kept': `${field} does not match the type in the schema and ${kept}`,
    suppressed: `${field} does not match the type in the schema and was dropped, because it may contain unselected fields`,
    'unsafe-integer': `${field} is an integer beyond 2^53, which cannot be read exactly; it became null and its text ${kept}`,
    'out-of-range': `${field} is out of the range of numbers; it became null and its text ${kept}`,
    'cleaned-text': `${field} contained NUL or half a surrogate pair, which was removed`,
    'more-mismatches': '',
  };
  if (kind === 'more-mismatches')
    return `more than ${maxReportedPaths} paths do not match the schema; the rest is not listed`;
  return `${texts[kind]}; reported once per path`;
}
