import { TapError } from '../errors.ts';
import { nearMisses, quoted, quotedName } from '../wording.ts';
import type { Catalog, CatalogEntry, ReplicationMethod, StreamDescription } from './catalog.ts';
import { readFlag } from './catalog.ts';
import type { Columns } from './columns.ts';
import { chosenColumns, chosenKeys, schemaDifferences } from './columns.ts';
import type { JsonSchema } from './schema.ts';
import { pruneSchema, withoutNull } from './schema.ts';

/** A stream that is to be read, and what of it. */
export interface SelectedStream {
  /** Which of the tap's streams it is. */
  readonly name: string;
  /** The name a target is given. */
  readonly stream: string;
  /** The key of its bookmark in the state. */
  readonly tapStreamId: string;
  /** What is written: only what was selected, keys without null. */
  readonly schema: JsonSchema;
  /** All that the tap knows of the stream, selected or not. */
  readonly knownSchema: JsonSchema;
  readonly keyProperties: readonly string[];
  readonly replicationMethod: ReplicationMethod;
  /** The column the bookmark is made of, when the stream is read by bookmark. */
  readonly replicationKey?: string;
  /** The replication key, if it is among the columns. */
  readonly bookmarkProperties: readonly string[];
}

export interface SelectionOptions {
  /** `undefined`: none was given, and the default streams are read with all their columns. */
  readonly catalog: Catalog | undefined;
  readonly streams: readonly StreamDescription[];
  /** Told, in one sentence, what of the catalog is not obeyed. */
  readonly warn: (message: string) => void;
}

type Warn = SelectionOptions['warn'];

function wrong(message: string, stream?: string): TapError {
  return new TapError(message, { kind: 'config', ...(stream !== undefined && { stream }) });
}

function rootMetadata(entry: CatalogEntry): Columns['root'] {
  return entry.metadata.findLast(({ breadcrumb }) => breadcrumb.length === 0)?.metadata ?? {};
}

function isSelected(entry: CatalogEntry): boolean {
  const root = rootMetadata(entry);
  const inclusion = root['inclusion'] ?? entry.schema.inclusion;
  if (inclusion === 'automatic' || inclusion === 'unsupported') return inclusion === 'automatic';
  const opinions = [
    root['selected'],
    entry['selected'],
    entry.schema.selected,
    root['selected-by-default'],
  ];
  return opinions.map(readFlag).find((flag) => flag !== undefined) === true;
}

function readMethod(
  value: unknown,
  allowed: readonly ReplicationMethod[],
): ReplicationMethod | undefined {
  return allowed.find((method) => method === String(value).toUpperCase());
}

/** The stream's own method unless the catalog asks for another one that the stream has. */
function replicationMethod(
  entry: CatalogEntry,
  { replicationMethods: allowed }: StreamDescription,
  warn: Warn,
): ReplicationMethod {
  const wanted = rootMetadata(entry)['replication-method'] ?? entry['replication_method'] ?? null;
  const method = wanted === null ? allowed[0] : readMethod(wanted, allowed);
  if (method !== undefined) return method;
  warn(
    `Stream "${entry.tap_stream_id}": the catalog asks for replication method ${quoted(wanted, ['FULL_TABLE', 'INCREMENTAL', 'LOG_BASED'])}; the stream has ${allowed.join(' and ')}. It is read as ${allowed[0]}.`,
  );
  return allowed[0];
}

/** A stream's replication key is not for choice: says so when the catalog names another or expects it to matter. */
function checkReplicationKey(
  entry: CatalogEntry,
  { replicationKey: own }: StreamDescription,
  method: ReplicationMethod,
  warn: Warn,
): void {
  const root = rootMetadata(entry);
  const stated = root['replication-key'] ?? null;
  const legacy = method === 'INCREMENTAL' ? (entry['replication_key'] ?? null) : null;
  const key = stated ?? legacy;
  if (key === null) return;
  const stream = `Stream "${entry.tap_stream_id}":`;
  const used = own === undefined ? 'the stream has none' : `the stream's is "${own}"`;
  if (key !== own)
    warn(`${stream} the catalog asks for replication key ${quotedName(key)}; ${used}.`);
  else if (method === 'FULL_TABLE' && (root['replication-method'] ?? null) === null)
    warn(
      `${stream} it is read as FULL_TABLE, its replication key notwithstanding. Set "replication-method" to INCREMENTAL to read by bookmark.`,
    );
}

