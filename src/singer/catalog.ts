import type { Json } from '../core/json.ts';
import { propertyBreadcrumbs, type Breadcrumb, type JsonSchema } from './schema.ts';

export type ReplicationMethod = 'FULL_TABLE' | 'INCREMENTAL';

/** What a stream is to the protocol, whatever endpoint it comes from. */
export interface SingerStream {
  /** `tap_stream_id` and, by default, the name a target is given. */
  readonly name: string;
  /** Names other taps gave the same stream; accepted in catalogs and states. */
  readonly aliases: readonly string[];
  readonly keyProperties: readonly string[];
  /** The first is the default. */
  readonly replicationMethods: readonly [ReplicationMethod, ...ReplicationMethod[]];
  readonly replicationKey?: string;
  /** Discovered and selected unless the user says otherwise; the others only when `extra_streams` names them. */
  readonly isDefault: boolean;
}

export interface StreamDescription extends SingerStream {
  readonly schema: JsonSchema;
}

export interface CatalogEntryJson {
  readonly tap_stream_id: string;
  readonly stream: string;
  readonly schema: JsonSchema;
  readonly metadata: readonly MetadataEntry[];
  readonly [legacyKey: string]: unknown;
}

export interface MetadataEntry {
  readonly breadcrumb: Breadcrumb;
  readonly metadata: Readonly<Record<string, Json>>;
}

export interface Catalog {
  readonly streams: readonly CatalogEntryJson[];
}

/** Gets, in one sentence, what of a catalog or a state is not obeyed. */
export type Warn = (message: string) => void;

/** Can a stream be read from where an earlier run ended? */
export function isIncremental({ replicationMethods }: SingerStream): boolean {
  return replicationMethods.includes('INCREMENTAL');
}

function describeEntry(stream: StreamDescription, name = stream.name): CatalogEntryJson {
  const { schema, keyProperties, replicationMethods: methods, replicationKey, isDefault } = stream;
  // The keys and what a bookmark is made of come whatever the user selects.
  const bookmark = isIncremental(stream) && replicationKey !== undefined ? [replicationKey] : [];
  const automatic = new Set([...keyProperties, ...bookmark]);
  const properties = [...propertyBreadcrumbs(schema)].map((breadcrumb) => ({
    breadcrumb,
    metadata: { inclusion: automatic.has(breadcrumb[1] ?? '') ? 'automatic' : 'available' },
  }));
  const metadata = {
    inclusion: 'available',
    'selected-by-default': isDefault,
    'table-key-properties': [...keyProperties],
    ...(bookmark.length > 0 && { 'valid-replication-keys': bookmark }),
    ...(methods.length === 1 && { 'forced-replication-method': methods[0] }),
  };
  return {
    tap_stream_id: name,
    stream: name,
    key_properties: keyProperties,
    replication_method: methods[0],
    ...(methods[0] === 'INCREMENTAL' && { replication_key: replicationKey }),
    schema,
    metadata: [{ breadcrumb: [], metadata }, ...properties],
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
  return { streams: streams.map((stream) => describeEntry(stream, aliasOf(stream))) };
}

function selectDefault({ breadcrumb, metadata }: MetadataEntry): MetadataEntry {
  const isDefault = metadata['selected-by-default'] === true;
  return { breadcrumb, metadata: isDefault ? { ...metadata, selected: true } : metadata };
}

/** The same catalog with the streams selected that would be read without a catalog. */
export function sampleCatalog({ streams }: Catalog): Catalog {
  return {
    streams: streams.map((entry) => ({ ...entry, metadata: entry.metadata.map(selectDefault) })),
  };
}

/** A catalog as text: indented, since a reader with line buffers may take 64 KiB at most at once. */
export function formatCatalog(catalog: Catalog): string {
  return `${JSON.stringify(catalog, null, 2)}\n`;
}
