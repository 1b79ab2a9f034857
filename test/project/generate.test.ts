/** Generated files are up to date. */
import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { generatedFiles } from '../../src/build/generated-files.ts';
import { configTable, replaceSections, streamTable } from '../../src/build/documentation-tables.ts';
import { streams } from '../../src/zendesk/streams.ts';

const root = new URL('../../', import.meta.url);

test('Generated files are up to date; otherwise run npm run generate', async () => {
  const files = await generatedFiles(root);
  for (const { path, text } of files)
    expect(await readFile(new URL(path, root), 'utf8')).toBe(text);
  expect(files.map(({ path }) => path)).toEqual([
    'README.md',
    'docs/configuration.md',
    'docs/streams.md',
    'docs/airbyte.md',
    'catalog.sample.json',
    'meltano.plugin.yml',
    'meltano.hub.yml',
  ]);
});

test('A stream that is off by default says how to get it', () => {
  const [first] = streams;
  const off = first && { ...first, isDefault: false };
  const table = streamTable(off ? [{ ...off, schema: {} }] : []);
  expect(table).toContain('one record. Only if `extra_streams` names it |');
});

test('A bar in a description does not end the cell', () => {
  const schema = { required: ['a'], properties: { a: { description: 'x|y' }, b: { default: 5 } } };
  expect(configTable(schema)).toBe(
    '| Key | Meaning | Default |\n| --- | --- | --- |\n| `a` | x\\|y | **required** |\n| `b` |  | `5` |',
  );
});

test('Names of settings and accepted values in a description are code', () => {
  const a_b = { description: 'warn skips; see a_b', enum: ['warn'] };
  expect(configTable({ properties: { a_b } })).toContain('| `warn` skips; see `a_b` |');
});

test('A section without a place, and a place without a section, are mistakes', () => {
  const document = '<!-- generated: a -->\nold\n<!-- end -->\n';
  expect(replaceSections(document, { a: 'new' })).toBe(
    '<!-- generated: a -->\n\nnew\n\n<!-- end -->\n',
  );
  expect(() => replaceSections(document, { a: 'new', b: 'more' })).toThrow('lacks the section b');
  expect(() => replaceSections(document, {})).toThrow('no generated section is called "a"');
});
