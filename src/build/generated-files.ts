import { readFile } from 'node:fs/promises';

import { describeProgram, describeStreams, discoverStreams } from '../sync/discover-streams.ts';
import { readConfigSchema } from '../config/config.ts';
import { formatCatalog, discoverCatalog, sampleCatalog } from '../singer/catalog.ts';
import { hubDefinition, pluginDefinition, toYaml } from './meltano.ts';
import {
  airbyteStreamTable,
  configTable,
  deprecatedList,
  replaceSections,
  requestTable,
  streamOverview,
  streamTable,
} from './documentation-tables.ts';

/** The generated sections of each page, by name. */
function documentationSections(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const config = readConfigSchema();
  const streams = describeStreams();
  return {
    'README.md': { 'stream-overview': streamOverview(streams) },
    'docs/configuration.md': {
      config: configTable(config),
      'config-deprecated': deprecatedList(config),
    },
    'docs/streams.md': {
      streams: streamTable(streams),
      requests: requestTable(streams, config),
    },
    'docs/airbyte.md': { 'airbyte-streams': airbyteStreamTable(streams) },
  };
}

/** The documentation with its tables, the sample catalog and Meltano's definitions. Paths are relative to `root`. */
export async function generatedFiles(
  root: URL,
): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const pages = Object.entries(documentationSections()).map(async ([path, sections]) => ({
    path,
    text: replaceSections(await readFile(new URL(path, root), 'utf8'), sections),
  }));
  const plugin = pluginDefinition(describeProgram().description, readConfigSchema());
  const catalog = sampleCatalog(discoverCatalog(discoverStreams([])));
  return [
    ...(await Promise.all(pages)),
    { path: 'catalog.sample.json', text: formatCatalog(catalog) },
    { path: 'meltano.plugin.yml', text: toYaml(plugin) },
    { path: 'meltano.hub.yml', text: toYaml(hubDefinition(plugin)) },
  ];
}
