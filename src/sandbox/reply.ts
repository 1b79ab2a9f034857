/** An answer before it goes over the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In pieces, made while they are encoded: a page is never held as text. May be gone through more than once. */
  readonly body: Iterable<string>;
  /** Items of the resource in the body. */
  readonly items: number;
  /** Their ids, where items have one. */
  readonly ids: readonly string[];
}

export const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' };
export const htmlHeaders = { 'content-type': 'text/html; charset=utf-8' };

/** A page of a gateway, as it comes instead of JSON. */
export const htmlPage =
  '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>' +
  '<body><center><h1>502 Bad Gateway</h1></center></body></html>\n';

/** 200 with a JSON body. */
export function okReply(
  body: Iterable<string>,
  ids: readonly string[],
  items: number = ids.length,
): Reply {
  return { status: 200, headers: jsonHeaders, body, items, ids };
}

const wordsOf: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/**
 * A refusal. The API has no single shape for these: 401 is known to carry `error` and `description`, 404 to carry
 * `error` only; the rest is a guess.
 */
export function refusal(status: number, description?: string): Reply {
  const error = wordsOf[status] ?? `Status ${status}`;
  const text = JSON.stringify(description === undefined ? { error } : { error, description });
  return { status, headers: jsonHeaders, body: [text], items: 0, ids: [] };
}

/** The answer to a token that is missing, wrong or lacks a scope. */
export function unauthorized(): Reply {
  return refusal(401, 'The access token is missing, expired or was not issued for this account.');
}

/** The body as one text. */
export function bodyText({ body }: Reply): string {
  return [...body].join('');
}
