import { TapError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { isJsonObject, jsonTypeOf } from '../json.ts';
import { quoted, quotedName } from '../wording.ts';
import type { Breadcrumb, JsonSchema } from './schema.ts';
import { propertyBreadcrumbs } from './schema.ts';

export type ReplicationMethod = 'FULL_TABLE' | 'INCREMENTAL';

/** What the tap tells the protocol about one of its streams. */
export interface StreamDescription {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly schema: JsonSchema;
  readonly keyProperties: readonly string[];
  readonly replicationMethods: readonly [ReplicationMethod, ...ReplicationMethod[]];
  readonly replicationKey?: string;
  readonly isDefault: boolean;
}

/** A schema in a given catalog: old taps and their tools write their choices into it. */
export interface CatalogSchema extends JsonSchema {
  readonly selected?: Json;
  readonly inclusion?: Json;
  readonly properties?: Readonly<Record<string, CatalogSchema>>;
  readonly items?: CatalogSchema;
}

/** One entry of a catalog, as the spec spells it. */
export interface CatalogEntry {
  readonly tap_stream_id: string;
  readonly stream: string;
  readonly schema: CatalogSchema;
  readonly metadata: readonly MetadataEntry[];
  readonly [legacyKey: string]: unknown;
}

export interface MetadataEntry {
  readonly breadcrumb: Breadcrumb;
  readonly metadata: Readonly<Record<string, Json>>;
}

export interface Catalog {
  readonly streams: readonly CatalogEntry[];
}

function streamMetadata(stream: StreamDescription): Readonly<Record<string, Json>> {
  const { replicationMethods: methods, replicationKey } = stream;
  return {
    inclusion: 'available',
    'selected-by-default': stream.isDefault,
    'table-key-properties': [...stream.keyProperties],
    ...(methods.includes('INCREMENTAL') &&
      replicationKey !== undefined && { 'valid-replication-keys': [replicationKey] }),
    ...(methods.length === 1 && { 'forced-replication-method': methods[0] }),
  };
}

/** Names of the columns that come whatever the user selects: the keys and what a bookmark is made of. */
function automaticColumns(stream: StreamDescription): ReadonlySet<string> {
  const { keyProperties, replicationMethods, replicationKey } = stream;
  const isAutomatic = replicationKey !== undefined && replicationMethods.includes('INCREMENTAL');
  return new Set([...keyProperties, ...(isAutomatic ? [replicationKey] : [])]);
}

function describe(stream: StreamDescription, name = stream.name): CatalogEntry {
  const automatic = automaticColumns(stream);
  const properties = [...propertyBreadcrumbs(stream.schema)].map((breadcrumb) => ({
    breadcrumb,
    metadata: { inclusion: automatic.has(breadcrumb[1] ?? '') ? 'automatic' : 'available' },
  }));
  const [method] = stream.replicationMethods;
  return {
    tap_stream_id: name,
    stream: name,
    key_properties: stream.keyProperties,
    replication_method: method,
    ...(method === 'INCREMENTAL' && { replication_key: stream.replicationKey }),
    schema: stream.schema,
    metadata: [{ breadcrumb: [], metadata: streamMetadata(stream) }, ...properties],
  };
}

/**
 * The catalog of these streams, in their order. It says what can be read, and chooses nothing.
 * @param names by which streams are going to be selected: one of an alias, and not of its stream, names the entry
 */
export function discoverCatalog(
  streams: readonly StreamDescription[],
  names: ReadonlySet<string> = new Set(),
): Catalog {
  const aliasOf = ({ name, aliases }: StreamDescription): string | undefined =>
    names.has(name) ? undefined : aliases.find((alias) => names.has(alias));
  return { streams: streams.map((stream) => describe(stream, aliasOf(stream))) };
}

function selectDefault(entry: MetadataEntry): MetadataEntry {
  const isDefault = entry.breadcrumb.length === 0 && entry.metadata['selected-by-default'] === true;
  return isDefault ? { ...entry, metadata: { ...entry.metadata, selected: true } } : entry;
}

/** The same catalog with the streams selected that would be read without a catalog. */
export function sampleCatalog({ streams }: Catalog): Catalog {
  return {
    streams: streams.map((entry) => ({ ...entry, metadata: entry.metadata.map(selectDefault) })),
  };
}

/** A catalog as text: indented, since a reader with line buffers may take 64 KiB at most at once. */
export function catalogText(catalog: Catalog): string {
  return `${JSON.stringify(catalog, null, 2)}\n`;
}

/**
 * `true`, `false`, or either as a text, which the spec's own example uses; `undefined` for null and for
 * a key that is not there; `'invalid'` for anything else.
 */
export function readFlag(value: unknown): boolean | undefined | 'invalid' {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'string' ? value.toLowerCase() : value;
  if (text === true || text === 'true') return true;
  return text === false || text === 'false' ? false : 'invalid';
}

function wrong(where: string, problem: string): TapError {
  return new TapError(`The catalog is not usable: ${where} ${problem}.`, { kind: 'config' });
}

function checkFlags(holder: JsonObject, where: string): void {
  for (const key of ['selected', 'selected-by-default'])
    if (readFlag(holder[key]) === 'invalid')
      throw wrong(where, `has "${key}": ${quoted(holder[key])}; it must be true or false`);
  const inclusion = holder['inclusion'] ?? 'available';
  const inclusions = ['available', 'automatic', 'unsupported'];
  if (typeof inclusion !== 'string' || !inclusions.includes(inclusion))
    throw wrong(
      where,
      `has "inclusion": ${quoted(inclusion, inclusions)}; it must be available, automatic or unsupported`,
    );
}

/** Only what a choice can be read from; what another tool added to a schema has no meaning here. */
function parseSchema(schema: JsonObject, where: string): CatalogSchema {
  checkFlags(schema, where);
  const { type, format, properties, items, selected, inclusion } = schema;
  const names = Array.isArray(type) ? type.filter((name) => typeof name === 'string') : type;
  return {
    ...((typeof names === 'string' || Array.isArray(names)) && { type: names }),
    ...(typeof format === 'string' && { format }),
    ...(selected !== undefined && { selected }),
    ...(inclusion !== undefined && { inclusion }),
    ...(isJsonObject(properties) &&
      Object.keys(properties).length > 0 && {
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, child]) => [
            name,
            parseSchema(
              isJsonObject(child) ? child : {},
              `${where}, property ${quotedName(name)},`,
            ),
          ]),
        ),
      }),
    ...(isJsonObject(items) && { items: parseSchema(items, `${where}, array items,`) }),
  };
}