interface Choice {
  readonly names: { readonly stream: string; readonly tapStreamId: string };
  readonly keyProperties: readonly string[];
  readonly method: ReplicationMethod;
  readonly isKept: Columns['isKept'];
}

function select(description: StreamDescription, choice: Choice): SelectedStream {
  const { keyProperties, method } = choice;
  const replicationKey = method === 'INCREMENTAL' ? description.replicationKey : undefined;
  const automatic = new Set(keyProperties);
  if (replicationKey !== undefined) automatic.add(replicationKey);
  const pruned = pruneSchema(
    description.schema,
    (breadcrumb) => automatic.has(breadcrumb[1] ?? '') || choice.isKept(breadcrumb),
  );
  const { tapStreamId } = choice.names;
  if (pruned === undefined)
    throw wrong(
      `The catalog selects the stream "${tapStreamId}" and none of its columns.`,
      tapStreamId,
    );
  const keys = new Set(keyProperties);
  const columns = Object.entries(pruned.properties ?? {}).map(([name, schema]) => [
    name,
    keys.has(name) ? withoutNull(schema) : schema,
  ]);
  const properties: Readonly<Record<string, JsonSchema>> = Object.freeze(
    Object.fromEntries(columns),
  );
  const hasKey = replicationKey !== undefined && properties[replicationKey] !== undefined;
  return Object.freeze({
    name: description.name,
    ...choice.names,
    schema: Object.freeze({ ...description.schema, properties }),
    knownSchema: description.schema,
    keyProperties: Object.freeze([...keyProperties]),
    replicationMethod: method,
    ...(replicationKey !== undefined && { replicationKey }),
    bookmarkProperties: Object.freeze(hasKey ? [replicationKey] : []),
  });
}

function selectWhole(description: StreamDescription): SelectedStream {
  return select(description, {
    names: { stream: description.name, tapStreamId: description.name },
    keyProperties: description.keyProperties,
    method: description.replicationMethods[0],
    isKept: () => true,
  });
}

function selectGiven(
  description: StreamDescription,
  entry: CatalogEntry,
  warn: Warn,
): SelectedStream {
  const columns = chosenColumns(entry, rootMetadata(entry));
  for (const difference of schemaDifferences(entry, description, columns)) warn(difference);
  const method = replicationMethod(entry, description, warn);
  checkReplicationKey(entry, description, method, warn);
  return select(description, {
    names: { stream: entry.stream, tapStreamId: entry.tap_stream_id },
    keyProperties: chosenKeys(entry, description, columns),
    method,
    isKept: columns.isKept,
  });
}

function descriptionOf(
  entry: CatalogEntry,
  streams: readonly StreamDescription[],
): StreamDescription {
  const id = entry.tap_stream_id;
  const found =
    streams.find(({ name }) => name === id) ?? streams.find(({ aliases }) => aliases.includes(id));
  if (found !== undefined) return found;
  const names = streams.map(({ name }) => name);
  const near = nearMisses(id, names);
  const hint =
    near.length > 0
      ? `Did you mean ${near.map((name) => `"${name}"`).join(' or ')}?`
      : `Its streams are: ${names.join(', ')}.`;
  throw wrong(
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
    if (seen.has(name))
      throw wrong(`The catalog ${what} ${quotedName(name)} twice; take one of them out.`, name);
    seen.add(name);
  }
}

/**
 * The streams to read, in the tap's order, each with its columns, keys and method.
 * @throws TapError of kind config when the catalog selects what does not exist, or one thing twice.
 */
export function selectStreams(options: SelectionOptions): readonly SelectedStream[] {
  const { catalog, streams, warn } = options;
  if (catalog === undefined) return streams.filter(({ isDefault }) => isDefault).map(selectWhole);
  checkUnique(catalog.streams, 'lists the stream', (entry) => entry.tap_stream_id);
  const entries = catalog.streams.filter(isSelected);
  const found = new Map(entries.map((entry) => [entry, descriptionOf(entry, streams)]));
  checkUnique(entries, 'selects the stream', (entry) => descriptionOf(entry, streams).name);
  checkUnique(entries, 'gives targets the stream name', (entry) => entry.stream);
  return streams.flatMap((description) =>
    entries
      .filter((entry) => found.get(entry) === description)
      .map((entry) => selectGiven(description, entry, warn)),
  );
}
