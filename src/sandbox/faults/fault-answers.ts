import type { ServerResponse } from 'node:http';
import {
  firstHalf,
  sendHalf,
  sendSlowly,
  sendWhole,
  type EncodedReply,
} from '../api/send-reply.ts';
import type { FaultKind, FaultOf } from './fault-rules.ts';
import { htmlHeaders, htmlPage, okReply, errorReply, type Reply } from '../api/reply.ts';

export interface FaultContext {
  readonly outgoing: ServerResponse;
  /** The response without the fault. */
  readonly reply: () => Reply;
  /** Sends and logs a complete response. */
  readonly sendReply: (reply: Reply) => Promise<void>;
  /** Sends the response without the fault through `send`. Logs its items only if `isWhole`. */
  readonly sendDamaged: (
    send: (encoded: EncodedReply) => void | Promise<void>,
    isWhole?: boolean,
  ) => Promise<void>;
  /** The server's clock, ms since 1970. */
  readonly nowMs: number;
}

function statusReply(fault: FaultOf<'status'>, nowMs: number): Reply {
  const plain = errorReply(fault.status);
  const bodies = {
    json: plain,
    html: { ...plain, headers: htmlHeaders, body: htmlPage },
    empty: { ...plain, headers: {}, body: '' },
  };
  const reply = bodies[fault.body ?? 'json'];
  const { retryAfter: after } = fault;
  if (after === undefined) return reply;
  const isDate = typeof after === 'object';
  const text = isDate ? new Date(nowMs + after.inSeconds * 1000).toUTCString() : String(after);
  return { ...reply, headers: { ...reply.headers, 'retry-after': text } };
}

const faultAnswers: {
  readonly [Kind in FaultKind]: (fault: FaultOf<Kind>, call: FaultContext) => void | Promise<void>;
} = {
  status: (fault, { sendReply, nowMs }) => sendReply(statusReply(fault, nowMs)),
  reset: (_fault, { outgoing }) => {
    outgoing.socket?.resetAndDestroy();
  },
  resetInBody: (_fault, { sendDamaged, outgoing }) =>
    sendDamaged((encoded) => sendHalf(outgoing, encoded, () => outgoing.socket?.resetAndDestroy())),
  cutBody: (_fault, { sendDamaged, outgoing }) =>
    sendDamaged((encoded) => sendHalf(outgoing, encoded, () => outgoing.socket?.end())),
  cutGzip: (_fault, { sendDamaged, outgoing }) =>
    sendDamaged((encoded) => sendWhole(outgoing, { ...encoded, bytes: firstHalf(encoded) })),
  stall: async ({ where }, { sendDamaged, outgoing }) => {
    if (where === 'body')
      await sendDamaged((encoded) => sendHalf(outgoing, encoded, () => undefined));
  },
  emptyBody: (_fault, { sendReply }) => sendReply(okReply('')),
  html: (_fault, { sendReply }) => sendReply({ ...okReply(htmlPage), headers: htmlHeaders }),
  brokenJson: (_fault, { sendReply, reply }) => {
    const { body } = reply();
    return sendReply(okReply(body.slice(0, Math.floor(body.length / 2))));
  },
  wrongShape: ({ body = '{"unexpected":true}' }, { sendReply }) => sendReply(okReply(body)),
  foreignNextPage: ({ origin }, { sendReply, reply }) => {
    const original = reply();
    const link = `"next_page":"${origin}`;
    const body = original.body.replace(/"next_page":"https?:\/\/[^/"]+/, link);
    return sendReply({ ...original, body });
  },
  redirect: ({ location, status = 302 }, { sendReply }) =>
    sendReply({ ...okReply(''), status, headers: { location } }),
  slow: ({ everyMs, pieces = 10 }, { sendDamaged, outgoing }) =>
    sendDamaged((encoded) => sendSlowly(outgoing, encoded, { everyMs, pieces }), true),
};

export async function answerWithFault<Kind extends FaultKind>(
  fault: FaultOf<Kind>,
  call: FaultContext,
): Promise<void> {
  await faultAnswers[fault.kind](fault, call);
}