/** More steps of a breadcrumb than any column of ours has. */
const maxSteps = 10;

function parseMetadataEntry(value: Json, where: string): MetadataEntry {
  const { breadcrumb, metadata } = isJsonObject(value) ? value : {};
  if (!Array.isArray(breadcrumb) || !isJsonObject(metadata))
    throw wrong(where, 'has a metadata entry without "breadcrumb" (a list) and "metadata"');
  const place = `${where}, breadcrumb [${breadcrumb
    .slice(0, maxSteps)
    .map((step) => quotedName(step))
    .join(',')}],`;
  const steps = breadcrumb.filter((step) => typeof step === 'string');
  if (steps.length < breadcrumb.length) throw wrong(place, 'must be a list of texts');
  checkFlags(metadata, place);
  return { breadcrumb: steps, metadata };
}

/** Every record's line repeats the name. No database takes one as long as this. */
const maxName = 255;

function parseEntry(value: Json, index: number): CatalogEntry {
  const place = `stream ${index + 1} of the list`;
  if (!isJsonObject(value)) throw wrong(place, `is ${jsonTypeOf(value)}; it must be an object`);
  const { tap_stream_id: id, schema, metadata = [] } = value;
  if (typeof id !== 'string' || id === '')
    throw wrong(place, 'needs a "tap_stream_id", the name of a stream');
  const where = `stream ${quotedName(id)}`;
  const stream = value['stream'] ?? id;
  if (typeof stream !== 'string' || stream === '')
    throw wrong(where, 'has a "stream" that is no text');
  if (stream.length > maxName)
    throw wrong(where, `has a "stream" of ${stream.length} characters; at most ${maxName}`);
  if (!isJsonObject(schema)) throw wrong(where, 'needs a "schema", an object');
  if (metadata !== null && !Array.isArray(metadata))
    throw wrong(where, 'has "metadata" that is no list');
  checkFlags(value, where);
  return {
    ...value,
    tap_stream_id: id,
    stream,
    schema: parseSchema(schema, where),
    metadata: (metadata ?? []).map((entry) => parseMetadataEntry(entry, where)),
  };
}

/**
 * A catalog as a user, a runner or another tap's discovery wrote it. Keys without a meaning here are
 * left alone; whether its streams exist is not asked.
 * @throws TapError of kind config that names the stream and the breadcrumb.
 */
export function parseCatalog(value: Json): Catalog {
  const streams = isJsonObject(value) ? value['streams'] : undefined;
  if (!Array.isArray(streams))
    throw wrong('it', 'must be an object with a list "streams", as --discover prints it');
  return { streams: streams.map((entry, index) => parseEntry(entry, index)) };
}
