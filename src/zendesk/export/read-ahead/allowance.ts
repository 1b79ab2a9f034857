/** Adapts the number of requests in flight to the server's response times and failures. */

/** After this many successful responses, one more request may be in flight. */
const answersBeforeRaise = 10;

/** An early request is overdue after this multiple of the usual response time. */
const overdueTimes = 3;

/** A server that is fast may be slow once. */
const minOverdueMs = 1_000;

/** Number of early requests before the response times are compared. */
const minEarlyRequests = 20;

/** If responses take this part of the time of sequential requests, reading ahead has no benefit. */
const serialPart = 0.8;

/** Weight of a new response time in the moving average. */
const newPart = 0.2;

export class Allowance {
  readonly #max: number;
  #allowed: number;
  #goodAnswers = 0;
  #earlyRequests = 0;
  #lastCutMs = Number.NEGATIVE_INFINITY;
  #usualMs: number | undefined;
  /** Response times of requests without another request in flight. */
  readonly #aloneMs: number[] = [];
  #hasRetreated = false;

  /** @param max Maximum number of requests in flight. */
  constructor(max: number) {
    this.#max = max;
    this.#allowed = max;
  }

  get allowed(): number {
    return this.#allowed;
  }

  /** Whether the server processes one request at a time, so that early requests only make it slower. */
  get hasRetreated(): boolean {
    return this.#hasRetreated;
  }

  /** Time after which a request is overdue; `undefined` while the usual response time is unknown. */
  get overdueAfterMs(): number | undefined {
    if (this.#usualMs === undefined) return undefined;
    return Math.max(minOverdueMs, overdueTimes * this.#usualMs);
  }

  recordEarlyRequest(): void {
    this.#earlyRequests += 1;
  }

  /** @param durationMs Duration of the successful attempt. */
  recordAnswer(durationMs: number): void {
    if (this.#earlyRequests === 0) this.#aloneMs.push(durationMs);
    this.#usualMs =
      this.#usualMs === undefined
        ? durationMs
        : this.#usualMs * (1 - newPart) + durationMs * newPart;
    this.#checkRetreat(this.#usualMs);
    this.#goodAnswers += 1;
    if (this.#goodAnswers < answersBeforeRaise) return;
    this.#goodAnswers = 0;
    this.#allowed = Math.min(this.#max, this.#allowed + 1);
  }

  /** Called if the server is overloaded. Several failures within one response time count as one. */
  recordOverload(nowMs: number): void {
    if (nowMs - this.#lastCutMs < (this.#usualMs ?? 0)) return;
    this.#lastCutMs = nowMs;
    this.#goodAnswers = 0;
    this.#allowed = Math.max(1, Math.floor(this.#allowed / 2));
  }

  #checkRetreat(usualMs: number): void {
    if (this.#earlyRequests <= minEarlyRequests || this.#aloneMs.length === 0) return;
    const aloneMs = this.#aloneMs.reduce((sum, ms) => sum + ms, 0) / this.#aloneMs.length;
    this.#hasRetreated ||= usualMs > serialPart * this.#max * aloneMs;
  }
}
