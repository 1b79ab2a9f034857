/** Relative links of all Markdown files lead to files and headings that exist, and the index names each page. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { readDocument, readDocuments } from './documents.ts';
import { anchorsOf, linksOf } from './markdown.ts';

const root = new URL('../../', import.meta.url);

test('No link is dead', async () => {
  const others = ['CONTRIBUTING.md', 'CHANGELOG.md'].map(readDocument);
  const documents = [...(await readDocuments()), ...(await Promise.all(others))];
  const anchors = new Map(
    documents.map(({ path, text }) => [new URL(path, root).href, anchorsOf(text)]),
  );
  const isDead = (link: string, path: string): boolean => {
    const { protocol, href, hash } = new URL(link, new URL(path, root));
    if (protocol !== 'file:') return false;
    const file = href.slice(0, href.length - hash.length);
    return !existsSync(new URL(file)) || (hash !== '' && !anchors.get(file)?.has(hash));
  };
  const dead = documents.flatMap(({ path, text }) =>
    linksOf(text)
      .filter((link) => isDead(link, path))
      .map((link) => `${path}: ${link}`),
  );
  expect(dead).toEqual([]);
});

test('The index names each page', async () => {
  const named = (await readDocuments()).map(({ path }) => path);
  const files = await readdir(new URL('docs/', root));
  const pages = files.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  expect(named).toEqual(expect.arrayContaining(pages));
});
