declare module 'proxy-from-env' {
  /** The proxy for a URL as *_PROXY and NO_PROXY of process.env say; '' when there is none. */
  export function getProxyForUrl(url: string): string;
}
