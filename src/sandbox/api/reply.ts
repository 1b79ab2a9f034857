import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';

/** A response before it is encoded. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Number of items in the body. */
  readonly items: number;
  /** The ids of the items, if they have ids. */
  readonly ids: readonly string[];
}

export const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' };
export const htmlHeaders = { 'content-type': 'text/html; charset=utf-8' };

/** An HTML error page, as gateways send it instead of JSON. */
export const htmlPage =
  '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>' +
  '<body><center><h1>502 Bad Gateway</h1></center></body></html>\n';

/** 200 with a JSON body. */
export function okReply(body: string, ids: readonly string[] = [], items = ids.length): Reply {
  return { status: 200, headers: jsonHeaders, body, items, ids };
}

/** An error response. In the API, 401 has `error` and `description`, 404 has `error`; the others are a guess. */
export function errorReply(status: number, description?: string): Reply {
  const error = STATUS_CODES[status] ?? `Status ${status}`;
  return { ...okReply(JSON.stringify({ error, description })), status };
}

/** The response to a missing or invalid token, or one without the required scope. */
export function unauthorized(): Reply {
  const description = 'The access token is missing, expired or was not issued for this account.';
  return errorReply(401, description);
}

/** Handles a request to the API, to the consent page, or a control call. */
export type RequestListener = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  url: URL,
) => Promise<void>;
