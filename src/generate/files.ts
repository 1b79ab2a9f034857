import { readFile, writeFile } from 'node:fs/promises';

import { describeProgram, describeStreams } from '../describe.ts';
import { readConfigSchema } from '../config.ts';
import { catalogText, discoverCatalog, sampleCatalog } from '../singer/catalog.ts';
import { streams } from '../zendesk/streams.ts';
import { hubDefinition, pluginDefinition, yamlOf } from './meltano.ts';
import {
  airbyteStreamTable,
  configTable,
  deprecatedList,
  fillSections,
  streamTable,
} from './tables.ts';

interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

async function generatedFiles(root: URL): Promise<readonly GeneratedFile[]> {
  const config = readConfigSchema();
  const schemas = new Map(describeStreams('all').map(({ name, schema }) => [name, schema]));
  const described = streams.map((definition) => ({
    definition,
    schema: schemas.get(definition.name) ?? {},
  }));
  const readme = await readFile(new URL('README.md', root), 'utf8');
  const sections = {
    config: configTable(config),
    'config-deprecated': deprecatedList(config),
    streams: streamTable(described, config),
    'airbyte-streams': airbyteStreamTable(streams),
  };
  const { description } = describeProgram();
  const plugin = pluginDefinition(description, config);
  return [
    { path: 'README.md', text: fillSections(readme, sections) },
    {
      path: 'catalog.sample.json',
      text: catalogText(sampleCatalog(discoverCatalog(describeStreams([])))),
    },
    { path: 'meltano.plugin.yml', text: yamlOf(plugin) },
    { path: 'meltano.hub.yml', text: yamlOf(hubDefinition(plugin)) },
  ];
}

async function isStale({ path, text }: GeneratedFile, root: URL): Promise<boolean> {
  // A file that is not there yet is as stale as one with another text.
  const found = await readFile(new URL(path, root), 'utf8').catch(() => undefined);
  return found !== text;
}

export interface GenerateOptions {
  readonly argv: readonly string[];
  /** The folder of the README, with a slash at its end. */
  readonly root: URL;
  readonly write: (line: string) => void;
}

/**
 * Brings the README's tables, catalog.sample.json and Meltano's definitions up to date; with `--check` it only says what is stale.
 * @returns the exit code: with `--check` 1 if anything is stale
 */
export async function generate({ argv, root, write }: GenerateOptions): Promise<number> {
  const isCheck = argv[0] === '--check';
  if (argv.length > (isCheck ? 1 : 0)) {
    write('usage: npm run generate [-- --check]\n');
    return 1;
  }
  const files = await generatedFiles(root);
  const verdicts = await Promise.all(files.map((file) => isStale(file, root)));
  const stale = files.filter((_file, index) => verdicts[index]);
  for (const { path, text } of stale) {
    if (!isCheck) await writeFile(new URL(path, root), text);
    write(isCheck ? `${path} is stale: run npm run generate\n` : `${path} is written\n`);
  }
  if (stale.length === 0) write(`${files.map(({ path }) => path).join(', ')}: up to date\n`);
  return isCheck && stale.length > 0 ? 1 : 0;
}
