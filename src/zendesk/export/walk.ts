/**
 * The algorithm that reads an incremental export, as a pure state machine: it takes a response and returns the new
 * items and the next request. `pages.ts` sends the requests and waits.
 *
 * One page, in the server's time (brackets: inclusive, parentheses: exclusive):
 *
 *     read before            this page                 not yet read
 *   ───────────────[══════════════════════════]──────────────────────────────)
 *              start_time                  end_time                          head = now − 310 s
 *                  └─ read twice: the duplicate filter removes items that were already read
 *   bookmark after it: [end_time, never later than the head
 *
 * Inside ties (more items at one time than fit in a page), end_time does not change, and `start_id` moves from item to
 * item.
 *
 * A short or an empty page is not the end. Other requests prove the end:
 *   regular   At the position itself. New items: continue from their end.
 *   ties      At the same position, after its last id. New items: they were ties.
 *   before    At the same position, after an earlier id, because the last item may have moved.
 *   beyond    One unit later, only to check for items. No items: the end. An empty page counts only after another
 *             empty page. If the regular request returned an empty page, both requests are repeated.
 *   page size At the start of the export, only if the items at the end may be as many as the server is willing to
 *             return: they share one time, `start_id` has no effect, and no page was larger. A larger page: the end.
 * If there are items beyond, or if a full page has only known items, the request is repeated up to three times.
 */
import type { TapError } from '../../core/errors.ts';
import { timeToMicros } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import type { TimeUnit, ExportPosition } from './bookmark.ts';
import type { ExportResponse } from './response.ts';
import { DuplicateFilter } from './duplicate-filter.ts';
import { hiddenItemsError, tooManyTiesError } from './walk-errors.ts';

export type ExportRequestKind = 'regular' | 'ties' | 'before' | 'beyond' | 'page size';

export interface ExportRequest extends ExportPosition {
  readonly kind: ExportRequestKind;
}

export interface WalkResult {
  /** Items of the page that were not read before. */
  readonly newItems: readonly JsonObject[];
  /** The position to resume from after these items; `undefined` if it did not change. */
  readonly position: ExportPosition | undefined;
  /** `undefined` at the proven end. */
  readonly next: ExportRequest | undefined;
}

export interface WalkOptions {
  readonly start: ExportPosition;
  readonly unit: TimeUnit;
  readonly replicationKey: string;
  /** False if an edited item moves to another position of the export, that of its new replication key. */
  readonly isImmutable: boolean;
  /** The item's id in `start_id`; `undefined` if it has none. */
  readonly idOf: (item: JsonObject) => string | undefined;
  /** The key and the version of an item as one string. */
  readonly identify: (item: JsonObject) => string;
  /** The newest time that can be requested, in the stream's unit. */
  readonly head: () => number;
}

/** Maximum number of repeated regular requests. */
const maxRepeats = 3;

/** A smaller page does not indicate the server's maximum page size. */
const minPageSize = 2;

export interface Walk {
  readonly first: ExportRequest;
  /** @throws TapError (system) if continuing would lose items or never end. */
  advance(request: ExportRequest, response: ExportResponse): WalkResult;
}

interface WalkState extends WalkOptions {
  readonly duplicates: DuplicateFilter;
  regularPosition: ExportPosition;
  /** The server's position after the last used page. */
  lastEnd: { readonly time: number; readonly endId: string | null } | undefined;
  /** Ids and size of the last used page. */
  lastIds: readonly string[];
  lastSize: number;
  /** The size of the largest page that was followed by new items: servers may reduce the limit. */
  largestFollowed: number;
  /** The size of the largest page. */
  largestPage: number;
  /** The size of a page that may be incomplete although the position did not move; 0 if there is none. */
  unprovenSize: number;
  repeats: number;
  /** There are items beyond the position that the regular request did not return. */
  hasHiddenItems: boolean;
  /** The server returned an empty page at a position with items, and no new item since then. */
  wasEmpty: boolean;
  /** Number of consecutive empty pages. */
  emptyPages: number;
  /** The response to the last regular request without new items. */
  regularResponse: 'items' | 'empty';
  /** The position is a bookmark inside ties, and no item was read from it yet. */
  isResumedInTies: boolean;
}

export function createWalk(options: WalkOptions): Walk {
  const { start } = options;
  const state: WalkState = {
    ...options,
    duplicates: new DuplicateFilter(options.identify),
    regularPosition: start,
    lastEnd: undefined,
    lastIds: [],
    lastSize: 0,
    largestFollowed: 0,
    largestPage: 0,
    unprovenSize: 0,
    repeats: 0,
    hasHiddenItems: false,
    wasEmpty: false,
    emptyPages: 0,
    regularResponse: 'items',
    isResumedInTies: start.startId !== null,
  };
  return {
    first: { kind: 'regular', ...start },
    advance: (request, response) => advance(state, request, response),
  };
}

