import { isRedirect, type Response } from 'node-fetch';

import type { HttpError, HttpErrorOptions } from '../core/errors.ts';
import { foreign } from '../core/foreign-text.ts';
import { toQuotable } from './error-body.ts';
import { createHttpError } from './http-errors.ts';
import type { Redact } from './options.ts';

export const maxRedirects = 5;
const checkSubdomainAdvice = 'Check the subdomain.';

/** A redirect within the origin. */
export interface Redirect {
  readonly status: number;
  readonly url: URL;
}

/**
 * Returns the target of a redirect, or `undefined` for any other response. The token is never sent to another host.
 * @throws HttpError for a redirect to another host or without a target.
 */
export function readRedirect({ status, headers }: Response, requestUrl: URL): Redirect | undefined {
  if (!isRedirect(status)) return undefined;
  const advice = `The token was not sent there. ${checkSubdomainAdvice}`;
  const location = headers.get('location');
  if (location === null || !URL.canParse(location, requestUrl.href)) {
    throw createHttpError('redirect', 'redirects without a valid target', advice);
  }
  const url = new URL(location, requestUrl);
  if (url.origin === requestUrl.origin) return { status, url };
  // Name only scheme and host, because the query may contain anything.
  throw createHttpError(
    'redirect',
    `redirects to ${foreign(`${url.protocol}//${url.host}`)}`,
    advice,
  );
}

export function tooManyRedirectsError(): HttpError {
  const why = `redirects more than ${maxRedirects} times`;
  return createHttpError('redirect', why, checkSubdomainAdvice);
}

/** A form is not sent to another path, because it contains secrets. */
export function formRedirectError(path: string): HttpError {
  const advice = `Nothing was sent there. ${checkSubdomainAdvice}`;
  return createHttpError('redirect', 'redirects to another path', advice, { path });
}

/** Zendesk uses `/access/login` and `/access/unauthenticated`. */
const loginPath = /log-?in|sign-?in|unauthenticated|sso\b|saml/i;

/**
 * Explains a failure after a redirect to a login page or to another folder of the host. The status then belongs to that
 * page and not to the requested resource.
 */
export function explainAfterRedirect(
  { why, kind, failure }: HttpError,
  path: string,
  { status, url: { pathname } }: Redirect,
  redact: Redact,
): Partial<HttpErrorOptions> {
  const isLogin = loginPath.test(pathname);
  if (!isLogin && pathname.split('/')[1] === path.split('/')[1]) return {};
  const to = toQuotable(pathname, redact);
  const redirects = `redirects to ${to}, which ${why}`;
  if (kind === 'transient' && !(isLogin && failure === 'not-json')) return { why: redirects };
  const final = { status, failure: 'redirect', kind: 'config' } as const;
  if (!isLogin) return { ...final, why: redirects, advice: checkSubdomainAdvice };
  const advice =
    'This usually means that the access token is not accepted, or that the account is suspended or admits ' +
    'only single sign-on or certain addresses: check the subdomain and the token, and log in there with a browser.';
  return { ...final, why: `redirects to a login page (${to})`, advice };
}
