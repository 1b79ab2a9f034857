import type { Clock } from '../core/clock.ts';
import type { JsonObject } from '../core/json.ts';
import type { SingerStream } from '../singer/catalog.ts';
import type { ChatApi } from './api.ts';

/**
 * The unit between stages: up to 1,000 parsed items and, if resuming after them would be right, the
 * bookmark that becomes true once they are written.
 */
export interface Page {
  readonly items: readonly JsonObject[];
  readonly checkpoint?: JsonObject;
  /** When the page was fetched, ms since 1970. */
  readonly fetchedMs: number;
  /** Where it begins, for people: `start_time 1706688000`. */
  readonly startsAt?: string;
  /** Those of its items whose bytes are no text. */
  readonly badItems?: ReadonlySet<JsonObject>;
}

/** A key of the config that says how many items a page has. */
export type PageLimitKey = 'agents_page_limit' | 'bans_page_limit' | 'chats_page_limit';

/** What the config says about reading, by its keys; the same for every stream of a run. */
export interface ReadSettings extends Readonly<Record<PageLimitKey, number>> {
  readonly subdomain: string;
  readonly startDateMs: number;
  /** False when `startDateMs` is the computed default, which never overrules a bookmark. */
  readonly hasStartDate: boolean;
  readonly endDateMs?: number;
  readonly lookback_minutes: number;
  /** Requests of an export that may be in flight at the same time; 1: one after another. */
  readonly read_ahead: number;
  readonly on_absent: 'warn' | 'fail';
  readonly on_forbidden: 'fail' | 'warn';
  readonly on_bad_item: 'fail' | 'warn';
}

/** What became of the requests of one export. */
export interface ReadAheadStats {
  /** Early requests in flight and early pages that are held. */
  readonly ahead: number;
  /** Early pages that were handed to the walk. */
  readonly used: number;
  /** Early pages that were not needed. */
  readonly wasted: number;
  readonly failed: number;
  /** Early requests that were ended before their answer was here. */
  readonly dropped: number;
  /** Doubtful answers that were asked for again. */
  readonly ownAskedAgain: number;
}

export interface ReadOptions extends Pick<Clock, 'now' | 'elapsed' | 'timer'> {
  readonly api: ChatApi;
  readonly settings: ReadSettings;
  /** This stream's entry in the given state; `undefined`: from the beginning. */
  readonly bookmark: JsonObject | undefined;
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
  /** Called whenever something has changed in what is read ahead. */
  readonly onReadAhead?: (stats: ReadAheadStats) => void;
}

/**
 * Opens an endpoint: reads the bookmark at once, and throws a TapError for one that cannot be
 * understood, before any request; the pages are fetched as they are asked for.
 */
export type PageSource = (options: ReadOptions) => () => AsyncGenerator<Page, void, undefined>;

/**
 * The cheapest request to an endpoint, whose answer is read as the stream reads it.
 * @returns its items, and the instant of the newest one where there is one and the endpoint knows times
 * @throws what reading the stream would throw.
 */
export type Probe = (
  options: ReadOptions,
) => Promise<Pick<Page, 'items'> & { readonly newest?: string | undefined }>;

/** A stream as data. Adding one is adding such an object, a schema file and items in the sandbox. */
export interface StreamDefinition extends SingerStream {
  /** One sentence for the tables of the documentation. */
  readonly description: string;
  /** Path below `/api/v2/chat/`. */
  readonly path: string;
  /** The config key that says how many items a page has. */
  readonly pageLimit?: PageLimitKey | undefined;
  /** Statuses of the stream's first request that mean: this account has no such thing. */
  readonly absentStatuses: readonly number[];
  /** Keys other taps left in this stream's bookmark, but for times; their leaves become null once ours is written. */
  readonly foreignBookmarkKeys: readonly string[];
  /** Raises a TapError (config) for an entry of a state that the stream cannot go on from. */
  readonly checkBookmark?: (entry: JsonObject) => void;
  readonly pages: PageSource;
  readonly probe: Probe;
}
