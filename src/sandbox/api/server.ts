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

/** How long idle connections stay open. Long enough that a pause of the client does not look like a fault. */
const keepAliveMs = 65_000;

/** The config that a tap needs to read the sandbox. */
export interface TapConfig {
  readonly subdomain: string;
  readonly access_token: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly refresh_token?: string;
  /** Earlier than the oldest chat. */
  readonly start_date: string;
}

export interface Sandbox {
  /** The origin, for `ZENDESK_CHAT_API_URL`. */
  readonly url: string;
  readonly token: string;
  readonly config: TapConfig;
  /** All requests to the API, oldest first. May be emptied. */
  readonly requests: LoggedRequest[];
  readonly account: Omit<Account, 'store'>;
  readonly faults: Pick<FaultInjector, 'add' | 'clear' | 'set'>;
  readonly provider: Omit<OAuthProvider, 'accepts'>;
  /** Changes switches for the following requests. `timelineSort` has an effect only at the start. */
  setSwitches(change: Partial<Switches>): void;
  /** The server's clock, ms since 1970. */
  now(): number;
  /** Closes all connections, including stalled ones, and stops the server. */
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

/** Dispatches requests. Responds with 500 and the error if the sandbox itself or a hook fails. */
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

/** The state of the sandbox: the account, the switches and the clock. */
function createState(options: ResolvedOptions) {
  const startMs = startOfData(options);
  const startedAt = performance.now();
  // The option `clock`, or a clock that starts at `now`. The switch clockOffsetSeconds is added to it.
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

/** The config keys that are needed to renew the access token. */
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
