import { describeStreams, discoverStreams } from '../../src/sync/discover-streams.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { formatCatalog, discoverCatalog } from '../../src/singer/catalog.ts';

interface MetadataEntry {
  readonly breadcrumb: readonly string[];
  metadata: Record<string, unknown>;
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  [keyword: string]: unknown;
}

/** A catalog entry that a test may change as a user or a runner would. */
export interface DraftEntry {
  tap_stream_id: string;
  stream: string;
  schema: SchemaNode;
  metadata: MetadataEntry[];
  [key: string]: unknown;
}

export interface DraftCatalog {
  streams: DraftEntry[];
}

/** What --discover prints, ready to be changed. */
export function discovered(): DraftCatalog {
  const text = formatCatalog(discoverCatalog(discoverStreams([])));
  return JSON.parse(text) as DraftCatalog;
}

/** The breadcrumb of a dotted path; `[]` in it stands for an array's items: `history[].msg`. */
export function breadcrumbOf(path: string): string[] {
  if (path === '') return [];
  return path
    .split('.')
    .flatMap((step) =>
      step.endsWith('[]') ? ['properties', step.slice(0, -2), 'items'] : ['properties', step],
    );
}

/** Sets metadata at a dotted path of an entry, `''` for the stream itself. */
export function mark(entry: DraftEntry, path: string, metadata: Record<string, unknown>): void {
  const breadcrumb = breadcrumbOf(path);
  const text = JSON.stringify(breadcrumb);
  const found = entry.metadata.find((one) => JSON.stringify(one.breadcrumb) === text);
  if (found === undefined) entry.metadata.push({ breadcrumb, metadata });
  else Object.assign(found.metadata, metadata);
}

/** Discovery's catalog with these streams alone selected, each of them as `change` leaves it. */
export function catalogOf(
  streams: string | readonly string[],
  change: (entry: DraftEntry) => void = () => undefined,
): JsonObject {
  const names = typeof streams === 'string' ? [streams] : streams;
  const catalog = discovered();
  for (const entry of catalog.streams) {
    const selected = names.includes(entry.tap_stream_id);
    mark(entry, '', { selected });
    if (selected) change(entry);
  }
  return catalog as unknown as JsonObject;
}

/** A catalog of these streams and no others; agents and bans, which are read whole by default, are incremental. */
export function incrementalCatalog(names: readonly string[]): JsonObject {
  const all = JSON.parse(formatCatalog(discoverCatalog(describeStreams()))) as DraftCatalog;
  const streams = all.streams.filter((entry) => names.includes(entry.tap_stream_id));
  for (const entry of streams) {
    const isList = ['agents', 'bans'].includes(entry.tap_stream_id);
    mark(entry, '', { selected: true, ...(isList && { 'replication-method': 'INCREMENTAL' }) });
  }
  return { streams } as unknown as JsonObject;
}
