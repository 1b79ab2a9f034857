/** The adapter is a leaf: whoever does not want it deletes it, and has a tap that builds. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

const top = fileURLToPath(new URL('../../', import.meta.url));
const adapter = join('src', 'airbyte');

/** Files that a file imports, by their path in the repository. */
async function importsOf(name: string): Promise<readonly string[]> {
  const text = await readFile(join(top, name), 'utf8');
  const relative = [...text.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g)];
  return relative.map(([, path = '']) => join(dirname(name), path));
}

test('Nothing but its own program imports the adapter', async () => {
  const names = await readdir(join(top, 'src'), { recursive: true });
  const others = names
    .map((name) => join('src', name))
    .filter((name) => name.endsWith('.ts') && !name.startsWith(adapter));
  const imports = await Promise.all(others.map(importsOf));
  expect(imports.flat().length).toBeGreaterThan(100);
  expect(
    others.filter((_name, index) => imports[index]?.some((at) => at.startsWith(adapter))),
  ).toEqual([]);
});
