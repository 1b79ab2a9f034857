import { setImmediate as oneTurn } from 'node:timers/promises';

import type { Page } from './stream-definition.ts';

export interface Paginator<PageRequest, PageResponse> {
  readonly first: PageRequest;
  fetchPage(request: PageRequest): Promise<PageResponse>;
  /** The page of a response and the next request. No `next` means the end. */
  advance(
    request: PageRequest,
    response: PageResponse,
  ): { page?: Page | undefined; next?: PageRequest | undefined };
  /** Called when the response to the last request is needed at once. */
  take?(): void;
  /** Cancels pending requests. */
  close?(): void;
}

/**
 * Reads one page ahead: the next page is requested while the current one is being written. The page after that is
 * requested only after the current one was consumed.
 */
export async function* paginate<PageRequest, PageResponse>(
  paginator: Paginator<PageRequest, PageResponse>,
): AsyncGenerator<Page, void, undefined> {
  try {
    let request: PageRequest | undefined = paginator.first;
    let pending = paginator.fetchPage(request);
    while (request !== undefined) {
      paginator.take?.();
      const response = await pending;
      const step: ReturnType<typeof paginator.advance> = paginator.advance(request, response);
      const { page, next } = step;
      if (next !== undefined) {
        pending = paginator.fetchPage(next);
        // Its failure is met when it is awaited, after the current page; nothing may be left to do so.
        pending.catch(() => undefined);
        // The request reaches the socket only when the event loop turns.
        await oneTurn();
      }
      if (page !== undefined) yield page;
      request = next;
    }
  } finally {
    paginator.close?.();
  }
}
