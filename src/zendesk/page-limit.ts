import type { HttpError } from '../core/errors.ts';
import { answersAgents } from './api.ts';
import type { ReadOptions } from './stream-definition.ts';

/** Failures of one page in a row that make it suspicious while the API answers elsewhere. */
const suspiciousFailures = 3;

/** After so many pages that got through, a few more items are asked for. */
const goodPages = 10;

/** A limit that has failed so often is not asked for again, nor a larger one. */
const refusedTimes = 2;

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
  readonly #most: number;
  readonly #options: Pick<ReadOptions, 'api' | 'warn'>;
  #current: number;
  /** The limit of the last page that got through. */
  #good: number | undefined;
  #goodPages = 0;
  /** Suspicious failures in a row of the page that is being asked for. */
  #failures = 0;
  /** How often a page of so many items has failed in this run. */
  readonly #failed = new Map<number, number>();

  /** @param most the limit to begin with; never is a larger one asked for */
  constructor(most: number, options: Pick<ReadOptions, 'api' | 'warn'>) {
    this.#most = most;
    this.#options = options;
    this.#current = most;
  }

  get current(): number {
    return this.#current;
  }

  worked(): void {
    this.#failures = 0;
    this.#good = this.#current;
    this.#goodPages += 1;
    if (this.#goodPages < goodPages) return;
    this.#goodPages = 0;
    const raised = Math.min(this.#most, this.#current + Math.ceil(this.#current / 10));
    const isRefused = [...this.#failed].some(
      ([limit, times]) => times >= refusedTimes && raised >= limit,
    );
    if (!isRefused) this.#current = raised;
  }

  /**
   * @param smallest no fewer items than this are asked for
   * @returns true: the same page is to be asked for with what is now the current limit
   */
  async lower(error: HttpError, page: string, smallest: number): Promise<boolean> {
    const isCertain = isTooLarge(error);
    if (!isCertain && !isSuspicious(error)) {
      this.#failures = 0;
      return false;
    }
    const { api, warn } = this.#options;
    const limit = this.#current;
    this.#failures += 1;
    this.#failed.set(limit, (this.#failed.get(limit) ?? 0) + (isCertain ? refusedTimes : 1));
    const isRaised = this.#good !== undefined && limit > this.#good;
    // Once a page has been made smaller, a failure of it says enough.
    const isEnough = isCertain || isRaised || this.#failures >= suspiciousFailures;
    if (!isEnough || limit <= smallest) return false;
    if (!isCertain && !(await answersAgents(api, { maxAttempts: 1 }))) return false;
    this.#goodPages = 0;
    this.#current = Math.max(smallest, isRaised ? (this.#good ?? 1) : Math.floor(limit / 2));
    warn(`the page at ${page} does not get through; asking for ${this.#current} items`);
    return true;
  }
}
