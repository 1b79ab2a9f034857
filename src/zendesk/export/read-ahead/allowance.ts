/** How many requests may be in flight, from how the server answers them. */

/** After so many good answers one more request may be in flight. */
const answersBeforeRaise = 10;

/** An early request is overdue after so many times the usual answer time. */
const overdueTimes = 3;

/** A server that is fast may be slow once. */
const minOverdueMs = 1_000;

/** So many early requests are sent before the answer times are compared. */
const minEarlyRequests = 20;

/** A server whose answers take this part of the time they would take one after another gains nothing. */
const serialPart = 0.8;

/** What the next answer time changes in the moving mean. */
const newPart = 0.2;

export class Allowance {
  readonly #max: number;
  #allowed: number;
  #goodAnswers = 0;
  #earlyRequests = 0;
  #lastCutMs = Number.NEGATIVE_INFINITY;
  #usualMs: number | undefined;
  /** Answer times of requests that were alone. */
  readonly #aloneMs: number[] = [];
  #hasRetreated = false;

  /** @param max requests in flight at most */
  constructor(max: number) {
    this.#max = max;
    this.#allowed = max;
  }

  get allowed(): number {
    return this.#allowed;
  }

  /** The server answers one request at a time: early requests only make it slower. */
  get hasRetreated(): boolean {
    return this.#hasRetreated;
  }

  /** How long after its start a request is overdue; `undefined` while the usual answer time is not known. */
  get overdueAfterMs(): number | undefined {
    if (this.#usualMs === undefined) return undefined;
    return Math.max(minOverdueMs, overdueTimes * this.#usualMs);
  }

  recordEarlyRequest(): void {
    this.#earlyRequests += 1;
  }

  /** @param durationMs of the attempt that was answered */
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

  /** The server is overloaded. Several failures within one answer time are one. */
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
