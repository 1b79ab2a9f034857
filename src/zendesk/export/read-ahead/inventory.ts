import type { EarlyPage } from '../client.ts';
import type { ExportRequest } from '../walk.ts';

/** A request in flight. */
export interface Flight {
  readonly id: number;
  readonly request: ExportRequest;
  /**
   * `own`: the walk waits for this request. `guess`: a regular request that the walk may need later. `tail`: a request
   * that the walk needs next if this is the end of the data.
   */
  readonly kind: 'own' | 'guess' | 'tail';
  /** When it was sent, in ms of `Clock.elapsed`. */
  readonly sentMs: number;
}

/** An early response that the walk has not requested yet. */
export interface HeldPage {
  readonly flight: Flight;
  /** The time of its position. For an empty response to a tail request, the requested time. */
  readonly end: number;
  readonly page: EarlyPage;
}

/** Statistics about early requests. */
export interface EarlyCounts {
  /** Responses that the walk used. */
  used: number;
  /** Responses that the walk did not use. */
  wasted: number;
  failed: number;
  /** Requests that were canceled before the response arrived. */
  dropped: number;
}

export function isSameRequest(a: ExportRequest, b: ExportRequest): boolean {
  return a.kind === b.kind && a.time === b.time && a.startId === b.startId;
}

/** Whether the response to this request can be taken from a page with another start. */
export function isPlain({ kind, startId }: ExportRequest): boolean {
  return kind === 'regular' && startId === null;
}

/** The requests in flight, the pages in memory, and statistics. */
export class Inventory {
  readonly counts: EarlyCounts = { used: 0, wasted: 0, failed: 0, dropped: 0 };
  #lastId = 0;
  #flights: readonly Flight[] = [];
  /** An own request whose answer is here and being parsed. */
  #answered: Flight | undefined;
  #held: readonly HeldPage[] = [];
  /** Requests that were sent and canceled since the last `takeChanges`. */
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

  /** Number of requests in flight and pages in memory. */
  get size(): number {
    return this.#flights.length + this.#held.length;
  }

  /** The request that the walk waits for. */
  get own(): Flight | undefined {
    return this.#answered ?? this.#flights.find(({ kind }) => kind === 'own');
  }

  /** Bytes in memory, plus the bytes if all requests in flight and one more return large pages. */
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

  /** The requests that were sent and canceled since the last call. */
  takeChanges(): { readonly send: readonly Flight[]; readonly cancel: readonly Flight[] } {
    const changes = { send: this.#sent, cancel: this.#cancelled };
    this.#sent = [];
    this.#cancelled = [];
    return changes;
  }
}
