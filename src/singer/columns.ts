import { TapError } from '../errors.ts';
import type { Json } from '../json.ts';
import { listed, maxListed, nearMisses, quotedName } from '../wording.ts';
import type { CatalogEntry, CatalogSchema, StreamDescription } from './catalog.ts';
import { readFlag } from './catalog.ts';
import type { Breadcrumb, JsonSchema } from './schema.ts';
import { propertyBreadcrumbs, typesOf } from './schema.ts';

/** What a given catalog's entry says about the properties of its stream. */
export interface Columns {
  /** The stream's own metadata. */
  readonly root: Readonly<Record<string, Json>>;
  /** Is the property at this place selected, its parents being so? */
  readonly isKept: (breadcrumb: Breadcrumb) => boolean;
}

/**
 * The node of a given schema at a place; `absent` when the schema lists the parent's properties without
 * it; `undefined` when it does not say what the parent holds.
 */
function nodeAt(
  schema: CatalogSchema,
  breadcrumb: Breadcrumb,
): CatalogSchema | 'absent' | undefined {
  let node: CatalogSchema | undefined = schema;
  for (let index = 0; index < breadcrumb.length && node !== undefined; index++) {
    if (breadcrumb[index] === 'items') {
      node = node.items;
      continue;
    }
    if (breadcrumb[index] !== 'properties') return 'absent';
    index += 1;
    const properties: CatalogSchema['properties'] = node.properties;
    if (properties === undefined) return undefined;
    const name = breadcrumb[index] ?? '';
    if (!Object.hasOwn(properties, name)) return 'absent';
    node = properties[name];
  }
  return node;
}

/** Compiles an entry's metadata and schema into one question. */
export function chosenColumns(entry: CatalogEntry, root: Columns['root']): Columns {
  const metadata = new Map(
    entry.metadata.map((given) => [JSON.stringify(given.breadcrumb), given.metadata]),
  );
  const isKept = (breadcrumb: Breadcrumb): boolean => {
    const node = nodeAt(entry.schema, breadcrumb);
    if (node === 'absent') return false;
    const given = metadata.get(JSON.stringify(breadcrumb)) ?? {};
    const inclusion = given['inclusion'] ?? node?.inclusion;
    if (inclusion === 'automatic' || inclusion === 'unsupported') return inclusion === 'automatic';
    const opinions = [given['selected'], node?.selected, given['selected-by-default']];
    return opinions.map(readFlag).find((flag) => flag !== undefined) !== false;
  };
  return { root, isKept };
}

/**
 * The key properties: `table-key-properties` of the catalog, else its older spellings, else the stream's.
 * @throws TapError of kind config for a key that is no plain column of the stream.
 */
export function chosenKeys(
  entry: CatalogEntry,
  description: StreamDescription,
  { root }: Columns,
): readonly string[] {
  const legacy = [root['key-properties'], entry['key_properties']];
  const given =
    root['table-key-properties'] ??
    legacy.find((keys) => Array.isArray(keys) && keys.length > 0) ??
    description.keyProperties;
  const keys: readonly Json[] = Array.isArray(given) ? given : [given];
  const columns = description.schema.properties ?? {};
  return keys.map((key) => {
    const schema =
      typeof key === 'string' && Object.hasOwn(columns, key) ? columns[key] : undefined;
    const types = schema === undefined ? [] : typesOf(schema);
    if (typeof key === 'string' && types.some((type) => type !== 'object' && type !== 'array'))
      return key;
    throw new TapError(
      `The catalog's stream "${entry.tap_stream_id}" has the key property ${quotedName(key)}, which is no plain column of the stream. Its own are: ${description.keyProperties.join(', ')}.`,
      { kind: 'config', stream: entry.tap_stream_id },
    );
  });
}

function dotted(breadcrumb: Breadcrumb): string {
  const isName = (step: string, index: number): boolean =>
    breadcrumb[index - 1] === 'properties' || step !== 'properties';
  return breadcrumb.filter(isName).join('.');
}

