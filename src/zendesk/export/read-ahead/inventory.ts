import type { EarlyPage } from '../client.ts';
import type { ExportRequest } from '../walk.ts';

/** A request in flight. */
export interface Flight {
  readonly id: number;
  readonly request: ExportRequest;
  /**
   * `own`: the walk waits for this one. `guess`: a regular request at a place the walk may come to. `tail`: a request
   * that the walk sends next if the data end here.
   */
  readonly kind: 'own' | 'guess' | 'tail';
  /** ms of `Clock.elapsed`. */
  readonly sentMs: number;
}

/** An early response that the walk has not requested yet. */
export interface HeldPage {
  readonly flight: Flight;
  /** The time of its position. For an empty response to a tail request, the requested time. */
  readonly end: number;
  readonly page: EarlyPage;
}

/** What became of early requests. */
export interface EarlyCounts {
  /** Handed to the walk. */
  used: number;
  /** Answered, but not handed to the walk. */
  wasted: number;
  failed: number;
  /** Ended before the answer was here. */
  dropped: number;
}

export function isSameRequest(a: ExportRequest, b: ExportRequest): boolean {
  return a.kind === b.kind && a.time === b.time && a.startId === b.startId;
}

/** Whether the response to this request can be taken from a page with another start. */
export function isPlain({ kind, startId }: ExportRequest): boolean {
  return kind === 'regular' && startId === null;
}

/** What is in flight and what is held, and what became of the rest. */
export class Inventory {
  readonly counts: EarlyCounts = { used: 0, wasted: 0, failed: 0, dropped: 0 };
  #lastId = 0;
  #flights: readonly Flight[] = [];
  /** An own request whose answer is here and being parsed. */
  #answered: Flight | undefined;
  #held: readonly HeldPage[] = [];
  /** Those that were sent and cancelled since the last `takeChanges`. */
  #sent: readonly Flight[] = [];
  #cancelled: readonly Flight[] = [];
  #largestBytes = 0;

  get flights(): readonly Flight[] {
    return this.#flights;
  }

  get held(): readonly HeldPage[] {
    return this.#held;
  }

  get sent(): readonly Flight[] {
    return this.#sent;
  }

  /** Requests in flight and pages that are held. */
  get size(): number {
    return this.#flights.length + this.#held.length;
  }

  /** The request that the walk waits for. */
  get own(): Flight | undefined {
    return this.#answered ?? this.#flights.find(({ kind }) => kind === 'own');
  }

  /** Bytes that are held, and that would be if all that is in flight and one more were answered with large pages. */
  get expectedBytes(): number {
    const heldBytes = this.#held.reduce((sum, { page }) => sum + page.bytes.length, 0);
    return heldBytes + (this.#flights.length + 1) * this.#largestBytes;
  }

  send(kind: Flight['kind'], request: ExportRequest, sentMs: number): void {
    this.#lastId += 1;
    const flight = { id: this.#lastId, kind, request, sentMs };
    this.#flights = [...this.#flights, flight];
    this.#sent = [...this.#sent, flight];
  }

  /** It is not in flight any more, though its answer is not parsed yet. */
  markAnswered(flight: Flight): void {
    this.remove(flight);
    this.#answered = flight;
  }

  remove(flight: Flight): void {
    this.#flights = this.#flights.filter(({ id }) => id !== flight.id);
    if (this.#answered?.id === flight.id) this.#answered = undefined;
  }

  cancel(flights: readonly Flight[]): void {
    for (const flight of flights) this.remove(flight);
    this.#cancelled = [...this.#cancelled, ...flights];
    this.counts.dropped += flights.filter(({ kind }) => kind !== 'own').length;
  }

  hold(held: HeldPage): void {
    this.#largestBytes = Math.max(held.page.bytes.length, this.#largestBytes);
    this.#held = [...this.#held, held];
  }

  take(taken: HeldPage): void {
    this.#held = this.#held.filter((held) => held !== taken);
  }

  waste(isUseless: (held: HeldPage) => boolean): void {
    const useless = this.#held.filter((held) => isUseless(held));
    this.counts.wasted += useless.length;
    this.#held = this.#held.filter((held) => !useless.includes(held));
  }

  /** What was sent and cancelled since the last call. */
  takeChanges(): { readonly send: readonly Flight[]; readonly cancel: readonly Flight[] } {
    const changes = { send: this.#sent, cancel: this.#cancelled };
    this.#sent = [];
    this.#cancelled = [];
    return changes;
  }
}
