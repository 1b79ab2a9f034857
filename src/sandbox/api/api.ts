import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { encode, pause, sendWhole } from './send-reply.ts';
import { answerWithFault } from '../faults/fault-answers.ts';
import type { FaultBook } from '../faults/fault-rules.ts';
import type { Provider } from '../oauth/provider.ts';
import { tokenPath, type TokenRequest } from '../oauth/token.ts';
import type { Settings } from '../program/options.ts';
import { createRateLimiter } from './rate-limit.ts';
import { refusal, type Handler, type Reply } from './reply.ts';
import { logged, type LoggedRequest } from './request-log.ts';
import type { Asked } from './routes.ts';

export const apiPrefix = '/api/v2/chat/';

export interface ApiWorld {
  readonly settings: Settings;
  readonly provider: Provider;
  readonly tokens: (request: TokenRequest) => Reply;
  /** The right answer of the API as the switches have it. */
  readonly answer: (asked: Asked) => Reply;
  readonly faults: FaultBook;
  readonly requests: LoggedRequest[];
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

/** A request on its way to its answer. */
interface Call {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly entry: LoggedRequest;
  readonly asked: Asked;
}

/** The right answer, made when it is due: a token that is given out has used up what it was asked for with. */
async function answerTo(
  { answer, tokens }: ApiWorld,
  { incoming, entry, asked }: Call,
): Promise<() => Reply> {
  if (asked.path === tokenPath && entry.method === 'POST') {
    const form = new URLSearchParams(await text(incoming));
    return () => tokens({ form, authorization: incoming.headers.authorization });
  }
  return () => (entry.method === 'GET' ? answer(asked) : refusal(405));
}

/** Sends the answer, or the fault that meets the request, and logs it. */
async function respond(world: ApiWorld, call: Call, answer: () => Reply): Promise<void> {
  const { incoming, outgoing, entry, asked } = call;
  const isGzip =
    world.settings.gzip && incoming.headers['accept-encoding']?.includes('gzip') === true;
  let made: Reply | undefined;
  const reply = (): Reply => (made ??= answer());
  const give = async (given: Reply): Promise<void> => {
    entry.status = given.status;
    entry.items = given.items;
    sendWhole(outgoing, await encode(given, isGzip));
  };
  const fault = world.faults.meet({
    path: asked.path,
    query: entry.query,
    ids: () => reply().ids,
  });
  if (fault === undefined) return give(reply());
  entry.fault = fault.kind;
  return answerWithFault(fault, {
    outgoing,
    reply,
    give,
    giveBadly: async (send, isWhole = false) => {
      const right = reply();
      await send(await encode(right, isGzip));
      entry.status = right.status;
      entry.items = isWhole ? right.items : 0;
    },
    nowMs: world.now(),
  });
}

/** Answers requests to the API: log, hook, latency, rate limit, faults, answer, in this order. */
export function createApi(world: ApiWorld): Handler {
  const { settings, provider, requests } = world;
  const { clock = Date.now, rateLimit } = settings;
  const waitFor = rateLimit === undefined ? () => undefined : createRateLimiter(rateLimit);
  let count = 0;
  return async (incoming, outgoing, url) => {
    count += 1;
    const path = url.pathname;
    const asked: Asked = {
      parameters: url.searchParams,
      path: path.startsWith(apiPrefix) ? path.slice(apiPrefix.length) : path,
      isAuthorized: provider.accepts(incoming.headers.authorization),
      origin: url.origin,
    };
    const { isAuthorized } = asked;
    const query = Object.fromEntries(url.searchParams);
    const entry = logged(incoming, { number: count, path, query, isAuthorized, at: clock() });
    requests.push(entry);
    await settings.onRequest?.({ number: entry.number, path, query });
    await pause(settings.latencyMs, outgoing);
    outgoing.setHeader('date', new Date(world.now()).toUTCString());
    const call = { incoming, outgoing, entry, asked };
    const waitSeconds = waitFor(performance.now());
    if (waitSeconds === undefined) {
      await respond(world, call, await answerTo(world, call));
    } else {
      outgoing.setHeader('retry-after', String(waitSeconds));
      entry.status = 429;
      sendWhole(outgoing, await encode(refusal(429, 'Too many requests.'), false));
    }
    entry.doneAt = clock();
    settings.onAnswer?.(entry);
  };
}
