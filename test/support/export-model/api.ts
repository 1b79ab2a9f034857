/** The API of a run over a made-up server: as the HTTP client and the API layer behave, without their limits. */
import { HttpError } from '../../../src/core/errors.ts';
import type { Json } from '../../../src/core/json.ts';
import type { HttpResponse, Query } from '../../../src/http/transport.ts';
import type { ChatApi } from '../../../src/zendesk/api.ts';
import type { Dice } from '../../no-loss/dice.ts';
import { beginMs, type ModelCase } from './case.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How an early request may fail: none of it is met by anything but the own request. */
const earlyFailures = [400, 401, 403, 404, 429, 503] as const;

/** More requests than this are a loop. */
const mostRequests = 3000;

export interface EarlyRequest {
  readonly query: Query;
  /** What the log calls it. */
  readonly reason: string | undefined;
  /** Aborted also if the request had failed just before. */
  readonly signal: AbortSignal | undefined;
  readonly sentMs: number;
  endedMs: number;
  outcome: 'in flight' | 'answered' | 'failed' | 'unauthorized' | 'aborted';
}

export interface ModelApi extends ChatApi {
  /** Each attempt at a page. */
  readonly asked: readonly Query[];
  readonly askedEarly: readonly EarlyRequest[];
  /** The server's clock at the first answer: what the head is counted from. */
  readonly firstResponseMs: () => number;
}

interface ApiParts {
  readonly model: ModelCase;
  readonly time: VirtualTime;
  readonly dice: Dice;
  /** @returns what the server has for a page at this time */
  readonly bodyAt: (nowMs: number, query: Query) => Json;
}

export function createApi({ model, time, dice, bodyAt }: ApiParts): ModelApi {
  const { stream, latencyMs, failingPercent, emptyEvery, repeatEvery } = model;
  let latestMs: number | undefined;
  let firstMs: number | undefined;
  let responses = 0;
  let lastBody: Json | undefined;
  const asked: Query[] = [];
  const askedEarly: EarlyRequest[] = [];

  const bodyOf = (path: string, query: Query, request: number): Json => {
    if (path === 'agents') return [];
    if (emptyEvery !== undefined && request % emptyEvery === 0)
      return { [stream]: [], end_time: null };
    const isRepeated = repeatEvery !== undefined && request % repeatEvery === 0;
    const body = isRepeated && lastBody !== undefined ? lastBody : bodyAt(time.now(), query);
    lastBody = body;
    return structuredClone(body);
  };

  const attempt = async (
    path: string,
    query: Query,
    { signal, status = 503 }: { signal?: AbortSignal | undefined; status?: number } = {},
  ): Promise<HttpResponse> => {
    if (path !== 'agents') asked.push(query);
    if (asked.length > mostRequests) throw new Error(`more than ${mostRequests} requests`);
    const request = asked.length;
    const durationMs = dice.between(2, latencyMs);
    const isFailing = dice.percent(failingPercent);
    await time.sleep(Math.ceil(durationMs / 2), signal);
    const body = bodyOf(path, query, request);
    await time.sleep(Math.floor(durationMs / 2), signal);
    const receivedMs = time.now();
    latestMs = Math.floor(receivedMs / 1000) * 1000;
    const details = { kind: 'transient', failure: 'status', path, status } as const;
    if (isFailing) throw new HttpError(`answers ${status}`, { ...details, serverTimeMs: latestMs });
    responses += 1;
    firstMs ??= latestMs;
    return { body, serverTimeMs: latestMs, headersMs: receivedMs, receivedMs, durationMs };
  };

  const get: ModelApi['get'] = async (path, first = {}, { signal, reviseQuery, onBody } = {}) => {
    for (let query = first; ; await time.sleep(1000, signal)) {
      try {
        const response = await attempt(path, query, { signal });
        await onBody?.(Buffer.from(JSON.stringify(response.body)));
        return response;
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        query = (await reviseQuery?.(error)) ?? query;
      }
    }
  };

  const getEarly: ModelApi['getEarly'] = async (path, query, { signal, reason }) => {
    // Now and then there is no start to spare.
    if (dice.percent(failingPercent)) return undefined;
    const early: EarlyRequest = {
      query,
      reason,
      signal,
      sentMs: time.now(),
      endedMs: Number.POSITIVE_INFINITY,
      outcome: 'in flight',
    };
    askedEarly.push(early);
    try {
      const status = dice.one(earlyFailures);
      const { body, ...response } = await attempt(path, query, { signal, status });
      early.outcome = 'answered';
      const text = JSON.stringify(body);
      return { ...response, bytes: Buffer.from(text), parse: () => JSON.parse(text) as Json };
    } catch (error) {
      early.endedMs = time.now();
      const isUnauthorized = error instanceof HttpError && error.status === 401;
      const failure = isUnauthorized ? 'unauthorized' : 'failed';
      early.outcome = signal?.aborted === true ? 'aborted' : failure;
      throw error;
    }
  };

  return {
    asked,
    askedEarly,
    get,
    getEarly,
    spareStarts: () => 200,
    firstResponseMs: () => firstMs ?? beginMs,
    latestServerTimeMs: () => latestMs,
    responseCount: () => responses,
  };
}
