import type { Agent, ClientRequest } from 'node:http';

import { getProxyForUrl } from 'proxy-from-env';

import { TapError } from '../errors.ts';

/** A way to the API through a proxy. */
export interface Tunnel {
  readonly agent: Agent;
  /** Closes all its connections, also those the proxy has not answered yet. */
  close(): void;
}

/** What an error's `code` begins with when the proxy answers CONNECT with a status that is no success. */
export const proxyRefusal = 'PROXY_ANSWERS_';

const proxyVariables: readonly string[] = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];

/**
 * The proxy process.env names for an origin (HTTPS_PROXY or ALL_PROXY in either case, unless NO_PROXY
 * excepts it); `undefined` for none. Plain http is for loopback only and takes no proxy.
 *
 * @throws TapError (config) when the proxy's address cannot be used; it is not quoted, since it may hold
 * a password.
 */
export function proxyOf(origin: string): URL | undefined {
  const found = origin.startsWith('https:') ? getProxyForUrl(origin) : '';
  if (found === '') return undefined;
  // The package gives an address without a scheme the scheme of the request; everybody else says http.
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

/** The agent package is loaded here, so that only who has a proxy pays for it. */
export async function openTunnel(proxy: URL): Promise<Tunnel> {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const closing = new AbortController();
  const agent = new HttpsProxyAgent(proxy, { keepAlive: true, signal: closing.signal });
  // The package would hand the proxy's refusal over as if the API had answered.
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }, request: ClientRequest) => {
    if (statusCode === 200) return;
    const code = `${proxyRefusal}${statusCode}`;
    request.destroy(Object.assign(new Error('the proxy refuses to connect'), { code }));
  });
  return {
    agent,
    close: () => {
      closing.abort();
      agent.destroy();
    },
  };
}
