import { expect, test } from '@jest/globals';

import type { JsonObject } from '../../../src/core/json.ts';
import { splitArray, splitPages } from '../../../src/zendesk/split-pages.ts';
import type { Page } from '../../../src/zendesk/stream-definition.ts';
import { readAll, scriptedApi } from '../../support/scripted-api.ts';

const split = splitArray('parts', ({ id = null }, position) => ({ of: id, position }));

function chatOf(id: string, count: number): JsonObject {
  return { id, parts: Array.from({ length: count }, () => ({})) };
}

async function partsOf(page: Page): Promise<readonly Page[]> {
  const source = splitPages(
    {
      pages: () =>
        async function* pages() {
          yield page;
        },
      probe: async () => page,
    },
    split,
  );
  const { pages } = await readAll(source.pages, { api: scriptedApi([]), settings: {} });
  return pages;
}

test('a page with many parts is divided between items, and the checkpoint is in the last one', async () => {
  const items = [chatOf('a', 999), chatOf('b', 150_000), chatOf('c', 1), chatOf('d', 0)];
  const pages = await partsOf({
    items,
    fetchedMs: 5,
    startsAt: 'start_time 1',
    checkpoint: { x: 1 },
  });
  expect(pages.map((page) => [page.items.length, page.checkpoint])).toEqual([
    [150_999, undefined],
    [1, { x: 1 }],
  ]);
  expect(pages[1]).toMatchObject({ fetchedMs: 5, startsAt: 'start_time 1' });
  expect(pages[1]?.items).toEqual([{ of: 'c', position: 0 }]);
});

test('a page without parts keeps its checkpoint', async () => {
  const pages = await partsOf({ items: [chatOf('a', 0)], fetchedMs: 5, checkpoint: { x: 1 } });
  expect(pages.map(({ items, checkpoint }) => [items, checkpoint])).toEqual([[[], { x: 1 }]]);
});

test('the parts of a bad item are bad', async () => {
  const [good, bad] = [chatOf('a', 1), chatOf('b', 2)];
  const [page] = await partsOf({ items: [good, bad], badItems: new Set([bad]), fetchedMs: 5 });
  expect([...(page?.badItems ?? [])]).toEqual(page?.items.slice(1));
});
