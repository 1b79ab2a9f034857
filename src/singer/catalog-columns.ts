import { TapError } from '../core/errors.ts';
import { quotedList, maxListed, quotedName } from '../core/quoting.ts';
import { similarNames } from '../core/suggestions.ts';
import { schemaAt, type CatalogEntry } from './parse-catalog.ts';
import type { StreamDescription } from './catalog.ts';
import { propertyBreadcrumbs, typesOf, type Breadcrumb, type JsonSchema } from './schema.ts';

/**
 * The key properties: `table-key-properties` of the catalog, its older spellings, or the stream's own keys, in this order.
 * @throws TapError (config) for a key that is not a scalar column of the stream.
 */
export function resolveKeyProperties(
  { id, root, legacy: { key_properties: oldest } }: CatalogEntry,
  description: StreamDescription,
): readonly string[] {
  const legacy = [root['key-properties'], oldest];
  const given =
    root['table-key-properties'] ??
    legacy.find((keys) => Array.isArray(keys) && keys.length > 0) ??
    description.keyProperties;
  const keys: readonly unknown[] = Array.isArray(given) ? given : [given];
  const columns = description.schema.properties ?? {};
  return keys.map((key) => {
    const name = typeof key === 'string' && Object.hasOwn(columns, key) ? key : '';
    const types = typesOf(columns[name] ?? {});
    if (types.some((type) => type !== 'object' && type !== 'array')) return name;
    throw new TapError(
      `The catalog's stream "${id}" has the key property ${quotedName(key)}, which is not a scalar column of the stream. The default is: ${description.keyProperties.join(', ')}.`,
      { kind: 'config', stream: id },
    );
  });
}

function dotted(breadcrumb: Breadcrumb): string {
  const isName = (step: string, index: number): boolean =>
    breadcrumb[index - 1] === 'properties' || step !== 'properties';
  return breadcrumb.filter(isName).join('.');
}

function columnPath(breadcrumb: Breadcrumb): string {
  return breadcrumb.filter((step) => step !== 'properties' && step !== 'items').join('.');
}

/** All breadcrumbs of the stream, including array items, by their JSON text. */
function knownBreadcrumbs(schema: JsonSchema): ReadonlyMap<string, Breadcrumb> {
  const places = [...propertyBreadcrumbs(schema)].flatMap((place) =>
    ownSchemaAt(schema, place)?.items === undefined ? [place] : [place, [...place, 'items']],
  );
  return new Map(places.map((place) => [JSON.stringify(place), place]));
}

/**
 * A sentence for each unknown breadcrumb in the metadata, up to `maxListed`: a misspelt breadcrumb does not exclude the
 * intended column. Columns that only the catalog's schema has are reported by `schemaDifferences`.
 */
function unknownMetadata(entry: CatalogEntry, schema: JsonSchema): string[] {
  const places = knownBreadcrumbs(schema);
  const unknown = entry.breadcrumbs.filter(
    (breadcrumb) =>
      breadcrumb.length > 0 &&
      !places.has(JSON.stringify(breadcrumb)) &&
      typeof schemaAt(entry.schema, breadcrumb) !== 'object',
  );
  const known = new Map([...places.values()].map((place) => [columnPath(place), place]));
  const reported = unknown.slice(0, maxListed).map((breadcrumb) => {
    const name = columnPath(breadcrumb);
    const [near = ''] = similarNames(name, [...known.keys()]);
    const place = known.get(near);
    const hint = place === undefined ? '' : ` Did you mean ${JSON.stringify(place)}?`;
    return `has metadata for ${quotedName(name, [...known.keys()])}, which is not a column of the stream; this metadata has no effect.${hint}`;
  });
  const more = unknown.length - reported.length;
  return more > 0 ? [...reported, `has ${more} more such entries.`] : reported;
}

function ownSchemaAt(schema: JsonSchema, breadcrumb: Breadcrumb): JsonSchema | undefined {
  const node = schemaAt(schema, breadcrumb);
  return node === 'absent' ? undefined : node;
}

function hasOtherType(given: JsonSchema, own: JsonSchema): boolean {
  const types = typesOf(given);
  const known = typesOf(own);
  if (types.length === 0) return false;
  const isSame = types.length === known.length && types.every((type) => known.includes(type));
  return !isSame || (given.format ?? '') !== (own.format ?? '');
}

/**
 * Sentences about selected columns whose type differs from the tap's, about columns that the tap does not have, and
 * about metadata without effect. Nullability is not compared.
 */
export function schemaDifferences(entry: CatalogEntry, { schema }: StreamDescription): string[] {
  const retyped = [...propertyBreadcrumbs(schema)].filter((breadcrumb) => {
    const given = schemaAt(entry.schema, breadcrumb);
    const own = ownSchemaAt(schema, breadcrumb);
    if (given === 'absent' || given === undefined || own === undefined) return false;
    return hasOtherType(given, own) && entry.isPropertySelected(breadcrumb);
  });
  const { properties: columns = {} } = schema;
  const unknown = Object.keys(entry.schema.properties ?? {}).filter(
    (name) => !Object.hasOwn(columns, name) && entry.isPropertySelected(['properties', name]),
  );
  const sentences = unknownMetadata(entry, schema);
  if (unknown.length > 0) {
    const names = unknown.slice(0, maxListed);
    const near = names.flatMap((name) => similarNames(name, Object.keys(columns))[0] ?? []);
    const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
    const list = quotedList(unknown);
    sentences.unshift(`has columns that the tap does not have: ${list}; they are left out.${hint}`);
  }
  const list = quotedList(retyped.map(dotted));
  if (retyped.length > 0)
    sentences.unshift(`declares different types for ${list}; the tap writes its own types.`);
  return sentences.map((sentence) => `Stream "${entry.id}": the catalog ${sentence}`);
}
