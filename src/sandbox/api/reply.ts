import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';

/** An answer before it goes over the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
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
export function okReply(body: string, ids: readonly string[] = [], items = ids.length): Reply {
  return { status: 200, headers: jsonHeaders, body, items, ids };
}

/** What is wrong. The API has no one shape for it: 401 has `error` and `description`, 404 `error`; the rest is a guess. */
export function errorReply(status: number, description?: string): Reply {
  const error = STATUS_CODES[status] ?? `Status ${status}`;
  return { ...okReply(JSON.stringify({ error, description })), status };
}

/** The answer to a token that is missing, wrong or lacks a scope. */
export function unauthorized(): Reply {
  const description = 'The access token is missing, expired or was not issued for this account.';
  return errorReply(401, description);
}

/** Answers a request: of the API, of the authorize page, or a control call. */
export type RequestListener = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  url: URL,
) => Promise<void>;
