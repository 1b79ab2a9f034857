/** The streams and the description of the program: everything that discovery needs. */
import type { ProgramDescription } from '../cli/program-description.ts';
import { readConfigSchema } from '../config/config.ts';
import { readManifest, readPackageFile } from '../core/package-files.ts';
import type { JsonSchema } from '../singer/schema.ts';
import type { StreamDefinition } from '../zendesk/stream-definition.ts';
import { streams } from '../zendesk/streams.ts';

export function describeProgram(): ProgramDescription {
  const { name, version, description, engines } = readManifest();
  const settings = readConfigSchema();
  const described = discoverStreams('all');
  return { name, version, description, node: engines.node, settings, streams: described };
}

export interface DiscoveredStream extends StreamDefinition {
  readonly schema: JsonSchema;
}

/** The discovered streams with their schemas. */
export function discoverStreams(extra: 'all' | readonly string[]): readonly DiscoveredStream[] {
  const isAll = extra === 'all' || extra.includes('all');
  return streams
    .filter(({ name, isDefault }) => isDefault || isAll || extra.includes(name))
    .map((stream) => describe(stream));
}

function describe(stream: StreamDefinition): DiscoveredStream {
  return { ...stream, schema: JSON.parse(readPackageFile(`schemas/streams/${stream.name}.json`)) };
}
