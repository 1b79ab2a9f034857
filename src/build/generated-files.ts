import { readFile } from 'node:fs/promises';

import { describeProgram, discoverStreams } from '../sync/discover-streams.ts';
import { readConfigSchema } from '../config/config.ts';
import { formatCatalog, discoverCatalog, sampleCatalog } from '../singer/catalog.ts';
import { hubDefinition, pluginDefinition, toYaml } from './meltano.ts';
import {
  airbyteStreamTable,
  configTable,
  deprecatedList,
  replaceSections,
  streamTable,
} from './readme-tables.ts';

/** The README's tables, the sample catalog and Meltano's definitions, as they should be in the folder. */
export async function generatedFiles(
  root: URL,
): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const config = readConfigSchema();
  const streams = discoverStreams('all');
  const readme = await readFile(new URL('README.md', root), 'utf8');
  const sections = {
    config: configTable(config),
    'config-deprecated': deprecatedList(config),
    streams: streamTable(streams, config),
    'airbyte-streams': airbyteStreamTable(streams),
  };
  const plugin = pluginDefinition(describeProgram().description, config);
  const catalog = sampleCatalog(discoverCatalog(discoverStreams([])));
  return [
    { path: 'README.md', text: replaceSections(readme, sections) },
    { path: 'catalog.sample.json', text: formatCatalog(catalog) },
    { path: 'meltano.plugin.yml', text: toYaml(plugin) },
    { path: 'meltano.hub.yml', text: toYaml(hubDefinition(plugin)) },
  ];
}
