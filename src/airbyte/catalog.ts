/** Airbyte's catalogs: the one that `discover` writes, and the configured catalog of a connection. */
import { TapError } from '../core/errors.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { quotedName } from '../core/quoting.ts';
import { isIncremental, type StreamDescription } from '../singer/catalog.ts';
import { columnsOf } from '../singer/schema.ts';

/**
 * Streams that have no primary key in Airbyte's own connector. A new primary key would pause the connections that
 * move from that connector to this one.
 */
const withoutPrimaryKey: ReadonlySet<string> = new Set(['routing_settings']);

function airbyteStream(description: StreamDescription): object {
  const { name, schema, keyProperties, replicationKey } = description;
  const hasBookmark = isIncremental(description);
  const keys = withoutPrimaryKey.has(name) ? [] : keyProperties;
  return {
    name,
    json_schema: {
      $schema: 'http://json-schema.org/draft-07/schema#',
      ...schema,
      properties: columnsOf(schema, keyProperties),
      additionalProperties: true,
    },
    supported_sync_modes: hasBookmark ? ['full_refresh', 'incremental'] : ['full_refresh'],
    ...(hasBookmark && { source_defined_cursor: true, default_cursor_field: [replicationKey] }),
    ...(keys.length > 0 && { source_defined_primary_key: keys.map((key) => [key]) }),
    is_resumable: hasBookmark,
    is_file_based: false,
  };
}

export function airbyteCatalog(streams: readonly StreamDescription[]): object {
  return { streams: streams.map((stream) => airbyteStream(stream)) };
}

export interface ConfiguredCatalog {
  /** A Singer catalog of the configured streams that this source has. */
  readonly catalog: JsonObject;
  readonly names: readonly string[];
  readonly unknown: readonly string[];
}

function catalogError(where: string, problem: string): TapError {
  const text = `--catalog: ${where} ${problem}; pass the configured catalog of a connection`;
  return new TapError(text, { kind: 'config' });
}

/** @returns The stream's name and its selected top-level columns. No columns means all columns. */
function parseConfiguredStream(value: Json, index: number): [name: string, columns: JsonObject] {
  const place = `stream ${index + 1} of the list`;
  if (!isJsonObject(value))
    throw catalogError(place, `is ${jsonTypeOf(value)}; it must be an object`);
  const { stream, sync_mode: mode } = value;
  const { name, json_schema: schema } = isJsonObject(stream) ? stream : {};
  if (typeof name !== 'string' || name === '')
    throw catalogError(place, 'has no "stream" with a "name"');
  if (mode !== 'full_refresh' && mode !== 'incremental')
    throw catalogError(
      `stream ${quotedName(name)}`,
      'has a "sync_mode" that is not full_refresh or incremental',
    );
  const columns = isJsonObject(schema) ? schema['properties'] : undefined;
  return [name, isJsonObject(columns) ? columns : {}];
}

/**
 * A configured stream as a Singer catalog entry. Both sync modes resume from the state, because the platform resets
 * the state for a full refresh. Only top-level columns can be deselected, as on the platform.
 */
function singerEntry(description: StreamDescription, columns: JsonObject): JsonObject {
  const { name } = description;
  const metadata: JsonObject = { selected: true };
  if (isIncremental(description)) metadata['replication-method'] = 'INCREMENTAL';
  const properties = Object.fromEntries(Object.keys(columns).map((column) => [column, {}]));
  return {
    tap_stream_id: name,
    stream: name,
    schema: { properties },
    metadata: [{ breadcrumb: [], metadata }],
  };
}

/** @throws TapError (config) for an invalid catalog. An unknown stream does not throw; it is returned in `unknown`. */
export function parseConfiguredCatalog(
  value: Json,
  streams: readonly StreamDescription[],
): ConfiguredCatalog {
  const list = isJsonObject(value) ? value['streams'] : undefined;
  if (!Array.isArray(list)) throw catalogError('it', 'must be an object with a "streams" array');
  const seen = new Set<string>();
  const entries = new Map<string, JsonObject>();
  for (const [name, columns] of list.map((stream, index) => parseConfiguredStream(stream, index))) {
    if (seen.has(name)) throw catalogError(`stream ${quotedName(name)}`, 'is listed twice');
    seen.add(name);
    const description = streams.find((stream) => stream.name === name);
    if (description !== undefined) entries.set(name, singerEntry(description, columns));
  }
  return {
    catalog: { streams: [...entries.values()] },
    names: [...entries.keys()],
    unknown: [...seen].filter((name) => !entries.has(name)),
  };
}
