import { EventEmitter, once } from 'node:events';
import { setImmediate as oneTurn } from 'node:timers/promises';

import { HttpError, TapError } from '../../../core/errors.ts';
import type { Timer } from '../../../core/clock.ts';
import type { ReadOptions } from '../../stream-definition.ts';
import type { ExportClient, ExportFetcher, ReceivedExportResponse } from '../client.ts';
import type { ExportRequest } from '../walk.ts';
import { Allowance } from './allowance.ts';
import { anchorOf, cutAtAnchor, holdsInstant, type Anchor, type AnchorSpec } from './anchor.ts';
import { isPlain, type Flight, type HeldPage } from './inventory.ts';
import { fingerprintOf, summarize, summarizeTail } from './page-summary.ts';
import { Planner, type Actions } from './planner.ts';

/** Maximum number of repetitions of a doubtful request. */
const maxRepeats = 2;

/** Number of early responses that an own response is compared with. */
const maxFingerprints = 16;

type Options = Pick<ReadOptions, 'api' | 'settings' | 'elapsed' | 'timer' | 'info' | 'onReadAhead'>;

/** The request that the walk waits for. */
interface Waiting {
  readonly request: ExportRequest;
  readonly resolve: (response: ReceivedExportResponse | undefined) => void;
  readonly reject: (error: unknown) => void;
  repeats: number;
  /** Resolves when the walk needs the response at once. */
  readonly taken: Promise<unknown>;
  readonly take: () => void;
}

/**
 * Fetches the walk's pages, some of them early: while the walk waits for a page, later pages are requested. The walk
 * gets the same items as with one request after another, because no item is added to the export before the head of the
 * first response, and an early page is cut at the item that the walk received last.
 *
 * An early request never waits and is never repeated, and its failure has no effect. Only own requests prove the end.
 */
export class ReadAhead implements ExportFetcher {
  readonly #client: ExportClient;
  readonly #spec: AnchorSpec;
  readonly #options: Options;
  readonly #allowance: Allowance;
  readonly #planner: Planner;
  readonly #controllers = new Map<number, AbortController>();
  readonly #fingerprints: { readonly start: number; readonly text: string }[] = [];
  #waiting: Waiting | undefined;
  #anchor: Anchor | undefined;
  #ownAskedAgain = 0;
  #hasSentEarly = false;
  #hasSaidRetreat = false;
  #isClosed = false;
  #overdueTimer: Timer | undefined;
  /** A page that is out of the planner's hands, and not yet given to the walk. */
  #handedOver: HeldPage | undefined;

  /** @param head The newest time that can be requested, in the stream's unit; `undefined` before the first response. */
  constructor(
    client: ExportClient,
    spec: AnchorSpec,
    options: Options,
    head: () => number | undefined,
  ) {
    const { read_ahead: readAhead } = options.settings;
    this.#client = client;
    this.#spec = spec;
    this.#options = options;
    this.#allowance = new Allowance(readAhead);
    this.#planner = new Planner({ readAhead, allowance: this.#allowance, head });
  }

  fetchPage(request: ExportRequest): Promise<ReceivedExportResponse | undefined> {
    this.#planner.ask(request, this.#anchor?.time === request.time);
    return new Promise((resolve, reject) => {
      const events = new EventEmitter();
      const taken = once(events, 'taken');
      const take = (): void => void events.emit('taken');
      this.#waiting = { request, resolve, reject, repeats: 0, taken, take };
      this.#step();
    });
  }

  take(): void {
    this.#waiting?.take();
  }

