/** A server between tap and sandbox, for faults that the sandbox does not have: no `Date`, a body in bursts. */
import { request, type IncomingMessage, type ServerResponse } from 'node:http';

import { startLocalServer } from '../support/local-server.ts';

export interface FrontAnswer {
  /** Default: 200. */
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface FrontOptions {
  /** Remove the header `Date` from every response. */
  readonly isTimeless?: boolean;
  /** Another response; `undefined` to use the sandbox's response. */
  readonly answer?: (url: URL) => FrontAnswer | undefined;
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  isTimeless: boolean,
): void {
  const { url = '/', method = 'GET', headers } = incoming;
  outgoing.sendDate = !isTimeless;
  const asked = request(new URL(url, target), { method, headers }, (answer) => {
    const { date, ...others } = answer.headers;
    const isDated = date !== undefined && !isTimeless;
    outgoing.writeHead(answer.statusCode ?? 502, { ...others, ...(isDated && { date }) });
    answer.pipe(outgoing);
  });
  asked.on('error', () => outgoing.destroy());
  asked.end();
}

/** Starts one before `target` for as long as `work` takes. */
export async function withFront<T>(
  target: string,
  { isTimeless = false, answer }: FrontOptions,
  work: (origin: string) => Promise<T>,
): Promise<T> {
  const front = await startLocalServer((incoming, outgoing) => {
    const own = answer?.(new URL(incoming.url ?? '/', target));
    if (own === undefined) forward(target, incoming, outgoing, isTimeless);
    else outgoing.writeHead(own.status ?? 200, own.headers).end(own.body);
  });
  try {
    return await work(front.origin);
  } finally {
    await front.close();
  }
}
