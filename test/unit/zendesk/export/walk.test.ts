import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../../../src/core/json.ts';
import { seconds } from '../../../../src/zendesk/export/bookmark.ts';
import type { ExportResponse } from '../../../../src/zendesk/export/response.ts';
import { createWalk, type ExportRequest } from '../../../../src/zendesk/export/walk.ts';

/** An item of one letter and its second, `a5`; the letter is its id. */
function answerOf(limit: number, ...items: readonly string[]): ExportResponse {
  const objects = items.map((text): JsonObject => ({ id: text.slice(0, 1), text }));
  const last = items.at(-1);
  const position = last && { time: Number(last.slice(1)), endId: last.slice(0, 1) };
  return { items: objects, end: position || undefined, limit };
}

interface Walked {
  readonly read: readonly unknown[];
  readonly asked: readonly string[];
}

/** Walks over these answers in their order; `asked`: kind, time and id of each question. */
function walkOver(answers: readonly ExportResponse[]): Walked {
  const walk = createWalk({
    start: { time: 1, startId: null },
    unit: seconds,
    replicationKey: 'at',
    isImmutable: true,
    idOf: (item) => (typeof item['id'] === 'string' ? item['id'] : undefined),
    identify: (item) => JSON.stringify(item),
    head: () => 100,
  });
  const read: unknown[] = [];
  const asked: string[] = [];
  let question: ExportRequest | undefined = walk.first;
  for (const answer of answers) {
    if (question === undefined) break;
    asked.push([question.kind, question.time, question.startId ?? []].flat().join(' '));
    const step = walk.advance(question, answer);
    read.push(...step.newItems.map((item) => item['text']));
    question = step.next;
  }
  if (question !== undefined) asked.push('...');
  return { read, asked };
}

const none = answerOf(9);

test('what ties with items that never move is read, though the page goes on behind it', () => {
  const full = answerOf(2, 'a5', 'b5');
  const { read, asked } = walkOver([full, full, answerOf(2, 'c5', 'd6'), answerOf(2, 'd6')]);
  expect(read).toEqual(['a5', 'b5', 'c5', 'd6']);
  expect(asked).toEqual(['regular 1', 'regular 5', 'ties 5 b', 'regular 6', '...']);
});

test('an account is not taken for empty because its first pages are', () => {
  const { read, asked } = walkOver([none, none, answerOf(9, 'a5')]);
  expect(read).toEqual(['a5']);
  expect(asked.slice(0, 3)).toEqual(['regular 1', 'beyond 2', 'regular 1']);
});

test('an export that has nothing is believed to have nothing after four answers', () => {
  const { read, asked } = walkOver([none, none, none, none]);
  expect(read).toEqual([]);
  expect(asked).toEqual(['regular 1', 'beyond 2', 'regular 1', 'beyond 2']);
});

test('a full page that came before is asked for again, and not taken for ties without end', () => {
  const page = answerOf(2, 'a4', 'b5');
  const { read } = walkOver([page, page, page, answerOf(2, 'b5', 'c6')]);
  expect(read).toEqual(['a4', 'b5', 'c6']);
});

test('ties of several items are not taken for complete because one page behind them is empty', () => {
  const ties = answerOf(9, 'a5', 'b5');
  const { read, asked } = walkOver([ties, ties, none, answerOf(9, 'b5', 'c5')]);
  expect(read).toEqual(['a5', 'b5', 'c5']);
  expect(asked.slice(1, 4)).toEqual(['regular 5', 'ties 5 b', 'before 5 a']);
});

test('an id that a page holds twice does not make the questions before it go on for ever', () => {
  const page = answerOf(9, 'a5', 'b5', 'c5', 'b5', 'a5');
  const answers = Array<ExportResponse>(30).fill(none);
  const { asked } = walkOver([page, page, ...answers]);
  expect(asked.length).toBeLessThan(15);
  expect(asked).not.toContain('...');
});

test('an empty answer to an id before does not stand in for the second empty page beyond', () => {
  const page = answerOf(9, 'a5', 'b5');
  const answers = [page, page, none, none, none, answerOf(9, 'c7'), answerOf(9, 'b5', 'c7')];
  const { read, asked } = walkOver(answers);
  expect(asked.slice(2, 6)).toEqual(['ties 5 b', 'before 5 a', 'beyond 6', 'beyond 6']);
  expect(read).toEqual(['a5', 'b5', 'c7']);
});
