/**
 * Decides which requests to send and which pages to use. A pure state machine: the time is an argument, and
 * `read-ahead.ts` sends the requests and waits.
 *
 *     frontier                                      head
 *   ─────┼──────────┬──────────┬──────────┬─────────┼──
 *        │ own      │ guess    │ guess    │ guess
 *        └── 0.9 of its expected span ──► the next guess: a small error leaves no gap
 *
 * A guess is a regular request at an estimated time. Guesses overlap the pages before them, and the walk removes
 * duplicates. If there is a gap, the next plan fills it.
 */
import type { EarlyPage } from '../client.ts';
import type { ExportRequest } from '../walk.ts';
import type { Allowance } from './allowance.ts';
import { firstUncovered } from './coverage.ts';
import { Inventory, isPlain, isSameRequest, type Flight, type HeldPage } from './inventory.ts';
import { PageSizes } from './page-sizes.ts';
import type { PageSummary } from './page-summary.ts';
import { SpanPredictor } from './span-predictor.ts';
import { Tail } from './tail.ts';

/** No guess starts within this part of a span before the head, because its page would be small. */
const headPart = 0.1;

/** Maximum number of bytes of early pages, in memory and expected. */
const maxHeldBytes = 64 * 2 ** 20;

/** An early request needs two free starts, so that one remains for the walk's own request. */
const minSpareStarts = 2;

export interface PlannerOptions {
  /** Maximum number of requests in flight, including the walk's own. */
  readonly readAhead: number;
  readonly allowance: Allowance;
  /** The newest time that can be requested, in the stream's unit; `undefined` before the first response. */
  readonly head: () => number | undefined;
}

export type Actions = ReturnType<Inventory['takeChanges']>;

type Answer = PageSummary & { readonly limit: number };

export class Planner {
  readonly #options: PlannerOptions;
  readonly #inventory = new Inventory();
  readonly #sizes = new PageSizes();
  readonly #spans = new SpanPredictor();
  readonly #tail = new Tail();
  #questions = 0;
  /** The request that the walk waits for; `undefined` if there is none or its response has arrived. */
  #question: ExportRequest | undefined;
  /** Whether the response can be taken from a page with another start. */
  #isAnchored = false;
  /** Pages are planned from here on; `undefined` if it is not known where the walk continues. */
  #frontier: number | undefined;
  /** A time that filled a whole page. */
  #fullInstant: number | undefined;
  /** Starts of early pages that are full of items with one time. The walk reads these; guesses start after them. */
  #marks: readonly number[] = [];
  /** Whether the own request is being repeated with nothing else in flight. */
  #isAlone = false;
  /** The response to an early request was 401. No early request is sent until an own request succeeds. */
  #isUnauthorized = false;
  #refusedFrom = Number.POSITIVE_INFINITY;
  readonly #failedAt = new Set<number>();

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /** Statistics about early requests. */
  get stats(): Inventory['counts'] & { readonly ahead: number } {
    const { counts, flights, held } = this.#inventory;
    const early = flights.filter(({ kind }) => kind !== 'own');
    return { ...counts, ahead: early.length + held.length };
  }

  /** @param isAnchored Whether the request starts at the position of the last item that the walk received. */
  ask(request: ExportRequest, isAnchored: boolean): void {
    const { time, kind } = request;
    this.#questions += 1;
    this.#question = request;
    this.#isAnchored = isAnchored && isPlain(request);
    if (isPlain(request)) {
      this.#frontier = time;
      this.#dropTail();
    } else {
      this.#tail.remove(request);
      const isInTies = kind === 'ties' && this.#fullInstant === time;
      this.#frontier = isInTies ? time + 1 : undefined;
    }
  }

  /** Removes and returns the page in memory that may be the response. Planning continues after it. */
  takeCandidate(): HeldPage | undefined {
    const question = this.#question;
    if (question === undefined) return undefined;
    const fitting = this.#inventory.held.filter((held) => this.#mayAnswer(held, question));
    const [farthest] = fitting.toSorted((a, b) => b.end - a.end);
    if (farthest === undefined) return undefined;
    this.#inventory.take(farthest);
    this.#question = undefined;
    if (farthest.flight.kind === 'guess')
      this.#frontier = farthest.end > question.time ? farthest.end : undefined;
    return farthest;
  }

  /**
   * Called if the candidate is not the response.
   * @param question `undefined` if the walk no longer waits for it.
   */
  rejectCandidate(question: ExportRequest | undefined): void {
    this.#inventory.counts.wasted += 1;
    if (question === undefined) return;
    this.#question = question;
    if (isPlain(question)) this.#frontier = question.time;
  }

