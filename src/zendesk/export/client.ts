import { HttpError, type TapError } from '../../core/errors.ts';
import type { HttpResponse, Query } from '../../http/transport.ts';
import { microsToInstant } from '../../core/instant.ts';
import { jsonText, type Json, type JsonObject } from '../../core/json.ts';
import type { RequestOptions } from '../api.ts';
import type { PageLimitKey, ReadOptions } from '../stream-definition.ts';
import type { BookmarkSpec, ExportPosition } from './bookmark.ts';
import type { ExportRequest } from './walk.ts';
import { summarize, summarizeTail, type PageSummary } from './read-ahead/page-summary.ts';
import { parseExportResponse, type ExportResponse } from './response.ts';
import { PageLimit } from '../page-limit.ts';
import { createUnknownListWarning, namedArrays } from '../response-shape.ts';

/** Items a page of an export holds at most (API page "incremental export"). */
const maxPageItems = 1000;

/** A start younger than this may be refused by a server whose clock or rule differs from what we know. */
const tooRecentMs = 900_000;

export interface ExportEndpointSpec extends BookmarkSpec {
  /** Key of the list in the answer and word in `fields`. */
  readonly name: string;
  readonly path: string;
  /** Without one full pages are asked for. */
  readonly limit?: PageLimitKey;
  /** False for an export without the parameter `fields`, which always sends all fields. Default: true. */
  readonly takesFields?: boolean | undefined;
}

/** Why a page is requested; the log names it. */
export type ExportRequestReason =
  | 'regular page'
  | 'ties'
  | 'before'
  | 'beyond'
  | 'page size'
  | 'probe'
  | 'read ahead';

export interface ReceivedExportResponse extends ExportResponse {
  readonly receivedMs: number;
  /** Of the attempt that was answered. */
  readonly durationMs: number;
  /** Those of its items whose bytes are no text. */
  readonly badItems?: ReadonlySet<JsonObject>;
}

/** A page that was asked for before the walk did. Its items are parsed when they are needed. */
export interface EarlyPage extends PageSummary {
  readonly bytes: Buffer;
  readonly limit: number;
  readonly durationMs: number;
  /** @throws TapError as a request that is answered with it */
  readonly read: () => ReceivedExportResponse;
}

export interface OwnRequestOptions extends Pick<RequestOptions, 'signal' | 'onBody'> {
  readonly reason?: ExportRequestReason;
  /** Called after each failed attempt that is not the last. */
  readonly onFailedAttempt?: (error: HttpError) => void;
}

/** Where the walk's pages come from. */
export interface ExportFetcher {
  /**
   * @returns `undefined` when the API refuses the time as too young, though it answers an earlier one
   * @throws TapError; see parseExportResponse and the HTTP client
   */
  fetchPage(request: ExportRequest): Promise<ReceivedExportResponse | undefined>;
  /** Nothing more is fetched: ends what is in flight. */
  close(): void;
}

/** Asks for the pages of one export: our own query always, smaller where a page does not get through. */
export class ExportClient implements ExportFetcher {
  readonly #spec: ExportEndpointSpec;
  readonly #options: ReadOptions;
  readonly #limit: PageLimit;
  readonly #warnOfUnknownLists: (names: readonly string[]) => void;
  /** Where the server gives no end_id, a page of one item could not lead on. */
  #minLimit = 1;

  constructor(spec: ExportEndpointSpec, options: ReadOptions) {
    const maxLimit = spec.limit === undefined ? maxPageItems : options.settings[spec.limit];
    this.#spec = spec;
    this.#options = options;
    this.#limit = new PageLimit(maxLimit, options);
    this.#warnOfUnknownLists = createUnknownListWarning(options.warn);
  }

