import type { HttpError } from '../core/errors.ts';
import { isApiAvailable } from './api.ts';
import type { ReadOptions } from './stream-definition.ts';

/** Failures of one page in a row that make it suspicious while the API answers elsewhere. */
const suspiciousFailuresInRow = 3;

/** After so many pages that got through, a few more items are asked for. */
const pagesBeforeRaise = 10;

/** A limit that has failed so often is not asked for again, nor a larger one. */
const maxFailuresOfLimit = 2;

/** Could a smaller page get through where this one fails? */
function isSuspicious({ failure, status = 0, isRateLimit }: HttpError): boolean {
  if (failure === 'timeout' || failure === 'not-text') return true;
  return !isRateLimit && (status >= 500 || failure === 'error-object');
}

/** The API, or the largest body that is read, says that this page is too large. */
function isTooLarge(error: HttpError): boolean {
  const { failure, status, isRateLimit } = error;
  if (failure === 'too-large') return true;
  return (status === 400 || status === 422) && !isRateLimit && error.mentions('limit');
}

/** How many items a page is asked for: half as many where one does not get through, and then slowly more. */
export class PageLimit {
  readonly #maxLimit: number;
  readonly #options: Pick<ReadOptions, 'api' | 'warn'>;
  #current: number;
  /** The limit of the last page that got through. */
  #lastGoodLimit: number | undefined;
  #goodPages = 0;
  /** Suspicious failures in a row of the page that is being asked for. */
  #failures = 0;
  /** How often a page of so many items has failed in this run. */
  readonly #failuresByLimit = new Map<number, number>();

  /** @param maxLimit the limit to begin with; never is a larger one asked for */
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
   * @param minLimit no fewer items than this are asked for
   * @returns true: the same page is to be asked for with what is now the current limit
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
    // Once a page has been made smaller, a failure of it says enough.
    const isEnough = isCertain || isRaised || this.#failures >= suspiciousFailuresInRow;
    if (!isEnough || limit <= minLimit) return false;
    if (!isCertain && !(await isApiAvailable(api, { maxAttempts: 1 }))) return false;
    this.#goodPages = 0;
    const lowered = isRaised ? (this.#lastGoodLimit ?? 1) : Math.floor(limit / 2);
    this.#current = Math.max(minLimit, lowered);
    warn(`the page at ${page} does not get through; asking for ${this.#current} items`);
    return true;
  }
}
