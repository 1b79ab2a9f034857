import type { Agent, ClientRequest } from 'node:http';
import { isIP } from 'node:net';

import { getProxyForUrl } from 'proxy-from-env';

import { TapError } from '../core/errors.ts';

/** Prefix of the error code if the proxy responds to CONNECT with an error status. */
export const proxyStatusPrefix = 'PROXY_ANSWERS_';

const proxyVariables: readonly string[] = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];

/**
 * The proxy for an origin in process.env: HTTPS_PROXY or ALL_PROXY in upper or lower case, unless NO_PROXY excludes the
 * origin. Returns `undefined` if there is none. Plain http is only used on loopback, without a proxy.
 * @throws TapError (config) for an invalid address, which is not quoted because it may contain a password.
 */
export function proxyFor(origin: string): URL | undefined {
  const found = origin.startsWith('https:') ? addressFor(new URL(origin)) : '';
  if (found === '') return undefined;
  // For an address without a scheme, the package uses the scheme of the request. Other programs use http.
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

/** In other programs, `example.com` in NO_PROXY includes its subdomains. The package only excludes the host itself. */
function addressFor({ protocol, hostname, port }: URL): string {
  const labels = isIP(hostname.replaceAll(/[[\]]/g, '')) === 0 ? hostname.split('.') : [hostname];
  const hosts = labels.map((_, index) => labels.slice(index).join('.'));
  const addresses = hosts.map((host) => getProxyForUrl(`${protocol}//${host}:${port}`));
  return addresses.includes('') ? '' : (addresses[0] ?? '');
}

/** Hosts for messages, without the proxy's user name and password. */
export interface Peer {
  /** `host:port` of the API. */
  readonly host: string;
  /** `host:port` of the proxy; `undefined` without a proxy. */
  readonly proxyHost: string | undefined;
}

/** The connection to an origin, direct or through the proxy in the environment. */
export class Connection implements Peer {
  readonly host: string;
  readonly proxyHost: string | undefined;
  readonly #proxy: URL | undefined;
  #agent: Agent | undefined;
  #closing = new AbortController();
  #requests = 0;
  #isStuck = false;

  /** @param signal Closes the connection. @throws TapError (config) for an invalid proxy in the environment. */
  constructor(origin: string, signal?: AbortSignal) {
    this.host = new URL(origin).host;
    this.#proxy = proxyFor(origin);
    this.proxyHost = this.#proxy?.host;
    signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** The agent of the proxy; `undefined` without a proxy. */
  async agent(): Promise<Agent | undefined> {
    if (this.#proxy === undefined) return undefined;
    return (this.#agent ??= await createAgent(this.#proxy, this.#closing.signal));
  }

  /** Counts a request that uses the connection. */
  acquire(): void {
    this.#requests += 1;
  }

  /**
   * Called after the request has ended.
   * @param isStuck The socket may stay open and keep the process alive. Closes all sockets when no request uses them.
   */
  release(isStuck: boolean): void {
    this.#requests -= 1;
    this.#isStuck ||= isStuck;
    if (this.#isStuck && this.#requests === 0) this.close();
  }

  /** Closes all sockets to the proxy, including pending ones. The next request opens a new one. */
  close(): void {
    this.#isStuck = false;
    this.#closing.abort();
    this.#closing = new AbortController();
    this.#agent?.destroy();
    this.#agent = undefined;
  }
}

/** Loads the agent package only if there is a proxy. */
async function createAgent(proxy: URL, signal: AbortSignal): Promise<Agent> {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const agent = new HttpsProxyAgent(proxy, { keepAlive: true, signal });
  // Without this, the package returns the proxy's error response as the API's response.
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }, request: ClientRequest) => {
    if (statusCode === 200) return;
    const code = `${proxyStatusPrefix}${statusCode}`;
    request.destroy(Object.assign(new Error('the proxy refuses to connect'), { code }));
  });
  return agent;
}