  close(): void {
    this.#isClosed = true;
    this.#overdueTimer?.clear();
    if (this.#handedOver !== undefined) this.#planner.rejectCandidate(undefined);
    this.#apply(this.#planner.close());
    this.#report();
  }

  /** Answers what the walk waits for, if a page is here that may do so, and sends what is planned. */
  #step(): void {
    if (this.#isClosed) return;
    const candidate = this.#planner.takeCandidate();
    if (candidate !== undefined) void this.#handOver(candidate);
    this.#plan();
  }

  #plan(spareStarts = this.#options.api.spareStarts()): Actions {
    const actions = this.#planner.plan(this.#options.elapsed(), spareStarts);
    this.#apply(actions);
    this.#overdueTimer?.clear();
    const overdueMs = this.#planner.overdueMs();
    if (overdueMs !== undefined) {
      const ms = Math.max(1, overdueMs - this.#options.elapsed());
      this.#overdueTimer = this.#options.timer(Math.ceil(ms), () => this.#step());
    }
    this.#report();
    return actions;
  }

  #apply({ send, cancel }: Actions): void {
    for (const { id } of cancel) this.#controllers.get(id)?.abort();
    // The own request is first in every queue.
    const isOwnSent = send.some(({ kind }) => kind === 'own');
    for (const flight of send) {
      const controller = new AbortController();
      this.#controllers.set(flight.id, controller);
      const { signal } = controller;
      const sent =
        flight.kind === 'own'
          ? this.#sendOwn(flight, signal)
          : this.#sendEarly(flight, signal, isOwnSent);
      void sent.finally(() => this.#controllers.delete(flight.id));
    }
  }

  async #sendOwn(flight: Flight, signal: AbortSignal): Promise<void> {
    const { request } = flight;
    try {
      const response = await this.#client.fetchPage(request, {
        signal,
        onBody: (bytes) => this.#onOwnBody(flight, bytes),
        onFailedAttempt: (error) => this.#recordFailure(error),
      });
      if (signal.aborted) return;
      if (response !== undefined && this.#isDoubtful(request, response) && this.#repeat(flight))
        return;
      this.#planner.ownEnded(flight);
      if (response === undefined) this.#waiting?.resolve(undefined);
      else {
        this.#allowance.recordAnswer(response.durationMs);
        this.#planner.learn(request, { ...summarize(response), limit: response.limit });
        this.#give(response, false);
      }
    } catch (error) {
      if (signal.aborted) return;
      const isRefused = error instanceof TapError && !(error instanceof HttpError);
      if (isRefused && this.#hasSentEarly && this.#repeat(flight)) return;
      this.#planner.ownEnded(flight);
      this.#waiting?.reject(error);
    }
  }

