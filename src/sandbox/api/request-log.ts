import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FaultKind } from '../faults/fault-rules.ts';
import type { Query } from './query.ts';

/** One request to the API, as it was received and answered. */
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
  /** When it came, ms since 1970 by the sandbox's `clock`; without one by the machine's. */
  readonly at: number;
  /** When the sandbox was done with it, also by a fault; null while it is not. */
  doneAt: number | null;
  /** null: none was sent. */
  status: number | null;
  /** Items in the body, as far as the body went out whole. */
  items: number;
  fault: FaultKind | null;
}

/** What is known of a request when it comes. */
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