  /** @param options how it is sent; the reason is that of the walk's request unless another is given */
  async fetchPage(
    request: ExportRequest,
    { onFailedAttempt, ...options }: OwnRequestOptions = {},
  ): Promise<ReceivedExportResponse | undefined> {
    const spec = this.#spec;
    const { kind, ...position } = request;
    // The page is only looked at, not read.
    const isProbe = kind === 'beyond' || kind === 'page size';
    try {
      const { body, receivedMs, durationMs } = await this.#get(position, {
        reason: kind === 'regular' ? 'regular page' : kind,
        ...options,
        reviseQuery: (error) => {
          onFailedAttempt?.(error);
          return this.#revise(error, position);
        },
      });
      const response = this.#read(body, position, { isProbe });
      this.#warnOfUnknownLists(namedArrays(spec.name).unreadLists(body));
      this.accept(response);
      return { ...response, receivedMs, durationMs };
    } catch (error) {
      // A 400 may mean that the start is too young; any other failure gets its position.
      if (!(error instanceof HttpError)) throw error;
      if (!isProbe && this.#isToleratedBadItem(error)) return this.#fetchBadItem(position, error);
      const olderStart = this.#olderStart(error, position);
      if (olderStart === undefined) throw withPosition(error, position, spec);
      await this.#get(olderStart, { reason: 'older start' });
      this.#options.warn(
        `the API refuses to be read up to ${describePosition(position, spec)} although that is more than five ` +
          'minutes old; the stream ends here and goes on from its bookmark in the next run',
      );
      return undefined;
    }
  }

  /**
   * One attempt of a request that the walk may come to; it waits for nothing.
   * @returns `undefined`: there is no room for it now
   * @throws HttpError; TapError (system) for a body that is no page
   */
  async fetchEarly(request: ExportRequest, signal: AbortSignal): Promise<EarlyPage | undefined> {
    const { path, name, unit } = this.#spec;
    const { kind, ...position } = request;
    const limit = this.#limit.current;
    const options = { responseKeys: [name], reason: 'read ahead', signal };
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

  /** The walk is given this response. */
  accept({ items, end, limit }: ExportResponse): void {
    if (items.length > 0 && limit === this.#limit.current) this.#limit.recordSuccess();
    if (end !== undefined) this.#minLimit = end.endId === null ? 2 : 1;
  }

  close(): void {
    // One request after another: the run's signal ends it.
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
      ...(takesFields && { fields: `${name}(*)` }),
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
    // No smaller page can be asked for, and this one stays as it is.
    if (this.#isToleratedBadItem(error)) throw error;
    return undefined;
  }

  #read(
    body: Json,
    position: ExportPosition,
    { isProbe = false, limit = this.#limit.current },
  ): ExportResponse {
    const { name, unit } = this.#spec;
    return parseExportResponse(body, name, unit, { ...position, limit, isProbe });
  }

  /** Are the bytes of the one item that is asked for no text, and does the user want all others? */
  #isToleratedBadItem({ failure }: HttpError): boolean {
    const isAlone = this.#limit.current <= this.#minLimit;
    return failure === 'not-text' && isAlone && this.#options.settings.on_bad_item === 'warn';
  }

  /** The same page with U+FFFD for the bytes that are no text: its envelope says where the next one begins. */
  async #fetchBadItem(position: ExportPosition, error: HttpError): Promise<ReceivedExportResponse> {
    const { body, receivedMs, durationMs } = await this.#get(position, {
      reason: 'item with invalid bytes',
      replacesInvalidBytes: true,
    });
    let response: ExportResponse;
    try {
      response = this.#read(body, position, {});
    } catch {
      // It does not lead on: what is wrong with it are its bytes.
      throw withPosition(error, position, this.#spec);
    }
    const badItems = new Set(response.items.filter((item) => jsonText(item).includes('\uFFFD')));
    return { ...response, receivedMs, durationMs, badItems };
  }

  /** Was the start refused for being too young? Then a start that is old enough by the server's clock. */
  #olderStart(error: HttpError, position: ExportPosition): ExportPosition | undefined {
    const serverMs = error.serverTimeMs ?? this.#options.now();
    const newestAllowed = Math.floor(((serverMs - tooRecentMs) * 1000) / this.#spec.unit.micros);
    if (error.status !== 400 || position.time <= newestAllowed) return undefined;
    return { time: newestAllowed, startId: null };
  }
}

/** A position for people and for a request. */
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
