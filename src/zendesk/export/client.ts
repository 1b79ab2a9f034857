import { HttpError, type TapError } from '../../core/errors.ts';
import type { HttpResponse, Query } from '../../http/transport.ts';
import { microsToInstant } from '../../core/instant.ts';
import { jsonText, type Json, type JsonObject } from '../../core/json.ts';
import type { RequestOptions } from '../api.ts';
import type { PageLimitKey, ReadOptions } from '../stream-definition.ts';
import type { BookmarkSpec, ExportPosition } from './bookmark.ts';
import { FieldList, fieldsToRequest, type FieldSpec } from './fields.ts';
import type { ExportRequest } from './walk.ts';
import { summarize, summarizeTail, type PageSummary } from './read-ahead/page-summary.ts';
import { parseExportResponse, type ExportResponse } from './response.ts';
import { PageLimit } from '../page-limit.ts';
import { createUnknownListWarning, namedArrays } from '../response-shape.ts';

/** Maximum number of items in a page of an export (API page "incremental export"). */
const maxPageItems = 1000;

/** If the server's clock or its rule differs from the documentation, it may reject a start that is more recent. */
const tooRecentMs = 900_000;

export interface ExportEndpointSpec extends BookmarkSpec, FieldSpec {
  /** Key of the items in the response, and name in `fields`. */
  readonly name: string;
  readonly path: string;
  /** Default: full pages. */
  readonly limit?: PageLimitKey;
}

/** Why a page is requested, for the log. */
export type ExportRequestReason =
  | 'regular page'
  | 'ties'
  | 'before'
  | 'beyond'
  | 'page size'
  | 'probe';

export interface ReceivedExportResponse extends ExportResponse {
  readonly receivedMs: number;
  /** Duration of the successful attempt. */
  readonly durationMs: number;
  /** Items with invalid bytes. */
  readonly badItems?: ReadonlySet<JsonObject>;
}

/** A page that was requested before the walk needs it. Its items are parsed on demand. */
export interface EarlyPage extends PageSummary {
  readonly bytes: Buffer;
  readonly limit: number;
  readonly durationMs: number;
  /** @throws TapError like a request with this response */
  readonly read: () => ReceivedExportResponse;
}

export interface OwnRequestOptions extends Pick<RequestOptions, 'signal' | 'onBody'> {
  readonly reason?: ExportRequestReason;
  /** Called after each failed attempt that is not the last. */
  readonly onFailedAttempt?: ((error: HttpError) => void) | undefined;
}

/** The source of the walk's pages. */
export interface ExportFetcher {
  /**
   * @returns `undefined` if the API rejects the time as too recent although it accepts an earlier one
   * @throws TapError like parseExportResponse and the HTTP client
   */
  fetchPage(request: ExportRequest): Promise<ReceivedExportResponse | undefined>;
  /** The response is needed at once. Until then, a page in memory need not be parsed. */
  take(): void;
  /** Cancels all requests in flight. */
  close(): void;
}

/** Requests the pages of an export. Never follows next_page, and requests smaller pages if a page fails. */
export class ExportClient implements ExportFetcher {
  readonly #spec: ExportEndpointSpec;
  readonly #options: ReadOptions;
  readonly #limit: PageLimit;
  readonly #warnOfUnknownLists: (names: readonly string[]) => void;
  readonly #fields: FieldList;
  /** If the server sends no end_id, a page needs at least two items to continue. */
  #minLimit = 1;

  /** @param fields The fields to request. Default: those of the selected columns. */
  constructor(
    spec: ExportEndpointSpec,
    options: ReadOptions,
    fields = fieldsToRequest(spec, options.columns),
  ) {
    const maxLimit = spec.limit === undefined ? maxPageItems : options.settings[spec.limit];
    this.#spec = spec;
    this.#options = options;
    this.#fields = new FieldList(fields, options);
    this.#limit = new PageLimit(maxLimit, options);
    this.#warnOfUnknownLists = createUnknownListWarning(options.warn);
  }

