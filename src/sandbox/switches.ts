import type { ExportName, Resource } from './resources.ts';

/** Which answers of the exports a rule means. Requests are counted per export, from 1. */
export interface EveryNth {
  /** Each n-th request of an export. */
  readonly every?: number;
  /** Only this export. Default: all. */
  readonly resource?: ExportName;
}

/** What `end_time` says on an empty page: null, the start_time that was asked for, or 0. */
export type EmptyEnd = 'echo' | 'null' | 'zero';

export interface EmptyPages extends EveryNth {
  /** A page that would hold the chat (timespan, event) of this place, counted from 0 ... */
  readonly atItem?: number;
  /** ... is empty the first so many times. Default 1. */
  readonly times?: number;
  /** Every request with this start_time and no start_id. */
  readonly atStartTime?: number;
  /** Default `null`. */
  readonly endTime?: EmptyEnd;
}

/** What an envelope holds besides its items. */
export type EnvelopeKey = 'end_time' | 'end_id' | 'next_page' | 'count';

export interface EnvelopeChange extends EveryNth {
  readonly omit?: readonly EnvelopeKey[];
  readonly nulls?: readonly EnvelopeKey[];
  /** `end_time` in seconds where microseconds are due, and the reverse. */
  readonly wrongUnit?: boolean;
}

export interface HiddenRecords {
  readonly resource: ExportName;
  /** In the export's unit. A request that starts at or before it never gets an item later than it; one that starts later does. */
  readonly after: number;
  /** Such a request is answered with no items at all when only items of the very instant asked for are left. */
  readonly empty?: boolean;
}

/** One switch for each thing that is not known about the real API, and a few known to go wrong. */
export interface Switches {
  /**
   * What `start_id` does. `exclusive` (default): continues after (start_time, start_id). `inclusive`: at it.
   * `ignored`: nothing. `lookup`: continues after the place that item has now; an unknown one gives an empty page.
   */
  readonly startId: 'exclusive' | 'inclusive' | 'ignored' | 'lookup';
  /** Exports whose envelope has `end_id`, and `start_id` in `next_page`. Default: chats. */
  readonly endIds: readonly ExportName[];
  /** Empty pages in the middle. */
  readonly emptyPages: EmptyPages | null;
  /** `end_time` where there is nothing left. Default `echo`. */
  readonly emptyEnd: EmptyEnd;
  /** Pages of at most `size` items although more follow. */
  readonly shortPages: (EveryNth & { readonly size: number }) | null;
  /** Exports never give more items than this, whatever `limit` says. Default 1,000. */
  readonly maxPage: number;
  /** A `limit` above 1,000 is answered 400 (`refuse`, default) or taken as 1,000. */
  readonly overLimit: 'refuse' | 'clamp';
  /** Envelopes that lack or distort something. */
  readonly envelope: EnvelopeChange | null;
  /** An answer that is the one before it once more. */
  readonly repeatPage: EveryNth | null;
  readonly hidden: HiddenRecords | null;
  /** Timespans are sorted and found by their end (default) or by their start. */
  readonly timelineSort: 'end' | 'start';
  /** What becomes of a deleted chat: it is exported again as `deleted: true` (default), or it is gone. */
  readonly deletedChats: 'tombstone' | 'gone';
  /** A start_time must be older than this. Default 300. */
  readonly minimumAgeSeconds: number;
  /** The answer to one that is not. Default 400. */
  readonly tooYoungStatus: number;
  /** The server's clock, and with it `Date`, is ahead (or, below zero, behind) by so much. */
  readonly clockOffsetSeconds: number;
  /** `limit` of bans counts both arrays together, sorted by id (`union`, default), or each array. */
  readonly bansLimit: 'union' | 'perArray';
  /** Bans never give more than this (in all or per array), whatever `limit` says. Default 1,000. */
  readonly bansMaxPage: number;
  /** A `limit` above this is refused by agents. Default 100. */
  readonly agentsLimitCeiling: number;
  /** Agents never give more than this, whatever `limit` says. Default 1,000. */
  readonly agentsMaxPage: number;
  /**
   * `inclusive` (default) and `exclusive` page by `since_id`; `ignored` gives the first page each time, `unpaged`
   * the whole list each time.
   */
  readonly sinceId: 'inclusive' | 'exclusive' | 'ignored' | 'unpaged';
  /** A list asked for without any parameter is answered whole. Default false. */
  readonly wholeWithoutParameters: boolean;
  /** A `Link` header on pages of lists. Default true. */
  readonly pagingHeaders: boolean;
  /** `routing_settings/agents` is a bare array (default) or lies under `data`. */
  readonly routingAgentsShape: 'array' | 'data';
  /** A status per resource, `*` for all others: `{account: 403, goals: 404}`. `agents` does not mean `agents/me`. */
  readonly absent: Readonly<Partial<Record<Resource | 'agents/me' | '*', number>>>;
  /** What `expires_in` of a token answer says. Default `present`: the life of the token. */
  readonly expiresIn: 'present' | 'absent' | 'zero' | 'text' | 'huge';
  /** A refresh token works once and a new one comes back (`single-use`, default), or stays and none comes back. */
  readonly refreshTokens: 'single-use' | 'kept';
  /** What becomes of older access tokens when one is refreshed: they live on (`kept`, default), or end. */
  readonly oldAccessTokens: 'kept' | 'revoked';
  /** The token is refused everywhere, or for some resources. */
  readonly tokenRefused: boolean | readonly (Resource | 'agents/me')[];
}

export const defaultSwitches: Switches = {
  startId: 'exclusive',
  endIds: ['chats'],
  emptyPages: null,
  emptyEnd: 'echo',
  shortPages: null,
  maxPage: 1000,
  overLimit: 'refuse',
  envelope: null,
  repeatPage: null,
  hidden: null,
  timelineSort: 'end',
  deletedChats: 'tombstone',
  minimumAgeSeconds: 300,
  tooYoungStatus: 400,
  clockOffsetSeconds: 0,
  bansLimit: 'union',
  bansMaxPage: 1000,
  agentsLimitCeiling: 100,
  agentsMaxPage: 1000,
  sinceId: 'inclusive',
  wholeWithoutParameters: false,
  pagingHeaders: true,
  routingAgentsShape: 'array',
  absent: {},
  expiresIn: 'present',
  refreshTokens: 'single-use',
  oldAccessTokens: 'kept',
  tokenRefused: false,
};
