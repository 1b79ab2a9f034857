/** The descriptions of the program and its streams for discovery. */
import type { ProgramDescription } from '../cli/program-description.ts';
import { readConfigSchema } from '../config/config.ts';
import { readManifest, readPackageFile } from '../core/package-files.ts';
import type { JsonSchema } from '../singer/schema.ts';
import type { StreamDefinition } from '../zendesk/stream-definition.ts';
import { streams } from '../zendesk/streams.ts';

export function describeProgram(): ProgramDescription {
  const { name, version, description, engines } = readManifest();
  const settings = readConfigSchema();
  const node = engines.node;
  return { name, version, description, node, settings, streams: describeStreams() };
}

export interface DiscoveredStream extends StreamDefinition {
  readonly schema: JsonSchema;
}

/** All streams, each with its schema. */
export function describeStreams(): readonly DiscoveredStream[] {
  return streams.map((stream) => describe(stream));
}

/**
 * The default streams, each with its schema.
 * @param extra `extra_streams` of the config. The streams that it names become default streams; `all` means all streams.
 */
export function discoverStreams(extra: readonly string[]): readonly DiscoveredStream[] {
  return streams
    .filter(({ name, isDefault }) => isDefault || extra.includes('all') || extra.includes(name))
    .map((stream) => Object.assign(describe(stream), { isDefault: true }));
}

function describe(stream: StreamDefinition): DiscoveredStream {
  return { ...stream, schema: JSON.parse(readPackageFile(`schemas/streams/${stream.name}.json`)) };
}
