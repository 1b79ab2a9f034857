declare module 'proxy-from-env' {
  /** The proxy for a URL from *_PROXY and NO_PROXY in process.env; '' if there is none. */
  export function getProxyForUrl(url: string): string;
}
