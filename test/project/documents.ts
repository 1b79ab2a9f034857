import { readFile } from 'node:fs/promises';

import { blocksOf, type Block } from './markdown.ts';

const root = new URL('../../', import.meta.url);

/** A Markdown file of the documentation. */
export interface Document {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

export async function readDocument(path: string): Promise<Document> {
  return { path, text: await readFile(new URL(path, root), 'utf8') };
}

/** The README, the index of `docs/` and its pages, in the order of the index. */
export async function readDocuments(): Promise<readonly Document[]> {
  const index = await readDocument('docs/README.md');
  const pages = Array.from(
    index.text.matchAll(/\]\(([\w-]+\.md)\)/g),
    ([, name]) => `docs/${name}`,
  );
  const paths = new Set(['README.md', index.path, ...pages]);
  return Promise.all([...paths].map((path) => readDocument(path)));
}

/** The blocks of a document in one language. */
export function blocksIn({ text }: Document, language: string): readonly Block[] {
  return blocksOf(text).filter((block) => block.language === language);
}
