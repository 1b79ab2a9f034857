import type { Json } from '../json.ts';
import type { JsonSchema } from './schema.ts';

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

/** One entry of a catalog, as the spec spells it. */
export interface CatalogEntry {
  readonly tap_stream_id: string;
  readonly stream: string;
  readonly schema: JsonSchema;
  readonly metadata: readonly MetadataEntry[];
  readonly [legacyKey: string]: unknown;
}

export interface MetadataEntry {
  readonly breadcrumb: readonly string[];
  readonly metadata: Readonly<Record<string, Json>>;
}

export interface Catalog {
  readonly streams: readonly CatalogEntry[];
}
