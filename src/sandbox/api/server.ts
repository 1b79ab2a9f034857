import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ConfigError } from '../../core/errors.ts';
import { makeAccountData } from '../data/account-data.ts';
import { Account } from '../data/account.ts';
import { createApiListener } from './request-pipeline.ts';
import { controlPrefix, createControlListener } from './control.ts';
import { FaultInjector } from '../faults/fault-rules.ts';
import { injectHostileChats } from '../data/hostile-chats.ts';
import { isoSeconds } from '../data/time-formats.ts';
import { authorizePath, createAuthorizeListener } from '../oauth/authorize.ts';
import { OAuthProvider, defaultClients, type OAuthClient } from '../oauth/provider.ts';
import { createTokenEndpoint } from '../oauth/token.ts';
import { withDefaults, type SandboxOptions, type ResolvedOptions } from '../program/options.ts';
import { errorReply, type RequestListener } from './reply.ts';
import type { LoggedRequest } from './request-log.ts';
import { createRouter } from './routes.ts';
import { defaultSwitches, type Switches } from '../program/switches.ts';

const host = '127.0.0.1';

/** Idle connections stay open so long, so that a client's pause is not taken for a fault. */
const keepAliveMs = 65_000;

/** The config a tap needs to read this sandbox. */
export interface TapConfig {
  readonly subdomain: string;
  readonly access_token: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly refresh_token?: string;
  /** Before the oldest chat. */
  readonly start_date: string;
}

export interface Sandbox {
  /** Scheme, host and port, without a path: what `ZENDESK_CHAT_API_URL` wants. */
  readonly url: string;
  readonly token: string;
  readonly config: TapConfig;
  /** Every request to the API so far, oldest first. Emptying it is allowed. */
  readonly requests: LoggedRequest[];
  readonly account: Omit<Account, 'store'>;
  readonly faults: Pick<FaultInjector, 'add' | 'clear' | 'set'>;
  readonly provider: Omit<OAuthProvider, 'accepts'>;
  /** Changes switches from the next request on; `timelineSort` is read at the start only. */
  setSwitches(change: Partial<Switches>): void;
  /** The server's clock, ms since 1970. */
  now(): number;
  /** Ends all connections, also stalled ones, and stops listening. */
  close(): Promise<void>;
}

function startOfData({ now, clock }: ResolvedOptions): number {
  const ms = typeof now === 'string' ? Date.parse(now) : (now ?? clock?.() ?? Date.now());
  if (Number.isFinite(ms)) return ms;
  throw new ConfigError('now must be an instant such as 2024-01-31T00:00:00Z.');
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Sends a request where it belongs. What fails in the sandbox itself, or in a hook, becomes a 500 that says so. */
function createListener(api: RequestListener, others: ReadonlyMap<string, RequestListener>) {
  return (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? host}`);
    const [, answer = api] = [...others].find(([path]) => url.pathname.startsWith(path)) ?? [];
    answer(incoming, outgoing, url).catch((error: unknown) => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500).end(errorReply(500, String(error)).body);
    });
  };
}

/** Everything behind the server: the account, the switches and the clock. */
function createState(options: ResolvedOptions) {
  const startMs = startOfData(options);
  const startedAt = performance.now();
  // Before the switch sets it off: the caller's, or one that starts at `now` and ticks.
  const clock = options.clock ?? (() => startMs + Math.floor(performance.now() - startedAt));
  let switches: Switches = { ...defaultSwitches, ...options.switches };
  const now = (): number => clock() + switches.clockOffsetSeconds * 1000;
  const data = makeAccountData(options, Math.floor(startMs / 1000));
  const account = new Account({ data, switches: () => switches, now });
  injectHostileChats(account, options);
  return {
    account,
    now,
    switches: () => switches,
    startDate: isoSeconds(data.fromSeconds),
    setSwitches: (change: Partial<Switches>): void => {
      switches = { ...switches, ...change };
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** What a config needs beside the access token when that token expires. */
function refreshConfig(clients: readonly OAuthClient[], provider: OAuthProvider) {
  const client = clients.find(({ id }) => provider.client(id) !== undefined);
  if (client === undefined) return {};
  const { refresh_token } = provider.issue(client.id, true);
  return {
    client_id: client.id,
    ...(client.secret !== undefined && { client_secret: client.secret }),
    ...(refresh_token !== undefined && { refresh_token }),
  };
}

/** Starts a server on the loopback interface that behaves like the Zendesk Chat API. */
export async function startSandbox(given: SandboxOptions = {}): Promise<Sandbox> {
  const options = withDefaults(given);
  const { startDate, ...state } = createState(options);
  const { switches, now } = state;
  const requests: LoggedRequest[] = [];
  const faults = new FaultInjector(options.faults);
  const { token, tokenLife, subdomain, clients = defaultClients } = options;
  const provider = new OAuthProvider({ clients, token, tokenLife, switches, now });
  const answerToken = createTokenEndpoint(provider, switches);
  const makeReply = createRouter(state);
  const context = { options, provider, answerToken, makeReply, faults, requests, now };
  const api = createApiListener(context);
  const others = new Map([
    [controlPrefix, createControlListener({ ...state, faults, provider, requests })],
    [authorizePath, createAuthorizeListener(provider)],
  ]);
  const server = createServer({ keepAliveTimeout: keepAliveMs }, createListener(api, others));
  const port = await listen(server, options.port);
  return {
    ...state,
    url: `http://${host}:${port}`,
    token,
    config: {
      subdomain,
      access_token: token,
      ...(tokenLife !== undefined && refreshConfig(clients, provider)),
      start_date: startDate,
    },
    requests,
    faults,
    provider,
    close: () => closeServer(server),
  };
}
