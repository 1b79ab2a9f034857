import { HttpError } from '../core/errors.ts';
import type { EarlyHttpRequest, HttpClient, HttpRequest } from '../http/client.ts';
import type { HttpResponse, Query, UnparsedResponse } from '../http/transport.ts';

const apiPrefix = '/api/v2/chat/';

/** A larger difference between the clocks causes a warning. */
const toleratedSkewMs = 60_000;

export type RequestOptions = Omit<HttpRequest, 'path' | 'query'>;
export type EarlyRequestOptions = Omit<EarlyHttpRequest, 'path' | 'query'>;

/** The Chat API for page sources: paths relative to `/api/v2/chat/`, JSON responses. */
export interface ChatApi {
  /** @throws HttpError after the last attempt has failed. */
  get(path: string, query?: Query, options?: RequestOptions): Promise<HttpResponse>;
  /**
   * Makes one optional attempt, without waiting for the rate limit. The body is parsed on demand.
   * @returns `undefined` if the request cannot start now
   * @throws HttpError, or the signal's reason
   */
  getEarly(
    path: string,
    query: Query,
    options: EarlyRequestOptions,
  ): Promise<UnparsedResponse | undefined>;
  /** Number of requests that can start now without waiting; 0 during a pause that the API requested. */
  spareStarts(): number;
  /** The newest `Date` header of this run, in ms since 1970. */
  latestServerTimeMs(): number | undefined;
  /** Number of responses with status 200 in this run. */
  responseCount(): number;
}

type Times = Pick<HttpResponse, 'serverTimeMs' | 'headersMs'>;

interface ChatApiOptions {
  readonly http: Pick<HttpClient, 'get' | 'getEarly' | 'spareStarts'>;
  /** Called once if the local clock and the server's clock differ. */
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

export function createChatApi({ http, warn, now }: ChatApiOptions): ChatApi {
  let latestMs: number | undefined;
  let responseCount = 0;
  let hasWarned = false;

  /** `atMs` is the local time at which the header arrived. */
  const recordServerTime = (serverTimeMs: number | undefined, atMs: number): void => {
    if (serverTimeMs === undefined) return;
    latestMs = Math.max(latestMs ?? serverTimeMs, serverTimeMs);
    const aheadMs = atMs - serverTimeMs;
    if (hasWarned || Math.abs(aheadMs) <= toleratedSkewMs) return;
    hasWarned = true;
    const side = aheadMs > 0 ? 'ahead of' : 'behind';
    warn(
      `this machine's clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${side} the API's; ` +
        'the tap uses the earlier of the two. Set the clock of this machine',
    );
  };

  const recordResponse = async <T extends Times | undefined>(pending: Promise<T>): Promise<T> => {
    try {
      const response = await pending;
      if (response === undefined) return response;
      responseCount += 1;
      recordServerTime(response.serverTimeMs, response.headersMs);
      return response;
    } catch (error) {
      // A response with an error status contains the server's time, too.
      if (error instanceof HttpError) recordServerTime(error.serverTimeMs, now());
      throw error;
    }
  };

  return {
    get: (path, query = {}, options = {}) =>
      recordResponse(http.get({ path: apiPrefix + path, query, ...options })),
    getEarly: (path, query, options) =>
      recordResponse(http.getEarly({ path: apiPrefix + path, query, ...options })),
    spareStarts: () => http.spareStarts(),
    latestServerTimeMs: () => latestMs,
    responseCount: () => responseCount,
  };
}

/** The failure of a request, or `undefined`. Rethrows aborts and waits that exceed the retry budget. */
async function failureOf(request: Promise<unknown>): Promise<HttpError | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (!(error instanceof HttpError) || error.endsRun) throw error;
    return error;
  }
}

/** Whether the API responds to a minimal request. @param options For example the number of attempts. */
export async function isApiAvailable(api: ChatApi, options?: RequestOptions): Promise<boolean> {
  const reason = 'is the API available?';
  return (await failureOf(api.get('agents', { limit: 1 }, { reason, ...options }))) === undefined;
}

/** Whether no connection to the API is possible, so that no other stream can be read either. */
export async function isHostUnreachable(api: ChatApi): Promise<boolean> {
  const reason = 'is the API reachable?';
  return (await failureOf(api.get('agents', { limit: 1 }, { reason })))?.failure === 'network';
}

/** Whether the API rejects the token itself (401), not only its access to one endpoint. */
export async function isTokenRejected(api: ChatApi): Promise<boolean> {
  const reason = 'is the token refused?';
  return (await failureOf(api.get('agents/me', {}, { reason })))?.status === 401;
}
