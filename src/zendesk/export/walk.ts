/**
 * How an incremental export is walked, as a pure machine: an answer in, the page to emit and the next
 * question out. No requests and no waiting here; `export-pages.ts` asks.
 *
 * One page, in the server's time (brackets: inclusive, parentheses: exclusive):
 *
 *     read before            this page                 not yet read
 *   ───────────────[══════════════════════════]──────────────────────────────)
 *              start_time                  end_time                          head = now − 310 s
 *                  └─ its instant comes twice: the seam drops what came already
 *   bookmark after it: [end_time, never later than the head
 *
 * Inside ties (more items in one instant than a page holds) end_time stays where it is, and `start_id`
 * leads on from item to item.
 *
 * The end is never assumed from a short or an empty page: it is proven by asking differently.
 *   regular   the place itself. Something new: go on from its end.
 *   ties      the same place, behind its last id. Something new: these were ties.
 *   before    the same place, behind an id before that: the last one may have moved meanwhile.
 *   beyond    one unit later, only to see whether anything is there. Nothing: the end, but an empty page is
 *             believed only behind another one, and where the regular question was answered with one, both
 *             are asked again.
 * Something beyond, or a full page of what came already: the question again, three times at most.
 */
import { TapError } from '../../core/errors.ts';
import { microsToInstant, timeToMicros } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ExportUnit, Place } from './bookmark.ts';
import type { ExportAnswer } from './response.ts';
import { Seam } from './duplicate-filter.ts';

export type QuestionKind = 'regular' | 'ties' | 'before' | 'beyond';

export interface Question extends Place {
  readonly kind: QuestionKind;
}

export interface Step {
  /** What the page brought that had not come yet. */
  readonly fresh: readonly JsonObject[];
  /** Where reading can be taken up after these items; `undefined`: where it could be before. */
  readonly place: Place | undefined;
  /** `undefined`: the end, and proven. */
  readonly next: Question | undefined;
}

export interface WalkOptions {
  readonly start: Place;
  readonly unit: ExportUnit;
  readonly replicationKey: string;
  /** False: an edited item moves to another place of the export, which the replication key tells. */
  readonly isFixed: boolean;
  /** The id the export knows an item by, `undefined` when it has none. */
  readonly idOf: (item: JsonObject) => string | undefined;
  /** Key and version of an item in one text. */
  readonly identify: (item: JsonObject) => string;
  /** The newest time that may be asked for, in the stream's unit. */
  readonly head: () => number;
}

/** How often the regular question is asked again because something lies beyond it. */
const mostRepeats = 3;

/** A page smaller than this says nothing about how many items a server is willing to send. */
const smallestClamp = 2;

export interface Walk {
  readonly first: Question;
  /** @throws TapError (system) where going on would lose items or never end. */
  take(question: Question, answer: ExportAnswer): Step;
}

/** Where a walk stands. */
interface Standing extends WalkOptions {
  readonly seam: Seam;
  /** The place of the regular question. */
  regular: Place;
  /** The server's own position after the last page that was used. */
  position: { readonly time: number; readonly endId: string | null } | undefined;
  /** Ids and size of the last page that was used. */
  lastIds: readonly string[];
  lastSize: number;
  /** The largest page that was followed by something new: servers may clamp the limit. */
  largestFollowed: number;
  repeats: number;
  /** Something lies beyond the place that the regular question has not brought yet. */
  isHiding: boolean;
  /** Where something had been read, there was an empty page; nothing new has come since. */
  wasEmpty: boolean;
  /** Empty pages in a row that say that nothing lies there. */
  empties: number;
  /** What the last regular question that brought nothing new was answered with. */
  regularWas: 'items' | 'empty';
  /** The place is a bookmark's inside ties, and nothing has come from it yet. */
  isResumedInTies: boolean;
}

