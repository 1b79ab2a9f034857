/** Waits on this machine alone for what the browser brings back: one answer to one sign-in. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { errorCode, ConfigError } from '../core/errors.ts';
import { pageHeaders, renderPage, waitingOutcome, type SignInOutcome } from './callback-page.ts';

export interface CallbackServerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** What the answer must repeat. */
  readonly state: string;
  /** Called once, with the first answer that has the state. */
  readonly onCallback: (answer: URLSearchParams) => Promise<SignInOutcome>;
  /** Called for each answer that has another state, or none: the login goes on waiting. */
  readonly onWrongState: (answer: URLSearchParams) => SignInOutcome;
}

export interface CallbackServer {
  readonly redirectUri: string;
  /** Resolves when an answer has come and the page about it was sent. */
  readonly answered: Promise<void>;
  readonly close: () => Promise<void>;
}

const noop = (): void => undefined;
const maxCallbackBytes = 64 * 1024;

/** @throws ConfigError when the port cannot be used. */
export async function startCallbackServer(options: CallbackServerOptions): Promise<CallbackServer> {
  let end = noop;
  const answered = new Promise<void>((resolve) => {
    end = resolve;
  });
  const first = await open('127.0.0.1', options.port);
  const address = first.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  // Some machines have no IPv6; a port that another program has there would get our answer.
  const second = await open('::1', port).catch((error: unknown) => {
    if (error instanceof ConfigError) {
      first.close();
      throw error;
    }
    return undefined;
  });
  const servers = second === undefined ? [first] : [first, second];
  const handle = createRequestListener(options, `localhost:${port}`, end);
  for (const server of servers) server.on('request', handle);
  return {
    redirectUri: `http://localhost:${port}`,
    answered,
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}

async function open(host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: 10_000, keepAlive: false });
  server.listen({ port, host, ipv6Only: host === '::1' });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const why = code === 'EADDRINUSE' ? 'is in use by another program' : 'may not be used';
    const advice =
      'end that program, or choose another with --port and register http://localhost:PORT for the API client';
    throw new ConfigError(`port ${port} ${why}: ${advice}`, '', error);
  }
  return server;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

type RequestListener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const alreadyAnswered: SignInOutcome = {
  isGood: false,
  title: 'This sign-in was answered already',
  text: 'Each login takes one answer. The terminal says what came of it.',
};
function createRequestListener(
  options: CallbackServerOptions,
  host: string,
  end: () => void,
): RequestListener {
  let isAnswered = false;
  const outcomeOf = async (answer: URLSearchParams) => {
    const isLast = isSameSecret(answer.get('state') ?? '', options.state) && !isAnswered;
    isAnswered ||= isLast;
    if (isLast) return { isLast, outcome: await options.onCallback(answer) };
    return { isLast, outcome: isAnswered ? alreadyAnswered : options.onWrongState(answer) };
  };
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', `http://${host}`);
    const rejected = rejectionStatus(incoming, url, host);
    if (rejected !== undefined) {
      outgoing.writeHead(rejected, { connection: 'close' }).end();
      return;
    }
    const isPost = incoming.method === 'POST';
    const fields = isPost ? new URLSearchParams(await readBody(incoming)) : url.searchParams;
    const hasAnswer = isPost || url.search !== '';
    const { outcome, isLast } = hasAnswer
      ? await outcomeOf(fields)
      : { outcome: waitingOutcome, isLast: false };
    const nonce = randomBytes(16).toString('base64url');
    const body = isPost ? JSON.stringify(outcome) : renderPage(outcome, nonce);
    const headers = pageHeaders(nonce);
    const type = isPost ? { 'content-type': 'application/json' } : {};
    outgoing.writeHead(outcome.isGood ? 200 : 400, { ...headers, ...type, connection: 'close' });
    outgoing.end(body);
    if (!isLast) return;
    // A browser that has gone meanwhile needs no page.
    if (outgoing.destroyed || outgoing.closed) end();
    else outgoing.on('close', end);
  };
  return (incoming, outgoing) => {
    // A request that breaks off, or is too large.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  };
}

/** The status for a request that is none of the browser's to this page; `undefined`: it is one. */
function rejectionStatus(incoming: IncomingMessage, url: URL, host: string): number | undefined {
  const { method, headers } = incoming;
  const { origin } = headers;
  if (headers.host !== host) return 421;
  if (method !== 'GET' && method !== 'POST') return 405;
  if (url.pathname !== '/') return 404;
  const isForm = headers['content-type'] === 'application/x-www-form-urlencoded';
  const isOwn = origin === `http://${host}`;
  if (method === 'POST') return isOwn && isForm && url.search === '' ? undefined : 403;
  return origin === undefined || isOwn ? undefined : 403;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > maxCallbackBytes) throw new Error('the answer is too large');
  }
  return text;
}

/** Compared by their hashes, so that the time it takes tells nothing. */
export function isSameSecret(left: string, right: string): boolean {
  return hashOf(left) === hashOf(right);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