function advance(state: WalkState, request: ExportRequest, response: ExportResponse): WalkResult {
  const page = state.duplicates.filter(response.items);
  if (request.kind === 'page size')
    return advancePageSize(state, response, page.newItems.length > 0);
  state.largestPage = Math.max(state.largestPage, sizeOf(response));
  // After an earlier id, there is at least one item. An empty response means that the server does not know the id.
  const isEmpty = response.items.length === 0 && request.kind !== 'before';
  state.emptyPages = isEmpty ? state.emptyPages + 1 : 0;
  if (request.kind === 'beyond') return advanceBeyond(state, page.newItems.length > 0);
  const { end } = response;
  if (end === undefined) return onNoNewItems(state, request, response);
  const hasStartId = request.startId !== null && !state.isImmutable;
  if (hasStartId && !includesInstant(state, response, request.time))
    return onSkippedInstant(state, request);
  state.duplicates.remember(page, end.time);
  state.lastEnd = end;
  state.lastIds = idsOf(state, response);
  const hasMoved = end.time > request.time;
  if (page.newItems.length === 0 && !hasMoved) return onNoNewItems(state, request, response);
  if (page.newItems.length > 0) {
    state.largestFollowed = Math.max(state.largestFollowed, state.lastSize);
    state.repeats = 0;
    state.hasHiddenItems = false;
    state.wasEmpty = false;
    state.isResumedInTies = false;
  }
  state.unprovenSize = 0;
  state.lastSize = sizeOf(response);
  const isTied = request.startId !== null && !hasMoved;
  const position = { time: end.time, startId: isTied ? end.endId : null };
  const next = continueFrom(state, position);
  // The position did not move although the page is full, so continue inside ties.
  if (next?.startId === null && !hasMoved && end.endId !== null && isFull(state, response)) {
    state.regularResponse = 'items';
    return {
      newItems: page.newItems,
      position,
      next: { ...next, kind: 'ties', startId: end.endId },
    };
  }
  return { newItems: page.newItems, position, next };
}

/** Handles a page without new items: requests the same position in another way. */
function onNoNewItems(
  state: WalkState,
  request: ExportRequest,
  response: ExportResponse,
): WalkResult {
  const isEmpty = response.items.length === 0;
  state.wasEmpty ||= isEmpty && request.kind !== 'ties';
  if (request.kind === 'regular') {
    state.regularResponse = isEmpty ? 'empty' : 'items';
    const endId = state.lastEnd?.time === request.time ? state.lastEnd.endId : null;
    if (endId !== null && endId !== request.startId) {
      return requestOnly(createRequest(state, 'ties', { time: request.time, startId: endId }));
    }
    if (state.isResumedInTies) return requestOnly(restartInstant(state));
  }
  // No items after an id where more are possible: the server may no longer know the id.
  const wasTied = state.regularResponse !== 'empty' && state.lastIds.length > 1;
  const isSuspicious = request.kind === 'regular' || wasTied || state.repeats > 0;
  const before = isEmpty && isSuspicious ? requestBefore(state, request) : undefined;
  if (before !== undefined) return requestOnly(before);
  // A request beyond is useless if it is known that there are items, and would skip the rest of a full page.
  if (state.hasHiddenItems || isFull(state, response)) return repeatRequest(state, request);
  // If `start_id` moves from item to item, there is at most one item, unless the id is an earlier one.
  if (request.kind !== 'before') state.unprovenSize = sizeOf(response);
  return requestOnly(createRequest(state, 'beyond', oneUnitLater(state)) ?? requestPageSize(state));
}

/** Handles a response to a `start_id` that skips its time: the ties are over, or the item has moved. */
function onSkippedInstant(state: WalkState, request: ExportRequest): WalkResult {
  if (state.isResumedInTies) return requestOnly(restartInstant(state));
  const before = requestBefore(state, request);
  if (before !== undefined) return requestOnly(before);
  if (request.kind !== 'before') return requestOnly(continueFrom(state, oneUnitLater(state)));
  // All items of that page have moved: read the rest of this time from its start.
  state.repeats += 1;
  if (state.repeats > maxRepeats) throw giveUpError(state);
  return requestOnly(restartInstant(state));
}

function advanceBeyond(state: WalkState, hasNewItems: boolean): WalkResult {
  state.hasHiddenItems = hasNewItems;
  // An empty page counts only if it is repeated.
  const isDoubtful =
    state.regularResponse === 'empty' &&
    state.regularPosition.startId === null &&
    state.repeats === 0;
  if (hasNewItems || isDoubtful) return repeatRequest(state);
  return requestOnly(
    state.emptyPages === 1
      ? createRequest(state, 'beyond', oneUnitLater(state))
      : requestPageSize(state),
  );
}