  /** Called when the walk receives a response. @param isEarly Whether it comes from an early request. */
  give(request: ExportRequest, { end, size, limit }: Answer, isEarly: boolean): void {
    const { counts, own } = this.#inventory;
    if (isEarly) counts.used += 1;
    else this.#isUnauthorized = false;
    this.#question = undefined;
    this.#isAlone = false;
    if (own !== undefined) this.#inventory.cancel([own]);
    const hasMoved = end !== undefined && end.time > request.time;
    // Where the walk goes on after ties shows when it sends the next request.
    this.#frontier = hasMoved && isPlain(request) ? end.time : undefined;
    if (hasMoved) {
      this.#dropBefore(end.time);
      this.#dropTail();
    }
    if (end === undefined) return;
    const fullSize = this.#sizes.fullSize(limit);
    this.#fullInstant = !hasMoved && size >= fullSize ? end.time : undefined;
    this.#tail.recordAnswer(end, size, fullSize);
  }

  /** Called when the response to the own request has arrived, before it is parsed. Planning continues after it. */
  peek(flight: Flight, { end }: PageSummary): void {
    const { request } = flight;
    if (!isPlain(request) || end === undefined || end.time <= request.time) return;
    this.#inventory.markAnswered(flight);
    this.#frontier = end.time;
  }

  learn({ time: start }: ExportRequest, { end, size, limit }: Answer): void {
    this.#sizes.learn({ start, end: end?.time, size, limit });
    if (end !== undefined && end.time > start) this.#spans.learn({ start, end: end.time, size });
  }

  earlyArrived(flight: Flight, page: EarlyPage): void {
    this.#inventory.remove(flight);
    const { time } = flight.request;
    const { end, size, limit } = page;
    if (flight.kind === 'guess') {
      this.learn(flight.request, page);
      const isFullInstant = end?.time === time && size >= this.#sizes.fullSize(limit);
      if (isFullInstant) this.#marks = [...this.#marks, time];
      // Another page without a later end proves nothing. Only an own request proves the end.
      else if (end === undefined || end.time <= time) {
        this.#inventory.counts.wasted += 1;
        return;
      }
    }
    this.#inventory.hold({ flight, end: end?.time ?? time, page });
  }

  /** @param failure `refused` means status 400; `no-room` means that the request was not sent. */
  earlyFailed(flight: Flight, failure: 'refused' | 'unauthorized' | 'failed' | 'no-room'): void {
    this.#inventory.remove(flight);
    if (failure === 'no-room') return;
    const { time } = flight.request;
    this.#inventory.counts.failed += 1;
    this.#failedAt.add(time);
    if (failure === 'unauthorized') this.#isUnauthorized = true;
    if (failure === 'refused') this.#refusedFrom = Math.min(this.#refusedFrom, time);
  }

  /** Repeats a doubtful own request with nothing else in flight. */
  askAgain(flight: Flight): void {
    this.#inventory.remove(flight);
    this.#inventory.cancel(this.#inventory.flights);
    this.#isAlone = true;
    this.#frontier = undefined;
  }

  /** Called when the own request has succeeded or finally failed. */
  ownEnded(flight: Flight): void {
    this.#inventory.remove(flight);
  }

  /** When the expected response is overdue, in ms of the clock; `undefined` if an own request is in flight. */
  overdueMs(): number | undefined {
    const question = this.#question;
    const { overdueAfterMs } = this.#options.allowance;
    if (question === undefined || this.#inventory.own !== undefined) return undefined;
    const sent = this.#inventory.flights.flatMap((flight) =>
      this.#mayCover(flight, question) ? flight.sentMs : [],
    );
    if (overdueAfterMs === undefined || sent.length === 0) return undefined;
    return Math.max(...sent) + overdueAfterMs;
  }

  /** @param spareStarts Number of requests that can start now without waiting. */
  plan(nowMs: number, spareStarts: number): Actions {
    this.#sendOwn(nowMs);
    this.#sendTail(nowMs, spareStarts);
    this.#sendGuesses(nowMs, spareStarts);
    return this.#inventory.takeChanges();
  }

  /** Cancels all requests and drops all pages. */
  close(): Actions {
    this.#question = undefined;
    this.#inventory.cancel(this.#inventory.flights);
    this.#inventory.waste(() => true);
    return this.#inventory.takeChanges();
  }

  #mayAnswer({ flight, end }: HeldPage, question: ExportRequest): boolean {
    if (flight.kind === 'tail') return isSameRequest(flight.request, question);
    if (!this.#isAnchored || flight.request.time > question.time) return false;
    // A page that is full of its own start is the response to the same request; the walk goes on with ties.
    return end > question.time || flight.request.time === question.time;
  }