export function createWalk(options: WalkOptions): Walk {
  const { start } = options;
  const standing: Standing = {
    ...options,
    seam: new Seam(options.identify),
    regular: start,
    position: undefined,
    lastIds: [],
    lastSize: 0,
    largestFollowed: 0,
    repeats: 0,
    isHiding: false,
    wasEmpty: false,
    empties: 0,
    regularWas: 'items',
    isResumedInTies: start.startId !== null,
  };
  return {
    first: { kind: 'regular', ...start },
    take: (question, answer) => take(standing, question, answer),
  };
}

function take(at: Standing, question: Question, answer: ExportAnswer): Step {
  const page = at.seam.compare(answer.items);
  // Behind an id before there is at least the item after it: an empty answer only says that the id is not known.
  const isEmpty = answer.items.length === 0 && question.kind !== 'before';
  at.empties = isEmpty ? at.empties + 1 : 0;
  if (question.kind === 'beyond') return takeBeyond(at, page.fresh.length > 0);
  const { position } = answer;
  if (position === undefined) return nothingNew(at, question, answer);
  const isAtItem = question.startId !== null && !at.isFixed;
  if (isAtItem && !touches(at, answer, question.time)) return skipped(at, question);
  at.seam.remember(page, position.time);
  at.position = position;
  at.lastIds = idsOf(at, answer);
  const hasMoved = position.time > question.time;
  if (page.fresh.length === 0 && !hasMoved) return nothingNew(at, question, answer);
  if (page.fresh.length > 0) {
    at.largestFollowed = Math.max(at.largestFollowed, at.lastSize);
    at.repeats = 0;
    at.isHiding = false;
    at.wasEmpty = false;
    at.isResumedInTies = false;
  }
  at.lastSize = answer.items.length;
  const isTied = question.startId !== null && !hasMoved;
  const place = { time: position.time, startId: isTied ? position.endId : null };
  const next = goOn(at, place);
  // The place itself was asked for just now, and answered with as much as a page holds.
  if (next?.startId === null && !hasMoved && position.endId !== null && isFull(at, answer)) {
    at.regularWas = 'items';
    return { fresh: page.fresh, place, next: { ...next, kind: 'ties', startId: position.endId } };
  }
  return { fresh: page.fresh, place, next };
}

/** A page that brought nothing new: the same place is asked about in another way. */
function nothingNew(at: Standing, question: Question, answer: ExportAnswer): Step {
  const isEmpty = answer.items.length === 0;
  at.wasEmpty ||= isEmpty && question.kind !== 'ties';
  if (question.kind === 'regular') {
    at.regularWas = isEmpty ? 'empty' : 'items';
    const endId = at.position?.time === question.time ? at.position.endId : null;
    if (endId !== null && endId !== question.startId) {
      return only(ask(at, 'ties', { time: question.time, startId: endId }));
    }
    if (at.isResumedInTies) return only(readWholeInstant(at));
  }
  // Nothing behind an id where more may be: the server may not know that item any more.
  const wasTied = at.regularWas !== 'empty' && at.lastIds.length > 1;
  const isSuspicious = question.kind === 'regular' || wasTied || at.repeats > 0;
  const again = isEmpty && isSuspicious ? askBefore(at, question) : undefined;
  if (again !== undefined) return only(again);
  // What lies beyond is known, or would leave out what is here; and a page may be the one before it again.
  if (at.isHiding || isFull(at, answer)) return repeat(at, question);
  return only(ask(at, 'beyond', oneUnitLater(at)));
}

/** An answer to a `start_id` that skipped its instant: the ties are over, or that item moved just now. */
function skipped(at: Standing, question: Question): Step {
  if (at.isResumedInTies) return only(readWholeInstant(at));
  const before = askBefore(at, question);
  if (before !== undefined) return only(before);
  if (question.kind !== 'before') return only(goOn(at, oneUnitLater(at)));
  // Not one item of that page is where it was: what is left of the instant is read from its beginning.
  at.repeats += 1;
  if (at.repeats > mostRepeats) throw givenUp(at);
  return only(readWholeInstant(at));
}

