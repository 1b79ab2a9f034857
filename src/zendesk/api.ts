import { HttpError } from '../core/errors.ts';
import type { HttpClient, HttpRequest } from '../http/client.ts';
import type { HttpAnswer, Query } from '../http/transport.ts';

const prefix = '/api/v2/chat/';

/** Clocks further apart than this are worth a warning. */
const toleratedSkewMs = 60_000;

export type AskOptions = Omit<HttpRequest, 'path' | 'query'>;

/** The Chat API as the page sources see it: paths below `/api/v2/chat/`, answers as JSON. */
export interface ChatApi {
  /** @throws HttpError when the answer is given up. */
  get(path: string, query?: Query, options?: AskOptions): Promise<HttpAnswer>;
  /** The newest `Date` the server sent in this run, ms since 1970. */
  newestServerTimeMs(): number | undefined;
  /** How many requests of this run were answered with 200. */
  answers(): number;
}

interface ChatApiOptions {
  readonly http: Pick<HttpClient, 'get'>;
  /** Called once when our clock and the server's differ. */
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

export function createChatApi({ http, warn, now }: ChatApiOptions): ChatApi {
  let newestMs: number | undefined;
  let answers = 0;
  let hasWarned = false;

  /** `atMs`: by our clock, when the server had just said its time. */
  const noteTime = (serverTimeMs: number | undefined, atMs: number): void => {
    if (serverTimeMs === undefined) return;
    newestMs = Math.max(newestMs ?? serverTimeMs, serverTimeMs);
    const aheadMs = atMs - serverTimeMs;
    if (hasWarned || Math.abs(aheadMs) <= toleratedSkewMs) return;
    hasWarned = true;
    const side = aheadMs > 0 ? 'ahead of' : 'behind';
    warn(
      `this machine's clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${side} the API's; ` +
        'the earlier of the two is used, but the clock should be set',
    );
  };

  return {
    get: async (path, query = {}, options = {}) => {
      try {
        const answer = await http.get({ path: prefix + path, query, ...options });
        answers += 1;
        noteTime(answer.serverTimeMs, answer.headMs);
        return answer;
      } catch (error) {
        // The answer of a refused request has the server's time, too.
        if (error instanceof HttpError) noteTime(error.serverTimeMs, now());
        throw error;
      }
    },
    newestServerTimeMs: () => newestMs,
    answers: () => answers,
  };
}

/** How a request fails; `undefined`: it is answered. An abort or a wait beyond all patience is passed on. */
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
export async function answersAgents(api: ChatApi, options?: AskOptions): Promise<boolean> {
  return (await failureOf(api.get('agents', { limit: 1 }, options))) === undefined;
}

/** Does the API refuse the token itself (401), and not only for one endpoint? */
export async function refusesToken(api: ChatApi): Promise<boolean> {
  return (await failureOf(api.get('agents/me')))?.status === 401;
}
