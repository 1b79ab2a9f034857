import type { ServerResponse } from 'node:http';
import { halfOf, sendHalf, sendSlowly, sendWhole, type Encoded } from '../api/send-reply.ts';
import type { FaultKind, FaultOf } from './fault-rules.ts';
import { htmlHeaders, htmlPage, okReply, refusal, type Reply } from '../api/reply.ts';

/** What a fault works on. */
export interface FaultyCall {
  readonly outgoing: ServerResponse;
  /** The answer there would be without the fault. */
  readonly reply: () => Reply;
  /** Sends an answer like any other, and logs it. */
  readonly give: (reply: Reply) => Promise<void>;
  /** Sends the answer there would be in another way. Unless it arrives whole, it is logged without items. */
  readonly giveBadly: (
    send: (encoded: Encoded) => void | Promise<void>,
    isWhole?: boolean,
  ) => Promise<void>;
  /** The server's clock, ms since 1970. */
  readonly nowMs: number;
}

type FaultAnswers = {
  readonly [Kind in FaultKind]: (fault: FaultOf<Kind>, call: FaultyCall) => void | Promise<void>;
};

function statusReply(fault: FaultOf<'status'>, nowMs: number): Reply {
  const plain = refusal(fault.status);
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

const faultAnswers: FaultAnswers = {
  status: (fault, { give, nowMs }) => give(statusReply(fault, nowMs)),
  reset: (_fault, { outgoing }) => {
    outgoing.socket?.resetAndDestroy();
  },
  resetInBody: (_fault, { giveBadly, outgoing }) =>
    giveBadly((encoded) => sendHalf(outgoing, encoded, () => outgoing.socket?.resetAndDestroy())),
  cutBody: (_fault, { giveBadly, outgoing }) =>
    giveBadly((encoded) => sendHalf(outgoing, encoded, () => outgoing.socket?.end())),
  cutGzip: (_fault, { giveBadly, outgoing }) =>
    giveBadly((encoded) => sendWhole(outgoing, { ...encoded, bytes: halfOf(encoded) })),
  stall: async ({ where }, { giveBadly, outgoing }) => {
    if (where === 'body')
      await giveBadly((encoded) => sendHalf(outgoing, encoded, () => undefined));
  },
  emptyBody: (_fault, { give }) => give(okReply('')),
  html: (_fault, { give }) => give({ ...okReply(htmlPage), headers: htmlHeaders }),
  brokenJson: (_fault, { give, reply }) => {
    const { body } = reply();
    return give(okReply(body.slice(0, Math.floor(body.length / 2))));
  },
  wrongShape: ({ body = '{"unexpected":true}' }, { give }) => give(okReply(body)),
  foreignNextPage: ({ origin }, { give, reply }) => {
    const right = reply();
    const link = `"next_page":"${origin}`;
    return give({ ...right, body: right.body.replace(/"next_page":"https?:\/\/[^/"]+/, link) });
  },
  redirect: ({ location, status = 302 }, { give }) =>
    give({ ...okReply(''), status, headers: { location } }),
  slow: ({ everyMs, pieces = 10 }, { giveBadly, outgoing }) =>
    giveBadly((encoded) => sendSlowly(outgoing, encoded, { everyMs, pieces }), true),
};

/** Gives the faulty answer. */
export async function answerWithFault<Kind extends FaultKind>(
  fault: FaultOf<Kind>,
  call: FaultyCall,
): Promise<void> {
  await faultAnswers[fault.kind](fault, call);
}
