import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Sema } from 'async-sema';
import { encode, pause, sendWhole } from './send-reply.ts';
import { answerWithFault } from '../faults/fault-answers.ts';
import type { FaultInjector } from '../faults/fault-rules.ts';
import type { OAuthProvider } from '../oauth/provider.ts';
import { tokenPath, type TokenRequest } from '../oauth/token.ts';
import type { ResolvedOptions } from '../program/options.ts';
import { createRateLimiter } from './rate-limit.ts';
import { errorReply, type RequestListener, type Reply } from './reply.ts';
import { createLogEntry, type LoggedRequest } from './request-log.ts';
import type { ApiRequest } from './routes.ts';

export const apiPrefix = '/api/v2/chat/';

export interface PipelineContext {
  readonly options: ResolvedOptions;
  readonly provider: OAuthProvider;
  readonly answerToken: (request: TokenRequest) => Reply;
  /** The response of the API without a fault. */
  readonly makeReply: (request: ApiRequest) => Reply;
  readonly faults: FaultInjector;
  readonly requests: LoggedRequest[];
  /** The server's clock, ms since 1970. */
  readonly now: () => number;
}

interface Call {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly entry: LoggedRequest;
  readonly request: ApiRequest;
}

/** Creates the response only when needed, because a token response uses up the code or refresh token. */
async function replyMaker(
  { makeReply, answerToken }: PipelineContext,
  { incoming, entry, request }: Call,
): Promise<() => Reply> {
  if (request.path === tokenPath && entry.method === 'POST') {
    const form = new URLSearchParams(await text(incoming));
    return () => answerToken({ form, authorization: incoming.headers.authorization });
  }
  return () => (entry.method === 'GET' ? makeReply(request) : errorReply(405));
}

/** Sends the response, or a fault if one applies to the request, and logs it. */
async function respond(context: PipelineContext, call: Call, makeReply: () => Reply) {
  const { incoming, outgoing, entry, request } = call;
  const { options, faults } = context;
  const isGzip = options.gzip && incoming.headers['accept-encoding']?.includes('gzip') === true;
  let made: Reply | undefined;
  const reply = (): Reply => (made ??= makeReply());
  const sendReply = async (response: Reply): Promise<void> => {
    entry.status = response.status;
    entry.items = response.items;
    sendWhole(outgoing, await encode(response, isGzip));
  };
  const ids = (): readonly string[] => reply().ids;
  const fault = faults.faultFor({ path: request.path, query: entry.query, ids });
  if (fault === undefined) return sendReply(reply());
  entry.fault = fault.kind;
  return answerWithFault(fault, {
    outgoing,
    reply,
    sendReply,
    sendDamaged: async (send, isWhole = false) => {
      const original = reply();
      await send(await encode(original, isGzip));
      entry.status = original.status;
      entry.items = isWhole ? original.items : 0;
    },
    nowMs: context.now(),
  });
}

/** Calls the hook, waits for the latency, applies the rate limit, and sends the response or a fault. */
function createAnswerer(context: PipelineContext): (call: Call) => Promise<void> {
  const { onRequest, latencyMs, rateLimit } = context.options;
  const waitFor = rateLimit === undefined ? () => undefined : createRateLimiter(rateLimit);
  return async (call) => {
    const { outgoing, entry } = call;
    await onRequest?.({ number: entry.number, path: entry.path, query: entry.query });
    await pause(latencyMs, outgoing);
    outgoing.setHeader('date', new Date(context.now()).toUTCString());
    const waitSeconds = waitFor(performance.now());
    if (waitSeconds === undefined) {
      await respond(context, call, await replyMaker(context, call));
    } else {
      outgoing.setHeader('retry-after', String(waitSeconds));
      entry.status = 429;
      sendWhole(outgoing, await encode(errorReply(429, 'Too many requests.'), false));
    }
  };
}

/** Handles requests to the API. Logs each one, and processes at most `concurrency` at the same time. */
export function createApiListener(context: PipelineContext): RequestListener {
  const { options, provider, requests } = context;
  const { clock = Date.now, concurrency, onAnswer } = options;
  const slots = concurrency === undefined ? undefined : new Sema(concurrency);
  const answer = createAnswerer(context);
  let count = 0;
  return async (incoming, outgoing, url) => {
    count += 1;
    const path = url.pathname;
    const request: ApiRequest = {
      parameters: url.searchParams,
      path: path.startsWith(apiPrefix) ? path.slice(apiPrefix.length) : path,
      isAuthorized: provider.accepts(incoming.headers.authorization),
      origin: url.origin,
    };
    const { isAuthorized } = request;
    const query = Object.fromEntries(url.searchParams);
    const seen = { number: count, path, query, isAuthorized, at: clock() };
    const entry = createLogEntry(incoming, seen);
    requests.push(entry);
    await slots?.acquire();
    try {
      await answer({ incoming, outgoing, entry, request });
    } finally {
      slots?.release();
    }
    entry.doneAt = clock();
    onAnswer?.(entry);
  };
}
