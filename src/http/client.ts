import type { HttpError } from '../errors.ts';
import type { Json } from '../json.ts';

/** Query parameters, in the order they are sent. */
export type Query = Readonly<Record<string, string | number>>;

/** A failed attempt, told before the client decides whether and how long to wait. */
export interface FailedAttempt {
  readonly error: HttpError;
  /** The answer's Retry-After in ms, when it had one. */
  readonly retryAfterMs: number | undefined;
  /** Attempts made for this answer so far, this one included. */
  readonly attempts: number;
}

export interface HttpRequest {
  /** Absolute path on the client's origin, without query. */
  readonly path: string;
  readonly query: Query;
  /**
   * Asked after each failed attempt, before any wait: another query to go on with, under the same
   * backoff and the same patience. `undefined`: go on as the table says.
   */
  readonly revise?: (failed: FailedAttempt) => Promise<Query | undefined>;
}

export interface HttpAnswer {
  readonly body: Json;
  /** The answer's `Date` header in ms since 1970, when there was one. */
  readonly serverTimeMs: number | undefined;
  /** When the whole body was here, ms since 1970 by our clock. */
  readonly receivedMs: number;
  /** The query that was answered: the request's own, or what `revise` made of it. */
  readonly query: Query;
}

/** The one way to get JSON. */
export interface HttpClient {
  /** @throws HttpError when the answer is given up; the signal's reason when the run is stopped. */
  get(request: HttpRequest): Promise<HttpAnswer>;
}
