import { HttpError } from '../core/errors.ts';
import type { EarlyHttpRequest, HttpClient, HttpRequest } from '../http/client.ts';
import type { HttpResponse, Query, UnparsedResponse } from '../http/transport.ts';

const apiPrefix = '/api/v2/chat/';

/** Clocks further apart than this are worth a warning. */
const toleratedSkewMs = 60_000;

export type RequestOptions = Omit<HttpRequest, 'path' | 'query'>;
export type EarlyRequestOptions = Omit<EarlyHttpRequest, 'path' | 'query'>;

/** The Chat API as the page sources see it: paths below `/api/v2/chat/`, answers as JSON. */
export interface ChatApi {
  /** @throws HttpError when the answer is given up. */
  get(path: string, query?: Query, options?: RequestOptions): Promise<HttpResponse>;
  /**
   * One attempt that waits for nothing and can be done without; its body is parsed when it is needed.
   * @returns `undefined`: there is no room for it now
   * @throws HttpError; the signal's reason
   */
  getEarly(
    path: string,
    query: Query,
    options: EarlyRequestOptions,
  ): Promise<UnparsedResponse | undefined>;
  /** How many requests may start now without a wait; 0 while the API has asked for a pause. */
  spareStarts(): number;
  /** The newest `Date` the server sent in this run, ms since 1970. */
  latestServerTimeMs(): number | undefined;
  /** How many requests of this run were answered with 200. */
  responseCount(): number;
}

type Times = Pick<HttpResponse, 'serverTimeMs' | 'headersMs'>;

interface ChatApiOptions {
  readonly http: Pick<HttpClient, 'get' | 'getEarly' | 'spareStarts'>;
  /** Called once when our clock and the server's differ. */
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

export function createChatApi({ http, warn, now }: ChatApiOptions): ChatApi {
  let latestMs: number | undefined;
  let responseCount = 0;
  let hasWarned = false;

  /** `atMs`: by our clock, when the server had just said its time. */
  const recordServerTime = (serverTimeMs: number | undefined, atMs: number): void => {
    if (serverTimeMs === undefined) return;
    latestMs = Math.max(latestMs ?? serverTimeMs, serverTimeMs);
    const aheadMs = atMs - serverTimeMs;
    if (hasWarned || Math.abs(aheadMs) <= toleratedSkewMs) return;
    hasWarned = true;
    const side = aheadMs > 0 ? 'ahead of' : 'behind';
    warn(
      `this machine's clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${side} the API's; ` +
        'the earlier of the two is used, but the clock should be set',
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
      // The answer of a refused request has the server's time, too.
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

/** How a request fails; `undefined`: it is answered. An abort or a wait beyond the retry budget is passed on. */
async function failureOf(request: Promise<unknown>): Promise<HttpError | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (!(error instanceof HttpError) || error.endsRun) throw error;
    return error;
  }
}

/** Does the account answer the simplest request there is? @param options how hard to try */
export async function isApiAvailable(api: ChatApi, options?: RequestOptions): Promise<boolean> {
  const reason = 'is the API available?';
  return (await failureOf(api.get('agents', { limit: 1 }, { reason, ...options }))) === undefined;
}

/** Does the API refuse the token itself (401), and not only for one endpoint? */
export async function isTokenRejected(api: ChatApi): Promise<boolean> {
  const reason = 'is the token refused?';
  return (await failureOf(api.get('agents/me', {}, { reason })))?.status === 401;
}
