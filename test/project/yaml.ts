import { createRequire } from 'node:module';

import type { Json } from '../../src/core/json.ts';

/** Reads YAML, with the parser that jest itself brings along. Throws for what is none. */
export function parseYaml(text: string): Json {
  const yaml: { load(text: string): Json } = createRequire(import.meta.url)('js-yaml');
  return yaml.load(text);
}