/** Returns `undefined`, the proven end, unless the server may have reduced the limit of the page at the position. */
function requestPageSize(state: WalkState): ExportRequest | undefined {
  const { unprovenSize, largestPage } = state;
  if (unprovenSize < minPageSize || unprovenSize < largestPage) return undefined;
  return createRequest(state, 'page size', { time: 0, startId: null });
}

/** From the start of the export, a page holds the items at the position and earlier ones, if the server does not reduce it. */
function advancePageSize(
  state: WalkState,
  response: ExportResponse,
  hasNewItems: boolean,
): WalkResult {
  const size = sizeOf(response);
  // The same page: the export has no earlier items, and it is unknown whether the server has more at this time.
  const isSamePage = size === state.unprovenSize && !hasNewItems;
  if (size > state.unprovenSize || isSamePage) return requestOnly(undefined);
  // The limit is now so low that the page at the position is full.
  if (response.limit <= state.unprovenSize) return repeatRequest(state);
  state.repeats += 1;
  if (state.repeats > maxRepeats) throw tooManyTiesError(state);
  return requestOnly(requestPageSize(state));
}

/** Repeats the regular request, because the server may not have sent everything. */
function repeatRequest(state: WalkState, request?: ExportRequest): WalkResult {
  state.repeats += 1;
  if (state.repeats > maxRepeats) throw giveUpError(state);
  // The server may have repeated its previous response: repeat the same request first, then the regular one.
  const repeatsTies = request?.kind === 'ties' && !state.hasHiddenItems && state.repeats % 2 === 1;
  return requestOnly(
    repeatsTies
      ? createRequest(state, 'ties', request)
      : continueFrom(state, state.regularPosition),
  );
}

function giveUpError(state: WalkState): TapError {
  return state.wasEmpty ? hiddenItemsError(state) : tooManyTiesError(state);
}

function requestOnly(next: ExportRequest | undefined): WalkResult {
  return { newItems: [], position: undefined, next };
}

function createRequest(
  state: WalkState,
  kind: ExportRequestKind,
  position: ExportPosition,
): ExportRequest | undefined {
  return position.time > state.head() ? undefined : { kind, ...position };
}

function continueFrom(state: WalkState, position: ExportPosition): ExportRequest | undefined {
  state.regularPosition = position;
  return createRequest(state, 'regular', position);
}

/** Reads the time of a bookmark from its start, because the pages before the bookmark's id are not known. */
function restartInstant(state: WalkState): ExportRequest | undefined {
  state.isResumedInTies = false;
  return continueFrom(state, { time: state.regularPosition.time, startId: null });
}

function oneUnitLater(state: WalkState): ExportPosition {
  return { time: state.regularPosition.time + 1, startId: null };
}

/**
 * The same request with an earlier id: one item back, then each time twice as far from the end of the page, because
 * several chats may be edited at once. Returns `undefined` if there is no earlier id.
 */
function requestBefore(state: WalkState, request: ExportRequest): ExportRequest | undefined {
  if (request.startId === null) return undefined;
  const index = state.lastIds.lastIndexOf(request.startId);
  const last = state.lastIds.length - 1;
  const wantedIndex = request.kind === 'before' ? last - 2 * (last - index) : index - 1;
  const id = index > 0 ? state.lastIds[Math.max(0, wantedIndex)] : undefined;
  return id ? createRequest(state, 'before', { time: request.time, startId: id }) : undefined;
}

/** The ids without duplicates, each at its last position: a server may send two versions of an item. */
function idsOf(state: WalkState, { items }: ExportResponse): readonly string[] {
  const ids = items.map((item) => state.idOf(item) ?? '');
  return [...new Set(ids.toReversed())].toReversed();
}

/** Whether the page has as many items as requested, or as the server's reduced limit seems to allow. */
function isFull(state: WalkState, response: ExportResponse): boolean {
  const clamp = Math.max(state.largestFollowed, minPageSize);
  const size = sizeOf(response);
  return size >= response.limit || (state.largestFollowed > 0 && size >= clamp);
}

function sizeOf({ items, size = items.length }: ExportResponse): number {
  return size;
}

/** Whether a response to a `start_id` contains items with the requested time. */
function includesInstant(state: WalkState, { items, end }: ExportResponse, time: number): boolean {
  if (end?.time === time) return true;
  return items.some((item) => {
    const micros = timeToMicros(item[state.replicationKey]);
    return micros !== undefined && Math.floor(micros / state.unit.micros) === time;
  });
}
