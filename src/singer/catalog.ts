import type { Json } from '../core/json.ts';
import { propertyBreadcrumbs, type Breadcrumb, type JsonSchema } from './schema.ts';

export type ReplicationMethod = 'FULL_TABLE' | 'INCREMENTAL';

/** A stream as the Singer protocol sees it, independent of its endpoint. */
export interface SingerStream {
  /** The `tap_stream_id` and the default stream name in messages. */
  readonly name: string;
  /** Names of the same stream in other taps; accepted in catalogs and states. */
  readonly aliases: readonly string[];
  readonly keyProperties: readonly string[];
  /** The first is the default. */
  readonly replicationMethods: readonly [ReplicationMethod, ...ReplicationMethod[]];
  readonly replicationKey?: string;
  /** Whether the stream is discovered and selected by default. */
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

/** Receives one sentence for each part of a catalog or state that has no effect. */
export type Warn = (message: string) => void;

/** Whether the stream can resume from a bookmark. */
export function isIncremental({ replicationMethods }: SingerStream): boolean {
  return replicationMethods.includes('INCREMENTAL');
}

function describeEntry(stream: StreamDescription, name = stream.name): CatalogEntryJson {
  const { schema, keyProperties, replicationMethods: methods, replicationKey, isDefault } = stream;
  // Key properties and the replication key are always included.
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
 * The catalog of these streams, in the given order, without a selection.
 * @param names Stream names in the selection that will be applied. If an alias is in it and the stream's own name is
 *   not, the entry is named by the alias.
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

/** The catalog with the default streams selected. */
export function sampleCatalog({ streams }: Catalog): Catalog {
  return {
    streams: streams.map((entry) => ({ ...entry, metadata: entry.metadata.map(selectDefault) })),
  };
}

/** A catalog as JSON text. Indented, because some readers accept lines of at most 64 KiB. */
export function formatCatalog(catalog: Catalog): string {
  return `${JSON.stringify(catalog, null, 2)}\n`;
}
