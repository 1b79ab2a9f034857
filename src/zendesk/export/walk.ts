/**
 * How an incremental export is walked, as a pure machine: an answer in, the page to emit and the next
 * request out. Nothing is sent and nothing waits here; `pages.ts` does both.
 *
 * One page, in the server's time (brackets: inclusive, parentheses: exclusive):
 *
 *     read before            this page                 not yet read
 *   ───────────────[══════════════════════════]──────────────────────────────)
 *              start_time                  end_time                          head = now − 310 s
 *                  └─ its instant comes twice: the duplicate filter drops what came already
 *   bookmark after it: [end_time, never later than the head
 *
 * Inside ties (more items in one instant than a page holds) end_time stays where it is, and `start_id`
 * leads on from item to item.
 *
 * The end is never assumed from a short or an empty page: it is proven by other requests.
 *   regular   the position itself. Something new: go on from its end.
 *   ties      the same position, behind its last id. Something new: these were ties.
 *   before    the same position, behind an id before that: the last one may have moved meanwhile.
 *   beyond    one unit later, only to see whether anything is there. Nothing: the end, but an empty page is
 *             believed only behind another one, and where the regular request was answered with one, both
 *             are sent again.
 * Something beyond, or a full page of what came already: the request again, three times at most.
 */
import { TapError } from '../../core/errors.ts';
import { microsToInstant, timeToMicros } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import type { TimeUnit, ExportPosition } from './bookmark.ts';
import type { ExportResponse } from './response.ts';
import { DuplicateFilter } from './duplicate-filter.ts';

export type ExportRequestKind = 'regular' | 'ties' | 'before' | 'beyond';

export interface ExportRequest extends ExportPosition {
  readonly kind: ExportRequestKind;
}

export interface WalkResult {
  /** What the page brought that had not come yet. */
  readonly newItems: readonly JsonObject[];
  /** Where reading can be taken up after these items; `undefined`: where it could be before. */
  readonly position: ExportPosition | undefined;
  /** `undefined`: the end, and proven. */
  readonly next: ExportRequest | undefined;
}

export interface WalkOptions {
  readonly start: ExportPosition;
  readonly unit: TimeUnit;
  readonly replicationKey: string;
  /** False: an edited item moves to another place of the export, which the replication key tells. */
  readonly isImmutable: boolean;
  /** The id the export knows an item by, `undefined` when it has none. */
  readonly idOf: (item: JsonObject) => string | undefined;
  /** Key and version of an item in one text. */
  readonly identify: (item: JsonObject) => string;
  /** The newest time that may be asked for, in the stream's unit. */
  readonly head: () => number;
}

/** How often the regular request is sent again because something lies beyond it. */
const maxRepeats = 3;

/** A page smaller than this says nothing about how many items a server is willing to send. */
const minPageSize = 2;

export interface Walk {
  readonly first: ExportRequest;
  /** @throws TapError (system) where going on would lose items or never end. */
  advance(request: ExportRequest, response: ExportResponse): WalkResult;
}

interface WalkState extends WalkOptions {
  readonly duplicates: DuplicateFilter;
  regularPosition: ExportPosition;
  /** The server's own position after the last page that was used. */
  lastEnd: { readonly time: number; readonly endId: string | null } | undefined;
  /** Ids and size of the last page that was used. */
  lastIds: readonly string[];
  lastSize: number;
  /** The largest page that was followed by something new: servers may clamp the limit. */
  largestFollowed: number;
  repeats: number;
  /** Something lies beyond the position that the regular request has not brought yet. */
  hasHiddenItems: boolean;
  /** Where something had been read, there was an empty page; nothing new has come since. */
  wasEmpty: boolean;
  /** Empty pages in a row that say that nothing lies there. */
  emptyPages: number;
  /** What the last regular request that brought nothing new was answered with. */
  regularResponse: 'items' | 'empty';
  /** The position is a bookmark's inside ties, and nothing has come from it yet. */
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
  // Behind an id before there is at least the item after it: an empty answer only says that the id is not known.
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
  state.lastSize = sizeOf(response);
  const isTied = request.startId !== null && !hasMoved;
  const position = { time: end.time, startId: isTied ? end.endId : null };
  const next = continueFrom(state, position);
  // The position itself was asked for just now, and answered with as much as a page holds.
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

/** A page that brought nothing new: the same position is requested in another way. */
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
  // Nothing behind an id where more may be: the server may not know that item any more.
  const wasTied = state.regularResponse !== 'empty' && state.lastIds.length > 1;
  const isSuspicious = request.kind === 'regular' || wasTied || state.repeats > 0;
  const before = isEmpty && isSuspicious ? requestBefore(state, request) : undefined;
  if (before !== undefined) return requestOnly(before);
  // What lies beyond is known, or would leave out what is here; and a page may be the one before it again.
  if (state.hasHiddenItems || isFull(state, response)) return repeatRequest(state, request);
  return requestOnly(createRequest(state, 'beyond', oneUnitLater(state)));
}

