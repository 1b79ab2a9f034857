/** The catalog Airbyte is shown, and the one a connection was configured with. */
import { TapError } from '../core/errors.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { quotedName } from '../core/quoting.ts';
import { isIncremental, type StreamDescription } from '../singer/catalog.ts';
import { columnsOf } from '../singer/schema.ts';

/**
 * Streams whose key Airbyte's own connector does not advertise: a primary key that appears would pause
 * the connections that are to be taken over.
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
  /** A Singer catalog of the streams that exist. */
  readonly catalog: JsonObject;
  readonly names: readonly string[];
  readonly unknown: readonly string[];
}

function catalogError(where: string, problem: string): TapError {
  const text = `--catalog: ${where} ${problem}; pass the configured catalog of a connection`;
  return new TapError(text, { kind: 'config' });
}

/** @returns a stream's name and its top-level columns the user has kept; none: all of them */
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
 * The same choice in Singer's words. In both sync modes the state that is passed is obeyed, since the
 * platform resets it; of columns only those at the top count, as on the platform.
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

/** @throws TapError (config) for what is no configured catalog; a stream that does not exist is none of it. */
export function parseConfiguredCatalog(
  value: Json,
  streams: readonly StreamDescription[],
): ConfiguredCatalog {
  const list = isJsonObject(value) ? value['streams'] : undefined;
  if (!Array.isArray(list)) throw catalogError('it', 'must be an object with a list "streams"');
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
