import { Sema } from 'async-sema';

import type { HttpOptions } from './options.ts';

/** The window of the rate limit. */
const windowMs = 60_000;

/** Shorter waits are not reported. */
const minReportedWaitMs = 1_000;

type RateLimiterOptions = Pick<
  HttpOptions,
  'clock' | 'signal' | 'requestsPerMinute' | 'requestsInFlight' | 'onWait'
>;

/** Thrown for a request that must not wait if there is no free slot, or if fewer than two starts are left. */
export class NoSpareStart extends Error {
  override readonly name = 'NoSpareStart';
}

/** An optional request needs this many free starts, so that one remains for a required request. */
const minSpareStarts = 2;

/** Limits the number of requests in flight (slots) and of starts per minute for all requests of a run. */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #slots: Sema;
  /** The times of the last starts, at most `requestsPerMinute`, in ms of `clock.elapsed`. */
  readonly #starts: number[] = [];
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#slots = new Sema(options.requestsInFlight);
  }

  /** Runs `work` when a slot is free. @throws the signal's reason if the run is stopped, and errors of `work` */
  async withSlot<T>(work: () => Promise<T>): Promise<T> {
    await this.#slots.acquire();
    try {
      this.#options.signal.throwIfAborted();
      return await work();
    } finally {
      this.#slots.release();
    }
  }

  /** Like `withSlot`, but does not wait. @throws NoSpareStart */
  async withSpareSlot<T>(work: () => Promise<T>): Promise<T> {
    if (this.#slots.tryAcquire() === undefined) throw new NoSpareStart();
    try {
      return await work();
    } finally {
      this.#slots.release();
    }
  }

  /** Number of requests that can start now without waiting; 0 during a pause. */
  spareStarts(): number {
    const { clock, requestsPerMinute } = this.#options;
    const nowMs = clock.elapsed();
    if (this.#pausedUntil > nowMs) return 0;
    const first = this.#starts.findIndex((startMs) => startMs + windowMs > nowMs);
    const counted = first < 0 ? 0 : this.#starts.length - first;
    return requestsPerMinute - counted;
  }

  /** Counts the start of an optional request. @throws NoSpareStart */
  takeSpareStart(): void {
    if (this.spareStarts() < minSpareStarts) throw new NoSpareStart();
    this.#countStart();
  }

  /**
   * Resolves when a request may start, and counts it.
   * @param signal Cancels the wait. Default: the signal of the run.
   * @throws the signal's reason
   */
  async waitForStart(path: string, signal = this.#options.signal): Promise<void> {
    const { clock } = this.#options;
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) {
      if (waitMs >= minReportedWaitMs) this.#report(waitMs, path);
      await clock.sleep(waitMs, signal);
    }
    // There is no await between the check and the count, so two requests cannot use the same start.
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
      onWait({ reason: 'rate-limit', untilMs, path, why: 'the API requested a pause' });
    } else {
      const why = `${requestsPerMinute} requests in 60 s are made (requests_per_minute)`;
      onWait({ reason: 'pace', untilMs, path, why });
    }
  }
}
