import type { Agent, ClientRequest } from 'node:http';
import { isIP } from 'node:net';

import { getProxyForUrl } from 'proxy-from-env';

import { TapError } from '../core/errors.ts';

/** What an error's `code` begins with when the proxy answers CONNECT with a status that is no success. */
export const proxyStatusPrefix = 'PROXY_ANSWERS_';

const proxyVariables: readonly string[] = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];

/**
 * The proxy process.env names for an origin (HTTPS_PROXY or ALL_PROXY in either case, unless NO_PROXY
 * excepts it); `undefined` for none. Plain http is for loopback only and takes no proxy.
 * @throws TapError (config) when the proxy's address cannot be used; it is not quoted, since it may hold
 * a password.
 */
export function proxyFor(origin: string): URL | undefined {
  const found = origin.startsWith('https:') ? addressFor(new URL(origin)) : '';
  if (found === '') return undefined;
  // The package gives an address without a scheme the scheme of the request; other programs take http.
  const isAsGiven = proxyVariables.some((name) => process.env[name] === found);
  const address = isAsGiven ? found : found.replace(/^https:/, 'http:');
  if (URL.canParse(address)) {
    const url = new URL(address);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  }
  throw new TapError(
    'The proxy in HTTPS_PROXY or ALL_PROXY cannot be used: give it as http://host:port or https://host:port.',
    { kind: 'config' },
  );
}

/** The package takes `example.com` in NO_PROXY for that host alone; other programs for its subdomains, too. */
function addressFor({ protocol, hostname, port }: URL): string {
  const labels = isIP(hostname.replaceAll(/[[\]]/g, '')) === 0 ? hostname.split('.') : [hostname];
  const hosts = labels.map((_, index) => labels.slice(index).join('.'));
  const addresses = hosts.map((host) => getProxyForUrl(`${protocol}//${host}:${port}`));
  return addresses.includes('') ? '' : (addresses[0] ?? '');
}

/** Hosts for messages, without a proxy's user name and password. */
export interface Peer {
  /** `host:port` of the API. */
  readonly host: string;
  /** `host:port` of the proxy; `undefined`: there is none. */
  readonly proxyHost: string | undefined;
}

/** The way to one origin: directly, or through the proxy the environment names. */
export class Connection implements Peer {
  readonly host: string;
  readonly proxyHost: string | undefined;
  readonly #proxy: URL | undefined;
  #agent: Agent | undefined;
  #closing = new AbortController();
  #requests = 0;
  #isStuck = false;

  /** @param signal closes it. @throws TapError (config) when the proxy of the environment cannot be used. */
  constructor(origin: string, signal?: AbortSignal) {
    this.host = new URL(origin).host;
    this.#proxy = proxyFor(origin);
    this.proxyHost = this.#proxy?.host;
    signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** The agent of the proxy; `undefined`: there is none. */
  async agent(): Promise<Agent | undefined> {
    if (this.#proxy === undefined) return undefined;
    return (this.#agent ??= await createAgent(this.#proxy, this.#closing.signal));
  }

  /** Counts a request that uses it. */
  acquire(): void {
    this.#requests += 1;
  }

  /**
   * The request has ended.
   * @param isStuck its connection may stay open, and with it the process; it is closed with all others, once none is used
   */
  release(isStuck: boolean): void {
    this.#requests -= 1;
    this.#isStuck ||= isStuck;
    if (this.#isStuck && this.#requests === 0) this.close();
  }

  /** Closes all connections to the proxy, also those it has not answered yet; the next request makes new ones. */
  close(): void {
    this.#isStuck = false;
    this.#closing.abort();
    this.#closing = new AbortController();
    this.#agent?.destroy();
    this.#agent = undefined;
  }
}

/** The agent package is loaded here, so that only who has a proxy pays for it. */
async function createAgent(proxy: URL, signal: AbortSignal): Promise<Agent> {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const agent = new HttpsProxyAgent(proxy, { keepAlive: true, signal });
  // The package would hand the proxy's refusal over as if the API had answered.
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }, request: ClientRequest) => {
    if (statusCode === 200) return;
    const code = `${proxyStatusPrefix}${statusCode}`;
    request.destroy(Object.assign(new Error('the proxy refuses to connect'), { code }));
  });
  return agent;
}
