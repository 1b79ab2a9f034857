import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Encoded } from './delivery.ts';
import { createEncoder, pause, sendWhole } from './delivery.ts';
import { answerWithFault } from './fault-answers.ts';
import type { FaultBook } from './fault-rules.ts';
import type { Provider } from './oauth-provider.ts';
import type { TokenRequest } from './oauth-token.ts';
import { tokenPath } from './oauth-token.ts';
import type { SandboxOptions } from './options.ts';
import { isRefused, readQuery } from './query.ts';
import type { Query } from './query.ts';
import { createRateLimiter } from './rate-limit.ts';
import type { Reply } from './reply.ts';
import { refusal } from './reply.ts';
import type { LoggedRequest } from './request-log.ts';
import { logged } from './request-log.ts';
import type { Router } from './routes.ts';

export const apiPrefix = '/api/v2/chat/';
const fastestGzip = 1;

export interface ApiWorld {
  readonly options: SandboxOptions;
  readonly provider: Provider;
  readonly tokens: (request: TokenRequest) => Reply;
  readonly router: Router;
  readonly faults: FaultBook;
  readonly requests: LoggedRequest[];
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
  /** Goes up with whatever may change an answer. */
  readonly version: () => number;
}

/** A request on its way to its answer. */
interface Call {
  readonly outgoing: ServerResponse;
  readonly entry: LoggedRequest;
  readonly path: string;
  readonly query: Query;
  readonly origin: string;
  /** undefined: the client does not want gzip, or the sandbox does not offer it. */
  readonly gzipLevel: number | undefined;
}

/** Keeps encoded pages for benchmarks, until something changes. */
function createPageCache(currentVersion: () => number) {
  const pages = new Map<string, { readonly encoded: Encoded; readonly items: number }>();
  let version = currentVersion();
  return (key: string) => {
    if (currentVersion() !== version) pages.clear();
    version = currentVersion();
    return {
      get: () => pages.get(key),
      keep: (encoded: Encoded, items: number) => pages.set(key, { encoded, items }),
    };
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The query, or the answer to one that cannot be read. */
function queryOf(url: URL): { readonly query: Query; readonly refused?: Reply } {
  try {
    return { query: readQuery(url.searchParams) };
  } catch (error) {
    if (isRefused(error)) return { query: {}, refused: error.refused };
    throw error;
  }
}

function createResponder(world: ApiWorld) {
  const { options, faults } = world;
  const encode = createEncoder();
  const limiter =
    options.rateLimit === undefined ? undefined : createRateLimiter(options.rateLimit);
  const cacheFor = options.prerender === true ? createPageCache(world.version) : undefined;

  async function give(call: Call, reply: () => Reply): Promise<void> {
    const { entry, outgoing } = call;
    const key = `${call.gzipLevel ?? 'plain'} ${call.origin} ${call.path} ${JSON.stringify(call.query)}`;
    const cached = entry.isAuthorized ? cacheFor?.(key) : undefined;
    const kept = cached?.get();
    const { encoded, items } = kept ?? {
      encoded: await encode(reply(), call.gzipLevel),
      items: reply().items,
    };
    if (kept === undefined && encoded.status === 200) cached?.keep(encoded, items);
    entry.status = encoded.status;
    entry.items = items;
    sendWhole(outgoing, encoded);
  }

  return async (call: Call, answer: () => Reply): Promise<void> => {
    const { entry, outgoing, path, query } = call;
    const waitSeconds = limiter?.(performance.now());
    if (waitSeconds !== undefined) {
      const reply = refusal(429, 'Too many requests.');
      const headers = { ...reply.headers, 'retry-after': String(waitSeconds) };
      return give(call, () => ({ ...reply, headers }));
    }
    const reply = once(answer);
    const fault = faults.meet({ path, query, ids: once(() => new Set(reply().ids)) });
    if (fault === undefined) return give(call, reply);
    entry.fault = fault.kind;
    const outcome = await answerWithFault(fault, {
      outgoing,
      reply,
      encode: (faulty) => encode(faulty, call.gzipLevel),
      nowMs: world.now(),
    });
    entry.status = outcome.status;
    entry.items = outcome.items;
    return undefined;
  };
}

function gzipLevelFor(incoming: IncomingMessage, options: SandboxOptions): number | undefined {
  const isWanted = incoming.headers['accept-encoding']?.includes('gzip') === true;
  return isWanted && options.gzip !== false ? (options.gzipLevel ?? fastestGzip) : undefined;
}

/** The right answer, made when it is due: a token that is given out has used up what it was asked for with. */
async function answerTo(
  { router, tokens }: ApiWorld,
  call: Call,
  {
    incoming,
    refused,
  }: { readonly incoming: IncomingMessage; readonly refused: Reply | undefined },
): Promise<() => Reply> {
  const { isAuthorized, method, path } = call.entry;
  if (path === tokenPath && method === 'POST') {
    const form = new URLSearchParams(await text(incoming));
    return () => tokens({ form, authorization: incoming.headers.authorization });
  }
  if (method !== 'GET') return () => refusal(405);
  return () => refused ?? router.answer({ ...call, isAuthorized });
}

/** Answers requests to the API: log, hook, latency, rate limit, faults, answer, in this order. */
export function createApi(
  world: ApiWorld,
): (incoming: IncomingMessage, outgoing: ServerResponse, url: URL) => Promise<void> {
  const { options } = world;
  const { clock = Date.now } = options;
  const respond = createResponder(world);
  let count = 0;
  return async (incoming, outgoing, url) => {
    count += 1;
    const { query, refused } = queryOf(url);
    const path = url.pathname;
    const { authorization } = incoming.headers;
    const isAuthorized = world.provider.accepts(authorization);
    const entry = logged(incoming, { number: count, path, query, isAuthorized, at: clock() });
    world.requests.push(entry);
    await options.onRequest?.({ number: entry.number, path, query });
    await pause(options.latencyMs ?? 0, outgoing);
    outgoing.setHeader('date', new Date(world.now()).toUTCString());
    const call: Call = {
      outgoing,
      entry,
      query,
      path: path.startsWith(apiPrefix) ? path.slice(apiPrefix.length) : path,
      origin: url.origin,
      gzipLevel: gzipLevelFor(incoming, options),
    };
    await respond(call, await answerTo(world, call, { incoming, refused }));
    entry.doneAt = clock();
    options.onAnswer?.(entry);
  };
}
