import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FaultKind } from '../faults/fault-rules.ts';
import type { Query } from './query.ts';

/** A request to the API and its response. */
export interface LoggedRequest {
  /** Counted from 1 since the sandbox started. */
  readonly number: number;
  readonly method: string;
  /** Without the query: `/api/v2/chat/incremental/chats`. */
  readonly path: string;
  readonly query: Query;
  /** Without `authorization`. */
  readonly headers: IncomingHttpHeaders;
  readonly isAuthorized: boolean;
  readonly userAgent: string;
  /** When it arrived, in ms since 1970, by the option `clock` or the system clock. */
  readonly at: number;
  /** When the sandbox finished it, with a response or a fault; null until then. */
  doneAt: number | null;
  /** null if no status was sent. */
  status: number | null;
  /** Number of items in the body; 0 if the body was not sent completely. */
  items: number;
  fault: FaultKind | null;
}

/** The log entry of a request that has just arrived. */
export function createLogEntry(
  incoming: IncomingMessage,
  seen: Pick<LoggedRequest, 'number' | 'path' | 'query' | 'isAuthorized' | 'at'>,
): LoggedRequest {
  const { authorization: _secret, ...headers } = incoming.headers;
  return {
    ...seen,
    method: incoming.method ?? 'GET',
    headers,
    userAgent: headers['user-agent'] ?? '',
    doneAt: null,
    status: null,
    items: 0,
    fault: null,
  };
}
