import { Readable } from 'node:stream';

import fetch, { type Headers, type Response } from 'node-fetch';

import type { Clock } from '../clock.ts';
import { codeOf, collectBody } from './body.ts';
import { openTunnel, proxyOf, type Tunnel } from './proxy.ts';

export interface WireOptions {
  readonly origin: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** For the headers, and again for each piece of the body. */
  readonly requestTimeoutMs: number;
  /** Larger bodies are not read to their end. */
  readonly maxBodyBytes: number;
}

/** What comes before a body. */
export interface Head {
  readonly status: number;
  readonly headers: Headers;
  /** When it was here, ms since 1970 by our clock. */
  readonly atMs: number;
}

/** What one request brought, whole or not. */
export interface Arrival {
  /** `undefined` when not even the headers came. */
  readonly head: Head | undefined;
  /** As it came over the wire; `undefined` when it is too large or broke off. */
  readonly body: Buffer | undefined;
  /** Bytes of the body that came. */
  readonly bytes: number;
  /** What broke it off. */
  readonly broken: { readonly isTimeout: boolean; readonly cause: unknown } | undefined;
}

/** The connection to the one origin: directly, or through the proxy the environment names. */
export interface Wire {
  /** Who is connected with, for messages. A proxy's user name and password are not part of it. */
  readonly peer: string;
  /**
   * One GET; redirects are handed over, not followed. What goes wrong on the way is a value.
   *
   * @throws the signal's reason when the run is stopped.
   */
  get(url: URL, headers: Readonly<Record<string, string>>): Promise<Arrival>;
}

/** A page that explains an error is no longer than this, or not worth reading. */
const maxErrorBytes = 64 * 1024;

/** @throws TapError (config) when the proxy of the environment cannot be used. */
export function createWire(options: WireOptions): Wire {
  const proxy = proxyOf(options.origin);
  const tunnels = createTunnels(proxy, options.signal);
  const { host } = new URL(options.origin);
  return {
    peer: proxy === undefined ? host : `${host} through the proxy ${proxy.host}`,
    async get(url, headers) {
      const tunnel = await tunnels.current();
      options.signal.throwIfAborted();
      const arrival = await receive(options, url, headers, tunnel);
      // A proxy that keeps silent would keep its connection, and with it the process.
      if (arrival.head === undefined && arrival.broken?.isTimeout === true) tunnels.drop();
      return arrival;
    },
  };
}

function createTunnels(proxy: URL | undefined, signal: AbortSignal) {
  let tunnel: Tunnel | undefined;
  const drop = (): void => {
    tunnel?.close();
    tunnel = undefined;
  };
  if (proxy !== undefined) signal.addEventListener('abort', drop, { once: true });
  return {
    drop,
    async current(): Promise<Tunnel | undefined> {
      if (proxy !== undefined) tunnel ??= await openTunnel(proxy);
      return tunnel;
    },
  };
}

async function receive(
  options: WireOptions,
  url: URL,
  headers: Readonly<Record<string, string>>,
  tunnel: Tunnel | undefined,
): Promise<Arrival> {
  const limit = startTimeLimit(options);
  let response: Response | undefined;
  let atMs = 0;
  let body: Buffer | undefined;
  let bytes = 0;
  let broken: Arrival['broken'];
  try {
    response = await fetch(url, {
      headers,
      redirect: 'manual',
      // Inflating the whole body at once is cheaper, and only so a body cut in half is noticed.
      compress: false,
      signal: limit.signal,
      ...(tunnel === undefined ? {} : { agent: tunnel.agent }),
    });
    atMs = options.clock.now();
    limit.renew();
    body = await collectBody(response.body ?? Readable.from([]), {
      maxBytes: response.ok ? options.maxBodyBytes : maxErrorBytes,
      onBytes: (count) => {
        limit.renew();
        bytes += count;
      },
    });
  } catch (error) {
    // FetchError, AbortError and errors of Node with a code; anything else is a fault of ours.
    options.signal.throwIfAborted();
    const isKnown = limit.isOver() || response !== undefined || isNetworkError(error);
    if (!isKnown) throw error;
    broken = { isTimeout: limit.isOver(), cause: error };
  } finally {
    limit.end();
  }
  const head = response && { status: response.status, headers: response.headers, atMs };
  return { head, body, bytes, broken };
}

function isNetworkError(error: unknown): boolean {
  return codeOf(error) !== '' || (error instanceof Error && error.name === 'FetchError');
}

/** A signal for one request: the run's, or the end of a time that is renewed while bytes come. */
function startTimeLimit({ signal, clock, requestTimeoutMs }: WireOptions) {
  const controller = new AbortController();
  let isOver = false;
  const timer = clock.timer(requestTimeoutMs, () => {
    isOver = true;
    controller.abort();
  });
  const stop = (): void => controller.abort();
  signal.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    isOver: () => isOver,
    renew: timer.refresh,
    end: () => {
      timer.clear();
      signal.removeEventListener('abort', stop);
    },
  };
}
