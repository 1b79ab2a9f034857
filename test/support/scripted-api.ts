import type { HttpResponse, Query } from '../../src/http/transport.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { RequestOptions, ChatApi } from '../../src/zendesk/api.ts';
import type {
  Page,
  PageSource,
  ReadOptions,
  ReadSettings,
} from '../../src/zendesk/stream-definition.ts';

/** 2026-01-10T12:00:00Z, the present of the unit tests. */
export const now = Date.UTC(2026, 0, 10, 12);

/** One response of the script: a body, or a function that may throw an HttpError or use `revise`. */
export type Answer = Json | ((query: Query, options?: RequestOptions) => Promise<Json> | Json);

export interface ScriptedApi extends ChatApi {
  /** Every request, as path and query, in order. */
  readonly asked: { readonly path: string; readonly query: Query }[];
}

/** An API that sends the responses of a script, one per request, and fails after the last one. */
export function scriptedApi(
  script: readonly Answer[],
  { serverTimeMs = now }: { readonly serverTimeMs?: number } = {},
): ScriptedApi {
  const asked: ScriptedApi['asked'] = [];
  const left = [...script];
  let answers = 0;
  const get: ChatApi['get'] = async (path, query = {}, options?): Promise<HttpResponse> => {
    asked.push({ path, query });
    const next = left.shift();
    if (next === undefined) throw new Error(`not in the script: ${path} ${JSON.stringify(query)}`);
    const body = typeof next === 'function' ? await next(query, options) : next;
    answers += 1;
    return { body, serverTimeMs, headersMs: now, receivedMs: now, durationMs: 0 };
  };
  return {
    asked,
    get,
    getEarly: async (path, query, options) => {
      const { body, ...response } = await get(path, query, options);
      return { ...response, bytes: Buffer.from(JSON.stringify(body)), parse: () => body };
    },
    spareStarts: () => 200,
    latestServerTimeMs: () => (answers > 0 ? serverTimeMs : undefined),
    responseCount: () => answers,
  };
}

export interface Reading {
  readonly pages: readonly Page[];
  /** All emitted items' ids in order. */
  readonly ids: readonly unknown[];
  readonly checkpoints: readonly (JsonObject | undefined)[];
  readonly queries: readonly Query[];
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export interface ReadingOptions {
  readonly api: ScriptedApi;
  readonly bookmark?: JsonObject;
  readonly settings?: Partial<ReadSettings>;
  readonly nowMs?: number;
}

/** A clock whose time is always the present of the unit tests. */
export const stillClock: Pick<ReadOptions, 'now' | 'elapsed' | 'timer'> = {
  now: () => now,
  elapsed: () => 0,
  timer: () => ({ refresh: () => undefined, clear: () => undefined }),
};

/** The settings a stream is read with, unless a test changes some. */
export const usualSettings: ReadSettings = {
  subdomain: 'acme',
  startDateMs: Date.UTC(2026, 0, 1),
  hasStartDate: false,
  lookback_minutes: 0,
  on_absent: 'warn',
  on_forbidden: 'fail',
  on_bad_item: 'fail',
  agents_page_limit: 100,
  bans_page_limit: 100,
  chats_page_limit: 1000,
  // The responses of a script are in the order of the requests.
  read_ahead: 1,
};

/** Reads a page source to its end. */
export async function readAll(source: PageSource, options: ReadingOptions): Promise<Reading> {
  const { api, bookmark, settings, nowMs = now } = options;
  const warnings: string[] = [];
  const infos: string[] = [];
  const readOptions: ReadOptions = {
    api,
    bookmark,
    now: () => nowMs,
    elapsed: stillClock.elapsed,
    timer: stillClock.timer,
    info: (message) => infos.push(message),
    warn: (message) => warnings.push(message),
    settings: { ...usualSettings, ...settings },
  };
  const pages: Page[] = [];
  for await (const page of source(readOptions)()) pages.push(page);
  return {
    pages,
    ids: pages.flatMap(({ items }) => items.map((item) => item['id'])),
    checkpoints: pages.map(({ checkpoint }) => checkpoint),
    queries: api.asked.map(({ query }) => query),
    warnings,
    infos,
  };
}