/** Which columns the first of these may stand for. */
function meant(unknown: readonly string[], { properties = {} }: JsonSchema): string {
  const known = Object.keys(properties);
  const near = unknown.slice(0, maxListed).flatMap((name) => nearMisses(name, known)[0] ?? []);
  return near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
}

/** The names in a breadcrumb alone. */
function namesIn(breadcrumb: Breadcrumb): string {
  return breadcrumb.filter((step) => step !== 'properties' && step !== 'items').join('.');
}

/** Every place that metadata can be about, array items as well, by what it is compared with. */
function ownPlaces(schema: JsonSchema): ReadonlyMap<string, Breadcrumb> {
  const places = new Map<string, Breadcrumb>();
  for (const breadcrumb of propertyBreadcrumbs(schema)) {
    const isArray = ownNodeAt(schema, breadcrumb)?.items !== undefined;
    for (const place of isArray ? [breadcrumb, [...breadcrumb, 'items']] : [breadcrumb])
      places.set(JSON.stringify(place), place);
  }
  return places;
}

/**
 * A sentence for each breadcrumb of the metadata that is no place in the stream, of the first ones: who wants to
 * keep a column out must hear that it was misspelt. Columns of the catalog's own schema are told otherwise.
 */
function idleMetadata(
  { metadata, schema: given }: CatalogEntry,
  { schema }: StreamDescription,
): readonly string[] {
  const places = ownPlaces(schema);
  const idle = metadata.filter(
    ({ breadcrumb }) =>
      breadcrumb.length > 0 &&
      !places.has(JSON.stringify(breadcrumb)) &&
      typeof nodeAt(given, breadcrumb) !== 'object',
  );
  const known = new Map([...places.values()].map((place) => [namesIn(place), place]));
  const told = idle.slice(0, maxListed).map(({ breadcrumb }) => {
    const name = namesIn(breadcrumb);
    const [near = ''] = nearMisses(name, [...known.keys()]);
    const place = known.get(near);
    const hint = place === undefined ? '' : ` Did you mean ${JSON.stringify(place)}?`;
    return `has metadata for ${quotedName(name, [...known.keys()])}, which is no column of the stream; it has no effect.${hint}`;
  });
  const more = idle.length - told.length;
  return more > 0 ? [...told, `has ${more} more such entries.`] : told;
}

function ownNodeAt(schema: JsonSchema, breadcrumb: Breadcrumb): JsonSchema | undefined {
  const node = nodeAt(schema, breadcrumb);
  return node === 'absent' ? undefined : node;
}

function hasOtherType(given: CatalogSchema, own: JsonSchema): boolean {
  const types = typesOf(given);
  const known = typesOf(own);
  if (types.length === 0) return false;
  const isSame = types.length === known.length && types.every((type) => known.includes(type));
  return !isSame || (given.format ?? '') !== (own.format ?? '');
}

/**
 * One sentence about selected columns of another type than the tap writes, one about columns the tap
 * does not have, and those about metadata without effect. Whether null is allowed makes no difference.
 */
export function schemaDifferences(
  entry: CatalogEntry,
  description: StreamDescription,
  { isKept }: Columns,
): readonly string[] {
  const { schema } = description;
  const retyped = [...propertyBreadcrumbs(schema)].filter((breadcrumb) => {
    const given = nodeAt(entry.schema, breadcrumb);
    const own = ownNodeAt(schema, breadcrumb);
    if (given === 'absent' || given === undefined || own === undefined) return false;
    return hasOtherType(given, own) && isKept(breadcrumb);
  });
  const unknown = Object.keys(entry.schema.properties ?? {}).filter(
    (name) => !Object.hasOwn(schema.properties ?? {}, name) && isKept(['properties', name]),
  );
  const stream = `Stream "${entry.tap_stream_id}": the catalog`;
  return [
    ...(retyped.length > 0
      ? [
          `${stream} gives other types to ${listed(retyped.map(dotted))}; the tap's own are written.`,
        ]
      : []),
    ...(unknown.length > 0
      ? [
          `${stream} has columns the tap does not: ${listed(unknown)}; they are left out.${meant(unknown, schema)}`,
        ]
      : []),
    ...idleMetadata(entry, description).map((sentence) => `${stream} ${sentence}`),
  ];
}