  /** The requests behind an answer leave before its items are parsed. */
  async #onOwnBody(flight: Flight, bytes: Buffer): Promise<void> {
    if (this.#isClosed) return;
    const summary = summarizeTail(bytes, this.#spec.unit);
    if (summary === undefined) return;
    this.#planner.peek(flight, summary);
    if (this.#plan().send.length > 0) await oneTurn();
  }

  async #sendEarly(flight: Flight, signal: AbortSignal, waitsForOwn: boolean): Promise<void> {
    const { request } = flight;
    this.#hasSentEarly = true;
    this.#allowance.recordEarlyRequest();
    try {
      if (waitsForOwn) await oneTurn();
      if (signal.aborted) return;
      const page = await this.#client.fetchEarly(request, signal);
      if (signal.aborted) return;
      if (page === undefined) {
        this.#planner.earlyFailed(flight, 'no-room');
        // The room is not looked for again at once.
        this.#plan(0);
        return;
      }
      this.#allowance.recordAnswer(page.durationMs);
      this.#sayRetreat();
      const text = fingerprintOf(page);
      if (text !== undefined) this.#fingerprints.push({ start: request.time, text });
      if (this.#fingerprints.length > maxFingerprints) this.#fingerprints.shift();
      this.#planner.earlyArrived(flight, page);
    } catch (error) {
      if (signal.aborted) return;
      const status = error instanceof HttpError ? error.status : undefined;
      if (error instanceof HttpError) this.#recordFailure(error);
      const failure = status === 400 ? 'refused' : status === 401 ? 'unauthorized' : 'failed';
      this.#planner.earlyFailed(flight, failure);
    }
    this.#step();
  }

  /** Parses a page that is held, and gives it to the walk if it holds the item that was given last. */
  async #handOver(held: HeldPage): Promise<void> {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#handedOver = held;
    // Its requests are sent first. Until the walk has written the page before, the bytes take less memory than the items.
    await oneTurn();
    await waiting.taken;
    if (this.#isClosed) return;
    this.#handedOver = undefined;
    const isWanted = this.#waiting === waiting;
    const response = isWanted ? this.#read(held) : undefined;
    if (response !== undefined) {
      this.#client.accept(response);
      this.#give(response, true);
      return;
    }
    this.#planner.rejectCandidate(isWanted ? waiting.request : undefined);
    this.#step();
  }

  /** `undefined`: it does not follow what the walk was given. */
  #read({ flight, end, page }: HeldPage): ReceivedExportResponse | undefined {
    let response: ReceivedExportResponse;
    try {
      response = page.read();
    } catch {
      // What is wrong with it is met by the own request.
      return undefined;
    }
    if (flight.kind === 'tail')
      return this.#isCopy(flight.request, response) ? undefined : response;
    if (this.#anchor === undefined || response.end?.time !== end) return undefined;
    const items = cutAtAnchor(response.items, this.#anchor, this.#spec);
    return items && { ...response, items, size: response.items.length };
  }

  #give(response: ReceivedExportResponse, isEarly: boolean): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const { items, size = items.length, end, limit } = response;
    this.#planner.give(waiting.request, { end, size, limit }, isEarly);
    // Its identity is taken before anything is filled in.
    this.#anchor = anchorOf(response, this.#spec) ?? this.#anchor;
    this.#waiting = undefined;
    // An early page that was to be the response is not needed any more.
    waiting.take();
    waiting.resolve(response);
    this.#plan();
  }

  /**
   * Is it an answer that came before, or that does not follow what the walk was given? One reader alone is only given an
   * older page once more; with several requests in flight it may be one from far ahead.
   */
  #isDoubtful(request: ExportRequest, response: ReceivedExportResponse): boolean {
    if (!this.#hasSentEarly || response.items.length === 0) return false;
    if (this.#isCopy(request, response)) return true;
    const anchor = this.#anchor;
    if (!isPlain(request) || anchor?.time !== request.time) return false;
    return !holdsInstant(response.items, anchor, this.#spec);
  }

  /**
   * Whether it is the same page as an early response with another start. After ties, the page that follows is the one of
   * any start in a silence behind them; the walk itself checks a page that skips its instant.
   */
  #isCopy({ time, startId }: ExportRequest, response: ReceivedExportResponse): boolean {
    if (startId !== null || response.end === undefined || response.end.time <= time) return false;
    const text = fingerprintOf(summarize(response));
    return this.#fingerprints.some((early) => early.text === text && early.start !== time);
  }

  /** Asks again, with nothing else in flight. @returns false: that was done often enough */
  #repeat(flight: Flight): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.repeats >= maxRepeats) return false;
    waiting.repeats += 1;
    this.#ownAskedAgain += 1;
    this.#planner.askAgain(flight);
    this.#plan();
    return true;
  }

  #recordFailure({ failure, status = 0, isRateLimit }: HttpError): void {
    const isOverload =
      isRateLimit || status >= 500 || failure === 'timeout' || failure === 'network';
    if (isOverload) this.#allowance.recordOverload(this.#options.elapsed());
  }

  #sayRetreat(): void {
    if (!this.#allowance.hasRetreated || this.#hasSaidRetreat) return;
    this.#hasSaidRetreat = true;
    this.#options.info(
      'the API answers one request at a time: no more pages of this stream are read ahead',
    );
  }

  #report(): void {
    const { stats } = this.#planner;
    this.#options.onReadAhead?.({ ...stats, ownAskedAgain: this.#ownAskedAgain });
  }
}
