import { TapError } from '../core/errors.ts';
import { quoted, quotedName } from '../core/quoting.ts';
import { similarNames } from '../core/suggestions.ts';
import type { CatalogEntry } from './parse-catalog.ts';
import type { ReplicationMethod, StreamDescription, Warn } from './catalog.ts';
import { resolveKeyProperties, schemaDifferences } from './catalog-columns.ts';
import { columnsOf, pruneSchema, type Breadcrumb, type JsonSchema } from './schema.ts';

/** A selected stream with its selected columns. */
export interface SelectedStream {
  readonly name: string;
  readonly stream: string;
  /** The key of the stream's bookmark in the state. */
  readonly tapStreamId: string;
  /** The schema of the records: selected columns only; keys are not nullable. */
  readonly schema: JsonSchema;
  /** The stream's full schema. */
  readonly knownSchema: JsonSchema;
  readonly keyProperties: readonly string[];
  readonly replicationMethod: ReplicationMethod;
  /** The replication key, if the method is INCREMENTAL and the schema has the column. */
  readonly bookmarkProperties: readonly string[];
}

function selectionError(message: string, stream: string): TapError {
  return new TapError(message, { kind: 'config', stream });
}

/** The catalog's replication method if the stream supports it, otherwise the stream's default. */
function replicationMethod(
  { id, root, legacy }: CatalogEntry,
  { replicationMethods: allowed }: StreamDescription,
  warn: Warn,
): ReplicationMethod {
  const wanted = root['replication-method'] ?? legacy['replication_method'] ?? allowed[0];
  const text = typeof wanted === 'string' ? wanted.toUpperCase() : '';
  const method = allowed.find((candidate) => candidate === text);
  if (method !== undefined) return method;
  warn(
    `Stream "${id}": the catalog requests replication method ${quoted(wanted, ['FULL_TABLE', 'INCREMENTAL', 'LOG_BASED'])}; the stream supports ${allowed.join(' and ')}. The tap uses ${allowed[0]}.`,
  );
  return allowed[0];
}

/** Warns if the catalog sets a different replication key, or one without effect. A stream has only one. */
function checkReplicationKey(
  { id, root, legacy }: CatalogEntry,
  { replicationKey: own }: StreamDescription,
  method: ReplicationMethod,
  warn: Warn,
): void {
  const older = method === 'INCREMENTAL' ? legacy['replication_key'] : null;
  const key = root['replication-key'] ?? older ?? null;
  if (key === null) return;
  const used = own === undefined ? 'the stream has none' : `the stream uses "${own}"`;
  if (key !== own)
    warn(`Stream "${id}": the catalog requests replication key ${quotedName(key)}; ${used}.`);
  else if (method === 'FULL_TABLE' && (root['replication-method'] ?? null) === null)
    warn(
      `Stream "${id}": the catalog sets a replication key but no replication method, so the tap uses FULL_TABLE. Set "replication-method" to INCREMENTAL to resume from the bookmark.`,
    );
}

type ResolvedSelection = Pick<
  SelectedStream,
  'stream' | 'tapStreamId' | 'keyProperties' | 'replicationMethod'
> & { readonly isSelected: (breadcrumb: Breadcrumb) => boolean };

function buildSelectedStream(
  description: StreamDescription,
  { isSelected, ...choice }: ResolvedSelection,
): SelectedStream {
  const { tapStreamId, keyProperties, replicationMethod: method } = choice;
  const replicationKey = method === 'INCREMENTAL' ? description.replicationKey : undefined;
  const automatic = new Set([...keyProperties, replicationKey]);
  const pruned = pruneSchema(
    description.schema,
    (breadcrumb) => automatic.has(breadcrumb[1] ?? '') || isSelected(breadcrumb),
  );
  const noColumns = `The catalog selects the stream "${tapStreamId}" but none of its columns. Select a column, or deselect the stream.`;
  if (pruned === undefined) throw selectionError(noColumns, tapStreamId);
  const properties = columnsOf(pruned, keyProperties);
  const hasKey = replicationKey !== undefined && properties[replicationKey] !== undefined;
  return {
    name: description.name,
    ...choice,
    schema: { ...description.schema, properties },
    knownSchema: description.schema,
    bookmarkProperties: hasKey ? [replicationKey] : [],
  };
}

function selectAllColumns(description: StreamDescription): SelectedStream {
  const { name, keyProperties, replicationMethods } = description;
  return buildSelectedStream(description, {
    stream: name,
    tapStreamId: name,
    keyProperties,
    replicationMethod: replicationMethods[0],
    isSelected: () => true,
  });
}

function selectFromCatalog(
  description: StreamDescription,
  entry: CatalogEntry,
  warn: Warn,
): SelectedStream {
  for (const difference of schemaDifferences(entry, description)) warn(difference);
  const method = replicationMethod(entry, description, warn);
  checkReplicationKey(entry, description, method, warn);
  return buildSelectedStream(description, {
    stream: entry.stream,
    tapStreamId: entry.id,
    keyProperties: resolveKeyProperties(entry, description),
    replicationMethod: method,
    isSelected: (breadcrumb) => entry.isPropertySelected(breadcrumb),
  });
}

function descriptionOf(id: string, streams: readonly StreamDescription[]): StreamDescription {
  const found =
    streams.find(({ name }) => name === id) ?? streams.find(({ aliases }) => aliases.includes(id));
  if (found !== undefined) return found;
  const names = streams.map(({ name }) => name);
  const near = similarNames(id, names);
  const hint =
    near.length > 0
      ? `Did you mean ${near.map((name) => `"${name}"`).join(' or ')}?`
      : `The streams are: ${names.join(', ')}.`;
  throw selectionError(
    `The catalog selects the stream ${quotedName(id, names)}, which this tap does not have. ${hint}`,
    id,
  );
}

function checkUnique(
  entries: readonly CatalogEntry[],
  what: string,
  nameOf: (entry: CatalogEntry) => string,
): void {
  const seen = new Set<string>();
  for (const name of entries.map(nameOf)) {
    const twice = `The catalog ${what} ${quotedName(name)} twice; remove one of them.`;
    if (seen.has(name)) throw selectionError(twice, name);
    seen.add(name);
  }
}

/**
 * The streams to read, in the tap's order, with their columns, keys and replication methods.
 * @param options.catalog `undefined` selects the default streams with all their columns.
 * @param options.warn Receives one sentence for each part of the catalog that has no effect.
 * @throws TapError (config) if the catalog selects an unknown stream or selects a stream twice.
 */
export function selectStreams({
  catalog,
  streams,
  warn,
}: {
  readonly catalog: readonly CatalogEntry[] | undefined;
  readonly streams: readonly StreamDescription[];
  readonly warn: Warn;
}): readonly SelectedStream[] {
  if (catalog === undefined)
    return streams.filter(({ isDefault }) => isDefault).map(selectAllColumns);
  checkUnique(catalog, 'lists the stream', ({ id }) => id);
  const entries = catalog.filter(({ isSelected }) => isSelected);
  const found = new Map(entries.map((entry) => [entry, descriptionOf(entry.id, streams)]));
  checkUnique(entries, 'selects the stream', (entry) => found.get(entry)?.name ?? '');
  checkUnique(entries, 'uses the stream name', ({ stream }) => stream);
  return streams.flatMap((description) =>
    entries
      .filter((entry) => found.get(entry) === description)
      .map((entry) => selectFromCatalog(description, entry, warn)),
  );
}
