import type { HttpError } from '../core/errors.ts';
import { isApiAvailable } from './api.ts';
import type { ReadOptions } from './stream-definition.ts';

/** After this many consecutive failures of a page, it may be too large, if the API responds to other requests. */
const suspiciousFailuresInRow = 3;

/** After this many successful pages, the limit is raised. */
const pagesBeforeRaise = 10;

/** After this many failures of a limit, neither it nor a larger one is used again. */
const maxFailuresOfLimit = 2;

/** Whether a smaller page might succeed. */
function isSuspicious({ failure, status = 0, isRateLimit }: HttpError): boolean {
  if (failure === 'timeout' || failure === 'not-text') return true;
  return !isRateLimit && (status >= 500 || failure === 'error-object');
}

/** Whether the page is certainly too large: for the API, or for the maximum size of a body. */
function isTooLarge(error: HttpError): boolean {
  const { failure, status, isRateLimit } = error;
  if (failure === 'too-large') return true;
  return (status === 400 || status === 422) && !isRateLimit && error.mentions('limit');
}

/** Determines the `limit` of pages: halves it if a page fails, and then raises it slowly. */
export class PageLimit {
  readonly #maxLimit: number;
  readonly #options: Pick<ReadOptions, 'api' | 'warn'>;
  #current: number;
  /** The limit of the last successful page. */
  #lastGoodLimit: number | undefined;
  #goodPages = 0;
  /** Consecutive suspicious failures of the current page. */
  #failures = 0;
  /** Number of failed pages in this run, by limit. */
  readonly #failuresByLimit = new Map<number, number>();

  /** @param maxLimit The initial limit, which is also the maximum. */
  constructor(maxLimit: number, options: Pick<ReadOptions, 'api' | 'warn'>) {
    this.#maxLimit = maxLimit;
    this.#options = options;
    this.#current = maxLimit;
  }

  get current(): number {
    return this.#current;
  }

  recordSuccess(): void {
    this.#failures = 0;
    this.#lastGoodLimit = this.#current;
    this.#goodPages += 1;
    if (this.#goodPages < pagesBeforeRaise) return;
    this.#goodPages = 0;
    const raised = Math.min(this.#maxLimit, this.#current + Math.ceil(this.#current / 10));
    const isRefused = [...this.#failuresByLimit].some(
      ([limit, times]) => times >= maxFailuresOfLimit && raised >= limit,
    );
    if (!isRefused) this.#current = raised;
  }

  /**
   * @param minLimit The minimum limit.
   * @returns Whether to request the same page again with the new `current` limit.
   */
  async lower(error: HttpError, page: string, minLimit: number): Promise<boolean> {
    const isCertain = isTooLarge(error);
    if (!isCertain && !isSuspicious(error)) {
      this.#failures = 0;
      return false;
    }
    const { api, warn } = this.#options;
    const limit = this.#current;
    this.#failures += 1;
    const earlierFailures = this.#failuresByLimit.get(limit) ?? 0;
    this.#failuresByLimit.set(limit, earlierFailures + (isCertain ? maxFailuresOfLimit : 1));
    const isRaised = this.#lastGoodLimit !== undefined && limit > this.#lastGoodLimit;
    // After a raise, one failure is enough to return to the last good limit.
    const isEnough = isCertain || isRaised || this.#failures >= suspiciousFailuresInRow;
    if (!isEnough || limit <= minLimit) return false;
    if (!isCertain && !(await isApiAvailable(api, { maxAttempts: 1 }))) return false;
    this.#goodPages = 0;
    const lowered = isRaised ? (this.#lastGoodLimit ?? 1) : Math.floor(limit / 2);
    this.#current = Math.max(minLimit, lowered);
    warn(`the page at ${page} fails; requesting ${this.#current} items instead`);
    return true;
  }
}