  /** @param options Options of the request. The reason defaults to the kind of the walk's request. */
  async fetchPage(
    request: ExportRequest,
    { onFailedAttempt, ...options }: OwnRequestOptions = {},
  ): Promise<ReceivedExportResponse | undefined> {
    const spec = this.#spec;
    const { kind, ...position } = request;
    // The page is only checked for items, not read.
    const isProbe = kind === 'beyond' || kind === 'page size';
    try {
      const { body, receivedMs, durationMs } = await this.#get(position, {
        reason: reasonOf(request),
        ...options,
        reviseQuery: (error) => {
          onFailedAttempt?.(error);
          return this.#revise(error, position);
        },
      });
      const response = this.#read(body, position, { isProbe });
      if (this.#fields.dropIfIgnored(response.items, spec.replicationKey))
        return await this.fetchPage(request, { onFailedAttempt, ...options });
      this.#warnOfUnknownLists(namedArrays(spec.name).unreadLists(body));
      this.accept(response);
      return { ...response, receivedMs, durationMs };
    } catch (error) {
      // A 400 may mean that the start is too recent. Other failures get the position.
      if (!(error instanceof HttpError)) throw error;
      if (!isProbe && this.#isToleratedBadItem(error)) return this.#fetchBadItem(position, error);
      const olderStart = this.#olderStart(error, position);
      if (olderStart === undefined) throw withPosition(error, position, spec);
      await this.#get(olderStart, {
        reason: 'older start',
        reviseQuery: async (refusal) => this.#withoutFieldList(refusal, olderStart),
      });
      this.#options.warn(
        `the API rejects the start ${describePosition(position, spec)} although it is more than five ` +
          'minutes old; the stream ends here and continues from its bookmark in the next run',
      );
      return undefined;
    }
  }

  /**
   * Makes one attempt of a request that the walk may need later, without waiting.
   * @returns `undefined` if the request cannot start now
   * @throws HttpError, or TapError (system) for a body that is not a page
   */
  async fetchEarly(request: ExportRequest, signal: AbortSignal): Promise<EarlyPage | undefined> {
    const { path, name, unit } = this.#spec;
    const { kind, ...position } = request;
    const limit = this.#limit.current;
    const reason = `${reasonOf(request)}, read ahead`;
    const options = { responseKeys: [name], reason, signal };
    const unparsed = await this.#options.api.getEarly(path, this.#queryOf(position), options);
    if (unparsed === undefined) return undefined;
    const { bytes, parse, receivedMs, durationMs } = unparsed;
    const read = (): ReceivedExportResponse => {
      const body = parse();
      const response = this.#read(body, position, { isProbe: kind === 'beyond', limit });
      this.#warnOfUnknownLists(namedArrays(name).unreadLists(body));
      return { ...response, receivedMs, durationMs };
    };
    return { ...(summarizeTail(bytes, unit) ?? summarize(read())), bytes, limit, durationMs, read };
  }

  /** Records that the walk uses this response. */
  accept({ items, end, limit }: ExportResponse): void {
    if (items.length > 0 && limit === this.#limit.current) this.#limit.recordSuccess();
    if (end !== undefined) this.#minLimit = end.endId === null ? 2 : 1;
  }

  take(): void {
    // The response is parsed when it arrives.
  }

  close(): void {
    // The run's signal cancels the only request.
  }

  #get(position: ExportPosition, options: RequestOptions): Promise<HttpResponse> {
    const { path, name } = this.#spec;
    return this.#options.api.get(path, this.#queryOf(position), {
      responseKeys: [name],
      ...options,
    });
  }

  #queryOf({ time, startId }: ExportPosition): Query {
    const { name, takesFields = true } = this.#spec;
    return {
      ...(takesFields && { fields: `${name}(${this.#fields.current})` }),
      limit: this.#limit.current,
      start_time: time,
      ...(startId !== null && { start_id: startId }),
    };
  }

  async #revise(error: HttpError, position: ExportPosition): Promise<Query | undefined> {
    const isLowered = await this.#limit.lower(
      error,
      describePosition(position, this.#spec),
      this.#minLimit,
    );
    if (isLowered) return this.#queryOf(position);
    // A smaller page is not possible, and a retry would return the same bytes.
    if (this.#isToleratedBadItem(error)) throw error;
    return this.#withoutFieldList(error, position);
  }

  /** The same request for all fields, if the API may have rejected the list of fields. */
  #withoutFieldList(error: HttpError, position: ExportPosition): Query | undefined {
    const hasOtherReason = this.#olderStart(error, position) !== undefined;
    return this.#fields.dropIfRejected(error, hasOtherReason) ? this.#queryOf(position) : undefined;
  }

  #read(
    body: Json,
    position: ExportPosition,
    { isProbe = false, limit = this.#limit.current },
  ): ExportResponse {
    const { name, unit } = this.#spec;
    return parseExportResponse(body, name, unit, { ...position, limit, isProbe });
  }

  /** Whether the only requested item has invalid bytes and on_bad_item is warn. */
  #isToleratedBadItem({ failure }: HttpError): boolean {
    const isAlone = this.#limit.current <= this.#minLimit;
    return failure === 'not-text' && isAlone && this.#options.settings.on_bad_item === 'warn';
  }

  /** Requests the page again and replaces invalid bytes by U+FFFD, to get the position of the next page. */
  async #fetchBadItem(position: ExportPosition, error: HttpError): Promise<ReceivedExportResponse> {
    const { body, receivedMs, durationMs } = await this.#get(position, {
      reason: 'item with invalid bytes',
      replacesInvalidBytes: true,
    });
    let response: ExportResponse;
    try {
      response = this.#read(body, position, {});
    } catch {
      // The envelope is invalid, too: report the original error.
      throw withPosition(error, position, this.#spec);
    }
    const badItems = new Set(response.items.filter((item) => jsonText(item).includes('\uFFFD')));
    return { ...response, receivedMs, durationMs, badItems };
  }

  /** If the start was rejected as too recent, returns the newest start that the server's clock allows. */
  #olderStart(error: HttpError, position: ExportPosition): ExportPosition | undefined {
    const serverMs = error.serverTimeMs ?? this.#options.now();
    const newestAllowed = Math.floor(((serverMs - tooRecentMs) * 1000) / this.#spec.unit.micros);
    if (error.status !== 400 || position.time <= newestAllowed) return undefined;
    return { time: newestAllowed, startId: null };
  }
}

function reasonOf({ kind }: ExportRequest): ExportRequestReason {
  return kind === 'regular' ? 'regular page' : kind;
}

/** A position for messages, with the time and the value of start_time. */
export function describePosition(
  { time }: Pick<ExportPosition, 'time'>,
  { unit }: ExportEndpointSpec,
): string {
  return `${microsToInstant(time * unit.micros)} (start_time ${time})`;
}

function withPosition(
  error: HttpError,
  position: ExportPosition,
  spec: ExportEndpointSpec,
): TapError {
  if (error.status === 401 || error.status === 403 || error.status === 404) return error;
  return error.withMessage(`${error.message} (reading from ${describePosition(position, spec)})`);
}