function takeBeyond(at: Standing, hasFresh: boolean): Step {
  at.isHiding = hasFresh;
  // An empty page is believed only when it comes twice.
  const isDoubtful = at.regularWas === 'empty' && at.regular.startId === null && at.repeats === 0;
  if (hasFresh || isDoubtful) return repeat(at);
  return only(at.empties === 1 ? ask(at, 'beyond', oneUnitLater(at)) : undefined);
}

/** The regular question once more: the server has not told everything, or may not have. */
function repeat(at: Standing, question?: Question): Step {
  at.repeats += 1;
  if (at.repeats > mostRepeats) throw givenUp(at);
  // The answer may have been the one before it: the same question first, the next time the regular one.
  const isAgain = question?.kind === 'ties' && !at.isHiding && at.repeats % 2 === 1;
  return only(isAgain ? ask(at, 'ties', question) : goOn(at, at.regular));
}

function givenUp(at: Standing): TapError {
  if (!at.wasEmpty) return tooMany(at);
  return new TapError(
    `the API hides records after ${told(at)}: it answers with an empty page there, and with records ` +
      'later; run again, and report this to Zendesk if it stays so',
    { kind: 'system' },
  );
}

function only(next: Question | undefined): Step {
  return { fresh: [], place: undefined, next };
}

function ask(at: Standing, kind: QuestionKind, place: Place): Question | undefined {
  return place.time > at.head() ? undefined : { kind, ...place };
}

function goOn(at: Standing, place: Place): Question | undefined {
  at.regular = place;
  return ask(at, 'regular', place);
}

/** A bookmark's id is of another run, whose pages are gone: its instant is read again rather than left. */
function readWholeInstant(at: Standing): Question | undefined {
  at.isResumedInTies = false;
  return goOn(at, { time: at.regular.time, startId: null });
}

function oneUnitLater(at: Standing): Place {
  return { time: at.regular.time + 1, startId: null };
}

/**
 * The same question with an id before the one it was asked with: one place back, then twice as far from the
 * page's end each time, since chats are edited several at once. `undefined`: there is none left.
 */
function askBefore(at: Standing, question: Question): Question | undefined {
  if (question.startId === null) return undefined;
  const asked = at.lastIds.lastIndexOf(question.startId);
  const last = at.lastIds.length - 1;
  const wanted = question.kind === 'before' ? last - 2 * (last - asked) : asked - 1;
  const id = asked > 0 ? at.lastIds[Math.max(0, wanted)] : undefined;
  return id ? ask(at, 'before', { time: question.time, startId: id }) : undefined;
}

/** Each id once, at the last place it has: a server may give an item in two versions. */
function idsOf(at: Standing, { items }: ExportAnswer): readonly string[] {
  const ids = items.map((item) => at.idOf(item) ?? '');
  return [...new Set(ids.toReversed())].toReversed();
}

/** As many items as were asked for, or as a clamping server seems to be willing to send. */
function isFull(at: Standing, { items, limit }: ExportAnswer): boolean {
  const clamp = Math.max(at.largestFollowed, smallestClamp);
  return items.length >= limit || (at.largestFollowed > 0 && items.length >= clamp);
}

/** Does an answer to a `start_id` hold anything of the instant it was asked for? */
function touches(at: Standing, { items, position }: ExportAnswer, time: number): boolean {
  if (position?.time === time) return true;
  return items.some((item) => {
    const micros = timeToMicros(item[at.replicationKey]);
    return micros !== undefined && Math.floor(micros / at.unit.micros) === time;
  });
}

function tooMany(at: Standing): TapError {
  return new TapError(
    `the API holds more records at one instant (${told(at)}) than a page can hold, and does not lead ` +
      'on inside it; nothing after it was read. Report this to Zendesk with this time',
    { kind: 'system' },
  );
}

function told({ regular, unit }: Standing): string {
  return `${microsToInstant(regular.time * unit.micros)} (start_time ${regular.time})`;
}
