import { Sema } from 'async-sema';

import type { HttpOptions } from './options.ts';

/** The span the pace is counted over. */
const windowMs = 60_000;

/** Shorter waits are not reported. */
const minReportedWaitMs = 1_000;

type RateLimiterOptions = Pick<
  HttpOptions,
  'clock' | 'signal' | 'requestsPerMinute' | 'requestsInFlight' | 'onWait'
>;

/** There is no room for a request that does not wait: no free slot, or fewer than two starts. */
export class NoSpareStart extends Error {
  override readonly name = 'NoSpareStart';
}

/** So many starts must be free for a request that can do without: one stays for a request that is needed. */
const minSpareStarts = 2;

/** Permission to be in flight (slots) and permission to start (pace), one for all requests of a run. */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #slots: Sema;
  /** The last starts, as many as the pace allows in a window, in ms of `clock.elapsed`. */
  readonly #starts: number[] = [];
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#slots = new Sema(options.requestsInFlight);
  }

  /** Runs `work` once a slot is free. @throws the signal's reason when the run is stopped; what `work` throws. */
  async withSlot<T>(work: () => Promise<T>): Promise<T> {
    await this.#slots.acquire();
    try {
      this.#options.signal.throwIfAborted();
      return await work();
    } finally {
      this.#slots.release();
    }
  }

  /** As `withSlot`, but without a wait. @throws NoSpareStart */
  async withSpareSlot<T>(work: () => Promise<T>): Promise<T> {
    if (this.#slots.tryAcquire() === undefined) throw new NoSpareStart();
    try {
      return await work();
    } finally {
      this.#slots.release();
    }
  }

  /** How many requests may start now without a wait; 0 while the API has asked for a pause. */
  spareStarts(): number {
    const { clock, requestsPerMinute } = this.#options;
    const nowMs = clock.elapsed();
    if (this.#pausedUntil > nowMs) return 0;
    const first = this.#starts.findIndex((startMs) => startMs + windowMs > nowMs);
    const counted = first < 0 ? 0 : this.#starts.length - first;
    return requestsPerMinute - counted;
  }

  /** Counts a start that need not wait. @throws NoSpareStart */
  takeSpareStart(): void {
    if (this.spareStarts() < minSpareStarts) throw new NoSpareStart();
    this.#countStart();
  }

  /**
   * Resolves when a request may start, and counts it.
   * @param signal ends the wait; default: that of the run
   * @throws the signal's reason
   */
  async waitForStart(path: string, signal = this.#options.signal): Promise<void> {
    const { clock } = this.#options;
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) {
      if (waitMs >= minReportedWaitMs) this.#report(waitMs, path);
      await clock.sleep(waitMs, signal);
    }
    // Nothing is awaited between the check and the count: two slots cannot take the same place.
    this.#countStart();
  }

  #countStart(): void {
    const { clock, requestsPerMinute } = this.#options;
    this.#starts.push(clock.elapsed());
    if (this.#starts.length > requestsPerMinute) this.#starts.shift();
  }

  /** No request starts for `ms` milliseconds from now. */
  pauseFor(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.clock.elapsed() + ms);
  }

  #waitMs(): number {
    const [oldest = 0] = this.#starts;
    const isFull = this.#starts.length >= this.#options.requestsPerMinute;
    const free = Math.max(this.#pausedUntil, isFull ? oldest + windowMs : 0);
    return free - this.#options.clock.elapsed();
  }

  #report(waitMs: number, path: string): void {
    const { clock, requestsPerMinute, onWait } = this.#options;
    const untilMs = clock.now() + waitMs;
    if (clock.elapsed() + waitMs === this.#pausedUntil) {
      onWait({ reason: 'rate-limit', untilMs, path, why: 'the API has asked for a pause' });
    } else {
      const why = `${requestsPerMinute} requests in 60 s are made (requests_per_minute)`;
      onWait({ reason: 'pace', untilMs, path, why });
    }
  }
}
