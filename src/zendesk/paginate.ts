import { setImmediate as oneTurn } from 'node:timers/promises';

import type { Page } from './stream-definition.ts';

export interface Paginator<PageRequest, PageResponse> {
  readonly first: PageRequest;
  fetchPage(request: PageRequest): Promise<PageResponse>;
  /** What the answer brings and what to request next; no `next`: the end. */
  advance(
    request: PageRequest,
    response: PageResponse,
  ): { page?: Page | undefined; next?: PageRequest | undefined };
  /** Nothing more is fetched. */
  close?(): void;
}

/**
 * Reads pages one ahead: the next request is under way while a page is being written. No more than
 * that: the page after the next is asked for when this one has been taken.
 */
export async function* paginate<PageRequest, PageResponse>(
  paginator: Paginator<PageRequest, PageResponse>,
): AsyncGenerator<Page, void, undefined> {
  try {
    let request: PageRequest | undefined = paginator.first;
    let pending = paginator.fetchPage(request);
    while (request !== undefined) {
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
