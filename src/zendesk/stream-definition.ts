import type { Clock } from '../core/clock.ts';
import type { JsonObject } from '../core/json.ts';
import type { SingerStream } from '../singer/catalog.ts';
import type { ChatApi } from './api.ts';

/**
 * Up to 1,000 parsed items and, if the stream can resume after them, the bookmark that is valid after they are written.
 */
export interface Page {
  readonly items: readonly JsonObject[];
  readonly checkpoint?: JsonObject;
  /** When the page was fetched, in ms since 1970. */
  readonly fetchedMs: number;
  /** The start of the page, for messages: `start_time 1706688000`. */
  readonly startsAt?: string;
  /** Items with invalid bytes. */
  readonly badItems?: ReadonlySet<JsonObject>;
}

/** A config key with the number of items per page. */
export type PageLimitKey = 'agents_page_limit' | 'bans_page_limit' | 'chats_page_limit';

/** The settings for reading, by config key. They are the same for all streams of a run. */
export interface ReadSettings extends Readonly<Record<PageLimitKey, number>> {
  readonly subdomain: string;
  readonly startDateMs: number;
  /** False if `startDateMs` is the default, which never overrides a bookmark. */
  readonly hasStartDate: boolean;
  readonly endDateMs?: number;
  readonly lookback_minutes: number;
  /** Maximum number of requests of an export in flight; 1 means one after another. */
  readonly read_ahead: number;
  readonly on_absent: 'warn' | 'fail';
  readonly on_forbidden: 'fail' | 'warn';
  readonly on_bad_item: 'fail' | 'warn';
}

/** Statistics about early requests of an export. */
export interface ReadAheadStats {
  /** Early requests in flight and early pages in memory. */
  readonly ahead: number;
  /** Early pages that the walk used. */
  readonly used: number;
  /** Early pages that were not needed. */
  readonly wasted: number;
  readonly failed: number;
  /** Early requests that were canceled before their response arrived. */
  readonly dropped: number;
  /** Doubtful responses that were requested again. */
  readonly ownAskedAgain: number;
}

/** The columns of a stream that can be fields of the API. */
export interface ColumnSelection {
  readonly known: readonly string[];
  readonly selected: readonly string[];
}

export interface ReadOptions extends Pick<Clock, 'now' | 'elapsed' | 'timer'> {
  readonly api: ChatApi;
  readonly settings: ReadSettings;
  /** The stream's entry in the input state; `undefined` means from the start. */
  readonly bookmark: JsonObject | undefined;
  /** `undefined`: all columns are selected. */
  readonly columns?: ColumnSelection;
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
  /** Called when the statistics change. */
  readonly onReadAhead?: (stats: ReadAheadStats) => void;
}

/**
 * Opens an endpoint: reads the bookmark immediately, and throws a TapError for an invalid one before any request. The
 * pages are fetched on demand.
 */
export type PageSource = (options: ReadOptions) => () => AsyncGenerator<Page, void, undefined>;

/**
 * A minimal request to an endpoint, whose response is parsed like a page of the stream.
 * @returns The items, their number if the response has all items of the stream, and the time of the newest one if the
 *   endpoint has times.
 * @throws the same errors as reading the stream
 */
export type Probe = (options: ReadOptions) => Promise<
  Pick<Page, 'items'> & {
    readonly count?: number | undefined;
    readonly newest?: string | undefined;
  }
>;

/** What a few requests show about a read of an export from `start_date`. */
export interface ExportEstimate {
  /** The time of the last item. */
  readonly newest?: string | undefined;
  /** The time of the first item. */
  readonly oldest?: string | undefined;
  /** Number of requests. */
  readonly requests?: number | undefined;
}

/**
 * Estimates a read of an export.
 * @param newest The time of an item near the end.
 * @throws like `Probe`
 */
export type Estimate = (options: ReadOptions, newest: string) => Promise<ExportEstimate>;

/** The definition of a stream. A new stream needs this object, a schema file and data in the sandbox. */
export interface StreamDefinition extends SingerStream {
  /** One sentence for the documentation. */
  readonly description: string;
  /** Path relative to `/api/v2/chat/`. */
  readonly path: string;
  /** The config key with the number of items per page. */
  readonly pageLimit?: PageLimitKey | undefined;
  /** Statuses of the stream's first request that mean that the account does not have the stream. */
  readonly absentStatuses: readonly number[];
  /** Keys of other taps in the bookmark, except times. Their values become null when this tap writes its bookmark. */
  readonly foreignBookmarkKeys: readonly string[];
  /** Throws a TapError (config) for a bookmark that the stream cannot resume from. */
  readonly checkBookmark?: (entry: JsonObject) => void;
  readonly pages: PageSource;
  readonly probe: Probe;
  readonly estimate?: Estimate;
}