  /** Whether the response to a request in flight may be the one that the walk waits for. */
  #mayCover({ kind, request }: Flight, question: ExportRequest): boolean {
    if (kind === 'tail') return isSameRequest(request, question);
    const { time } = request;
    return this.#isAnchored && time <= question.time && time + this.#spanAt(time) > question.time;
  }

  #isOverdue({ kind, sentMs }: Flight, nowMs: number): boolean {
    const { overdueAfterMs } = this.#options.allowance;
    return kind !== 'own' && overdueAfterMs !== undefined && sentMs + overdueAfterMs <= nowMs;
  }

  #spanAt(place: number, isFar = false): number {
    return this.#spans.span(place, this.#sizes.largest, isFar) ?? 0;
  }

  #sendOwn(nowMs: number): void {
    const question = this.#question;
    if (question === undefined || this.#inventory.own !== undefined) return;
    const isAwaited = this.#inventory.flights.some(
      (flight) => this.#mayCover(flight, question) && !this.#isOverdue(flight, nowMs),
    );
    if (isAwaited) return;
    this.#makeRoom();
    this.#inventory.send('own', question, nowMs);
    const head = this.#options.head();
    if (isPlain(question) && head !== undefined) this.#tail.start(question, head);
  }

  /** Cancels the most distant early requests in favor of the own request. */
  #makeRoom(): void {
    const { readAhead } = this.#options;
    const { flights, held } = this.#inventory;
    if (flights.length >= readAhead)
      this.#inventory.cancel(
        flights.toSorted((a, b) => b.request.time - a.request.time).slice(0, 1),
      );
    if (this.#inventory.size < 2 * readAhead) return;
    const [farthest] = held.toSorted((a, b) => b.end - a.end);
    this.#inventory.waste((one) => one === farthest);
  }

  #sendTail(nowMs: number, spareStarts: number): void {
    for (let { next } = this.#tail; next !== undefined && this.#hasRoom(spareStarts);) {
      if (!this.#failedAt.has(next.time)) this.#inventory.send('tail', next, nowMs);
      this.#tail.remove(next);
      ({ next } = this.#tail);
    }
  }

  #sendGuesses(nowMs: number, spareStarts: number): void {
    const frontier = this.#frontier;
    const head = this.#options.head();
    const isTooSoon = this.#questions < 2 || !this.#sizes.hasFullPage;
    if (frontier === undefined || head === undefined || isTooSoon) return;
    if (head - frontier < this.#spanAt(frontier)) return;
    while (this.#hasRoom(spareStarts)) {
      const { held, flights } = this.#inventory;
      const place = firstUncovered(frontier, {
        held: held.filter(({ flight }) => flight.kind === 'guess'),
        flights: flights.filter((flight) => !this.#isOverdue(flight, nowMs)),
        marks: this.#marks,
        spanAt: (start, isFar) => this.#spanAt(start, isFar),
      });
      const isBehindEdge = place >= Math.min(this.#sizes.edge, this.#refusedFrom);
      const isNearHead = place > head - headPart * this.#spanAt(place);
      if (isBehindEdge || isNearHead || this.#failedAt.has(place)) return;
      this.#inventory.send('guess', { kind: 'regular', time: place, startId: null }, nowMs);
    }
  }

  /** Whether one more early request may be sent. @param spareStarts Free starts before this plan. */
  #hasRoom(spareStarts: number): boolean {
    const { allowance, readAhead } = this.#options;
    if (allowance.hasRetreated || this.#isUnauthorized || this.#isAlone) return false;
    const { flights, size, expectedBytes, sent } = this.#inventory;
    return (
      flights.length < allowance.allowed &&
      size < 2 * readAhead &&
      expectedBytes <= maxHeldBytes &&
      spareStarts - sent.length >= minSpareStarts
    );
  }

  /** Called when the walk has passed this time. */
  #dropBefore(time: number): void {
    this.#inventory.waste(
      ({ flight, end }) => flight.kind === 'guess' && end <= time && flight.request.time < time,
    );
    this.#marks = this.#marks.filter((mark) => mark >= time);
  }

  #dropTail(): void {
    const flights = this.#inventory.flights.filter(({ kind }) => kind === 'tail');
    const isHeld = this.#inventory.held.some(({ flight }) => flight.kind === 'tail');
    this.#tail.drop(isHeld || flights.length > 0);
    this.#inventory.cancel(flights);
    this.#inventory.waste(({ flight }) => flight.kind === 'tail');
  }
}
