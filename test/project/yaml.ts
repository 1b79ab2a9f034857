import { createRequire } from 'node:module';

import type { Json } from '../../src/core/json.ts';

/** Parses YAML with the parser that jest depends on. @throws for invalid YAML */
export function parseYaml(text: string): Json {
  const yaml: { load(text: string): Json } = createRequire(import.meta.url)('js-yaml');
  return yaml.load(text);
}
