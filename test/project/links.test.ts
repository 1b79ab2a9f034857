/** Relative links of all Markdown files lead to files and headings that exist, and the index names each page. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

test.each([
  { repository: 'github:acme/tap', code: 0, says: '' },
  {
    code: 1,
    says: 'Set repository in package.json: the registry needs it for the links in the README.\n',
  },
])('A package is published only with an address for its links: $repository', async (given) => {
  const { scripts } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'publish-'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ repository: given.repository }));
  const { status, stderr } = spawnSync('sh', ['-c', scripts.prepublishOnly], { cwd: folder });
  expect({ code: status, says: String(stderr) }).toEqual({ code: given.code, says: given.says });
  await rm(folder, { recursive: true });
});
