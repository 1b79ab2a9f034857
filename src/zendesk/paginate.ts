import { setImmediate as oneTurn } from 'node:timers/promises';

import type { Page } from './stream-definition.ts';

/** How an endpoint is read page by page. */
export interface PageWalk<Question, Answer> {
  readonly first: Question;
  ask(question: Question): Promise<Answer>;
  /** What the answer brings and what to ask next; no `next`: the end. */
  take(
    question: Question,
    answer: Answer,
  ): { page?: Page | undefined; next?: Question | undefined };
}

/**
 * Reads pages one ahead: the next request is under way while a page is being written. No more than
 * that: the page after the next is asked for when this one has been taken.
 */
export async function* walkPages<Question, Answer>(
  walk: PageWalk<Question, Answer>,
): AsyncGenerator<Page, void, undefined> {
  let question: Question | undefined = walk.first;
  let pending = walk.ask(question);
  while (question !== undefined) {
    const answer = await pending;
    const { page, next }: ReturnType<typeof walk.take> = walk.take(question, answer);
    if (next !== undefined) {
      pending = walk.ask(next);
      // Its failure is met when it is awaited, after the page in hand; nobody may be left to do so.
      pending.catch(() => undefined);
      // The request reaches the socket only when the event loop turns.
      await oneTurn();
    }
    if (page !== undefined) yield page;
    question = next;
  }
}
