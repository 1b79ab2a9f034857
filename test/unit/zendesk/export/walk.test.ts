import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../../../src/core/json.ts';
import { seconds } from '../../../../src/zendesk/export/bookmark.ts';
import type { ExportResponse } from '../../../../src/zendesk/export/response.ts';
import { createWalk, type ExportRequest } from '../../../../src/zendesk/export/walk.ts';

/** An item of one letter and its second, `a5`; the letter is its id. */
function responseOf(limit: number, ...items: readonly string[]): ExportResponse {
  const objects = items.map((text): JsonObject => ({ id: text.slice(0, 1), text }));
  const last = items.at(-1);
  const position = last && { time: Number(last.slice(1)), endId: last.slice(0, 1) };
  return { items: objects, end: position || undefined, limit };
}

interface Walked {
  readonly read: readonly unknown[];
  readonly requests: readonly string[];
}

/** Walks over these responses in their order; `requests`: kind, time and id of each request. */
function walkOver(responses: readonly ExportResponse[]): Walked {
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
  const requests: string[] = [];
  let request: ExportRequest | undefined = walk.first;
  for (const response of responses) {
    if (request === undefined) break;
    requests.push([request.kind, request.time, request.startId ?? []].flat().join(' '));
    const result = walk.advance(request, response);
    read.push(...result.newItems.map((item) => item['text']));
    request = result.next;
  }
  if (request !== undefined) requests.push('...');
  return { read, requests };
}

const none = responseOf(9);

test('ties of items that never move are read although the page continues after them', () => {
  const full = responseOf(2, 'a5', 'b5');
  const { read, requests } = walkOver([full, full, responseOf(2, 'c5', 'd6'), responseOf(2, 'd6')]);
  expect(read).toEqual(['a5', 'b5', 'c5', 'd6']);
  expect(requests).toEqual(['regular 1', 'regular 5', 'ties 5 b', 'regular 6', '...']);
});

test('an account does not count as empty because its first pages are empty', () => {
  const { read, requests } = walkOver([none, none, responseOf(9, 'a5')]);
  expect(read).toEqual(['a5']);
  expect(requests.slice(0, 3)).toEqual(['regular 1', 'beyond 2', 'regular 1']);
});

test('an empty export counts as empty after four responses', () => {
  const { read, requests } = walkOver([none, none, none, none]);
  expect(read).toEqual([]);
  expect(requests).toEqual(['regular 1', 'beyond 2', 'regular 1', 'beyond 2']);
});

test('a full page that was already read is requested again and does not count as endless ties', () => {
  const page = responseOf(2, 'a4', 'b5');
  const { read } = walkOver([page, page, page, responseOf(2, 'b5', 'c6')]);
  expect(read).toEqual(['a4', 'b5', 'c6']);
});

test('ties of several items do not count as complete because one page after them is empty', () => {
  const ties = responseOf(9, 'a5', 'b5');
  const { read, requests } = walkOver([ties, ties, none, responseOf(9, 'b5', 'c5')]);
  expect(read).toEqual(['a5', 'b5', 'c5']);
  expect(requests.slice(1, 4)).toEqual(['regular 5', 'ties 5 b', 'before 5 a']);
});

test('an id that occurs twice in a page does not cause endless requests with earlier ids', () => {
  const page = responseOf(9, 'a5', 'b5', 'c5', 'b5', 'a5');
  const responses = Array<ExportResponse>(30).fill(none);
  const { requests } = walkOver([page, page, ...responses]);
  expect(requests.length).toBeLessThan(15);
  expect(requests).not.toContain('...');
});

test('an empty response to an earlier id does not count as the second empty page beyond', () => {
  const page = responseOf(9, 'a5', 'b5');
  const responses = [page, page, none, none, none, responseOf(9, 'c7'), responseOf(9, 'b5', 'c7')];
  const { read, requests } = walkOver(responses);
  expect(requests.slice(2, 6)).toEqual(['ties 5 b', 'before 5 a', 'beyond 6', 'beyond 6']);
  expect(read).toEqual(['a5', 'b5', 'c7']);
});
