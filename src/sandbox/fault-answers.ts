import type { ServerResponse } from 'node:http';
import type { Encoded } from './delivery.ts';
import { sendHalf, sendSlowly, sendWhole } from './delivery.ts';
import type { Fault, StatusFault } from './fault-rules.ts';
import type { Reply } from './reply.ts';
import { bodyText, htmlHeaders, htmlPage, jsonHeaders, refusal } from './reply.ts';

/** What a fault works on. */
export interface FaultContext {
  readonly outgoing: ServerResponse;
  /** The answer there would be without the fault. */
  readonly reply: () => Reply;
  readonly encode: (reply: Reply) => Promise<Encoded>;
  /** The server's clock, ms since 1970. */
  readonly nowMs: number;
}

/** What the client can have seen: the status, if any, and how many items arrived whole. */
export interface FaultOutcome {
  readonly status: number | null;
  readonly items: number;
}

const standardPieces = 10;

function retryAfterText(fault: StatusFault, nowMs: number): string | undefined {
  const { retryAfter } = fault;
  if (retryAfter === undefined) return undefined;
  if (typeof retryAfter !== 'object') return String(retryAfter);
  return new Date(nowMs + retryAfter.inSeconds * 1000).toUTCString();
}

/** The answer of a `status` fault. */
function statusReply(fault: StatusFault, nowMs: number): Reply {
  const plain = refusal(fault.status);
  const bodies = {
    json: plain,
    html: { ...plain, headers: htmlHeaders, body: [htmlPage] },
    empty: { ...plain, headers: {}, body: [] },
  };
  const reply = bodies[fault.body ?? 'json'];
  const retryAfter = retryAfterText(fault, nowMs);
  return retryAfter === undefined
    ? reply
    : { ...reply, headers: { ...reply.headers, 'retry-after': retryAfter } };
}

function okWith(body: string, headers: Readonly<Record<string, string>> = jsonHeaders): Reply {
  return { status: 200, headers, body: [body], items: 0, ids: [] };
}

/** Faults that are an answer like any other, only a wrong one. undefined: it is one of the transport. */
function replacedReply(fault: Fault, context: FaultContext): Reply | undefined {
  switch (fault.kind) {
    case 'status':
      return statusReply(fault, context.nowMs);
    case 'emptyBody':
      return okWith('');
    case 'html':
      return okWith(htmlPage, htmlHeaders);
    case 'brokenJson': {
      const body = bodyText(context.reply());
      return okWith(body.slice(0, Math.floor(body.length / 2)));
    }
    case 'wrongShape':
      return okWith(fault.body ?? '{"unexpected":true}');
    case 'foreignNextPage': {
      const reply = context.reply();
      const link = `"next_page":"${fault.origin}`;
      return {
        ...reply,
        body: [bodyText(reply).replace(/"next_page":"https?:\/\/[^/"]+/, link)],
      };
    }
    case 'redirect':
      return {
        ...okWith(''),
        status: fault.status ?? 302,
        headers: { location: fault.location },
      };
    default:
      return undefined;
  }
}

async function breakTransport(fault: Fault, context: FaultContext): Promise<number> {
  const { outgoing } = context;
  const reply = context.reply();
  const encoded = await context.encode(reply);
  const { bytes } = encoded;
  switch (fault.kind) {
    case 'resetInBody':
      sendHalf(outgoing, encoded, () => outgoing.socket?.resetAndDestroy());
      return 0;
    case 'cutBody':
      sendHalf(outgoing, encoded, () => outgoing.socket?.end());
      return 0;
    case 'cutGzip':
      sendWhole(outgoing, { ...encoded, bytes: bytes.subarray(0, Math.floor(bytes.length / 2)) });
      return 0;
    case 'slow':
      await sendSlowly(outgoing, encoded, {
        everyMs: fault.everyMs,
        pieces: fault.pieces ?? standardPieces,
      });
      return reply.items;
    default:
      // A stall: the rest never comes.
      sendHalf(outgoing, encoded, () => undefined);
      return 0;
  }
}

/** Gives the faulty answer. */
export async function answerWithFault(fault: Fault, context: FaultContext): Promise<FaultOutcome> {
  const { outgoing } = context;
  if (fault.kind === 'reset') {
    outgoing.socket?.resetAndDestroy();
    return { status: null, items: 0 };
  }
  if (fault.kind === 'stall' && fault.where === 'headers') return { status: null, items: 0 };
  const reply = replacedReply(fault, context);
  if (reply !== undefined) {
    sendWhole(outgoing, await context.encode(reply));
    return { status: reply.status, items: reply.items };
  }
  const { status } = context.reply();
  return { status, items: await breakTransport(fault, context) };
}