/** An answer to a `start_id` that skipped its instant: the ties are over, or that item moved just now. */
function onSkippedInstant(state: WalkState, request: ExportRequest): WalkResult {
  if (state.isResumedInTies) return requestOnly(restartInstant(state));
  const before = requestBefore(state, request);
  if (before !== undefined) return requestOnly(before);
  if (request.kind !== 'before') return requestOnly(continueFrom(state, oneUnitLater(state)));
  // Not one item of that page is where it was: what is left of the instant is read from its beginning.
  state.repeats += 1;
  if (state.repeats > maxRepeats) throw giveUpError(state);
  return requestOnly(restartInstant(state));
}

function advanceBeyond(state: WalkState, hasNewItems: boolean): WalkResult {
  state.hasHiddenItems = hasNewItems;
  // An empty page is believed only when it comes twice.
  const isDoubtful =
    state.regularResponse === 'empty' &&
    state.regularPosition.startId === null &&
    state.repeats === 0;
  if (hasNewItems || isDoubtful) return repeatRequest(state);
  return requestOnly(
    state.emptyPages === 1 ? createRequest(state, 'beyond', oneUnitLater(state)) : undefined,
  );
}

/** The regular request once more: the server has not sent everything, or may not have. */
function repeatRequest(state: WalkState, request?: ExportRequest): WalkResult {
  state.repeats += 1;
  if (state.repeats > maxRepeats) throw giveUpError(state);
  // The answer may have been the one before it: the same request first, the next time the regular one.
  const repeatsTies = request?.kind === 'ties' && !state.hasHiddenItems && state.repeats % 2 === 1;
  return requestOnly(
    repeatsTies
      ? createRequest(state, 'ties', request)
      : continueFrom(state, state.regularPosition),
  );
}

function giveUpError(state: WalkState): TapError {
  if (!state.wasEmpty) return tooManyTiesError(state);
  return new TapError(
    `the API hides records after ${describeRegularPosition(state)}: it answers with an empty page there, and with records ` +
      'later; run again, and report this to Zendesk if it stays so',
    { kind: 'system' },
  );
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

/** A bookmark's id is of another run, whose pages are gone: its instant is read again rather than left. */
function restartInstant(state: WalkState): ExportRequest | undefined {
  state.isResumedInTies = false;
  return continueFrom(state, { time: state.regularPosition.time, startId: null });
}

function oneUnitLater(state: WalkState): ExportPosition {
  return { time: state.regularPosition.time + 1, startId: null };
}

/**
 * The same request with an id before the one it had: one item back, then twice as far from the
 * page's end each time, since chats are edited several at once. `undefined`: there is none left.
 */
function requestBefore(state: WalkState, request: ExportRequest): ExportRequest | undefined {
  if (request.startId === null) return undefined;
  const index = state.lastIds.lastIndexOf(request.startId);
  const last = state.lastIds.length - 1;
  const wantedIndex = request.kind === 'before' ? last - 2 * (last - index) : index - 1;
  const id = index > 0 ? state.lastIds[Math.max(0, wantedIndex)] : undefined;
  return id ? createRequest(state, 'before', { time: request.time, startId: id }) : undefined;
}

/** Each id once, at the last place it has: a server may give an item in two versions. */
function idsOf(state: WalkState, { items }: ExportResponse): readonly string[] {
  const ids = items.map((item) => state.idOf(item) ?? '');
  return [...new Set(ids.toReversed())].toReversed();
}

/** As many items as were asked for, or as a clamping server seems to be willing to send. */
function isFull(state: WalkState, response: ExportResponse): boolean {
  const clamp = Math.max(state.largestFollowed, minPageSize);
  const size = sizeOf(response);
  return size >= response.limit || (state.largestFollowed > 0 && size >= clamp);
}

function sizeOf({ items, size = items.length }: ExportResponse): number {
  return size;
}

/** Does an answer to a `start_id` hold anything of the instant it was asked for? */
function includesInstant(state: WalkState, { items, end }: ExportResponse, time: number): boolean {
  if (end?.time === time) return true;
  return items.some((item) => {
    const micros = timeToMicros(item[state.replicationKey]);
    return micros !== undefined && Math.floor(micros / state.unit.micros) === time;
  });
}

function tooManyTiesError(state: WalkState): TapError {
  return new TapError(
    `the API holds more records at one instant (${describeRegularPosition(state)}) than a page can hold, and does not lead ` +
      'on inside it; nothing after it was read. Report this to Zendesk with this time',
    { kind: 'system' },
  );
}

function describeRegularPosition({ regularPosition, unit }: WalkState): string {
  return `${microsToInstant(regularPosition.time * unit.micros)} (start_time ${regularPosition.time})`;
}
