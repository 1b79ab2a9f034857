/** Where an answer points instead of being one. */
import type { Headers } from 'node-fetch';

import type { HttpError } from '../errors.ts';
import { quotable } from './error-text.ts';
import { isLoginPath, redirectFailed, type Redirect, type Scene } from './failures.ts';

export const mostRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return redirectStatuses.has(status);
}

export function tooManyRedirects(scene: Scene): HttpError {
  return redirectFailed(scene, `redirects more than ${mostRedirects} times`, checkSubdomain);
}

const checkSubdomain = 'Check the subdomain.';

/**
 * Where a redirect within the origin leads; the token is sent nowhere else.
 * @throws HttpError when it leads to another host, or nowhere.
 */
export function follow(scene: Scene, url: URL, headers: Headers): URL {
  const advice = `The token was not sent there. ${checkSubdomain}`;
  const location = headers.get('location');
  if (location === null || !URL.canParse(location, url.href)) {
    throw redirectFailed(scene, 'redirects without saying where', advice);
  }
  const next = new URL(location, url);
  if (next.origin === url.origin) return next;
  // The query of the target may hold anything: only scheme and host are named.
  throw redirectFailed(scene, `redirects to ${next.protocol}//${next.host}`, advice);
}

/** A redirect to a login page, or to another folder of the host than the one that was asked. */
export function outside(
  path: string,
  { pathname }: URL,
  status: number,
  secrets: readonly string[],
): Redirect | undefined {
  const isInside = pathname.split('/')[1] === path.split('/')[1] && !isLoginPath(pathname);
  return isInside ? undefined : { status, to: quotable(pathname, secrets) };
}

/** A form is sent to no other path, which would be sent secrets with it. */
export function formRedirected(scene: Scene): HttpError {
  const advice = `Nothing was sent there. ${checkSubdomain}`;
  return redirectFailed(scene, 'redirects to another path', advice);
}
