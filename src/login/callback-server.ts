/** A server on the loopback interface that receives the answer to one sign-in from the browser. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { errorCode, ConfigError } from '../core/errors.ts';
import { pageHeaders, renderPage, waitingOutcome, type SignInOutcome } from './callback-page.ts';

export interface CallbackServerOptions {
  /** 0 means any free port. */
  readonly port: number;
  /** The OAuth state that the answer must contain. */
  readonly state: string;
  /** Called once, with the first answer that contains the state. */
  readonly onCallback: (answer: URLSearchParams) => Promise<SignInOutcome>;
  /** Called for each answer with another state or none. The server continues to wait. */
  readonly onWrongState: (answer: URLSearchParams) => SignInOutcome;
}

export interface CallbackServer {
  readonly redirectUri: string;
  /** Resolves after an answer was received and its page was sent. */
  readonly answered: Promise<void>;
  readonly close: () => Promise<void>;
}

const noop = (): void => undefined;
const maxCallbackBytes = 64 * 1024;

/** @throws ConfigError if the port cannot be used. */
export async function startCallbackServer(options: CallbackServerOptions): Promise<CallbackServer> {
  let end = noop;
  const answered = new Promise<void>((resolve) => {
    end = resolve;
  });
  const first = await open('127.0.0.1', options.port);
  const address = first.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  // Some machines have no IPv6. Where it exists, a program that uses the same port on ::1 would receive the answer.
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
    const why = code === 'EADDRINUSE' ? 'is in use by another program' : 'is not allowed';
    const advice =
      'stop that program, or choose another port with --port and register http://localhost:PORT for the API client';
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
  title: 'This login has already received an answer',
  text: 'A login accepts only one answer. The terminal shows the result.',
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
    // The browser may have closed the connection.
    if (outgoing.destroyed || outgoing.closed) end();
    else outgoing.on('close', end);
  };
  return (incoming, outgoing) => {
    // The request was aborted or is too large.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  };
}

/** The status that rejects a request from another origin or of another kind; `undefined` accepts the request. */
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

/** Compares hashes, so that the time it takes reveals nothing about the secret. */
export function isSameSecret(left: string, right: string): boolean {
  return hashOf(left) === hashOf(right);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
