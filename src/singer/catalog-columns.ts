import { TapError } from '../core/errors.ts';
import { quotedList, maxListed, quotedName } from '../core/quoting.ts';
import { similarNames } from '../core/suggestions.ts';
import { schemaAt, type CatalogEntry } from './parse-catalog.ts';
import type { StreamDescription } from './catalog.ts';
import { propertyBreadcrumbs, typesOf, type Breadcrumb, type JsonSchema } from './schema.ts';

/**
 * The key properties: `table-key-properties` of the catalog, else its older spellings, else the stream's.
 * @throws TapError of kind config for a key that is no plain column of the stream.
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
      `The catalog's stream "${id}" has the key property ${quotedName(key)}, which is no plain column of the stream. Its own are: ${description.keyProperties.join(', ')}.`,
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

/** Every place that metadata can be about, array items as well, by what it is compared with. */
function knownBreadcrumbs(schema: JsonSchema): ReadonlyMap<string, Breadcrumb> {
  const places = [...propertyBreadcrumbs(schema)].flatMap((place) =>
    ownSchemaAt(schema, place)?.items === undefined ? [place] : [place, [...place, 'items']],
  );
  return new Map(places.map((place) => [JSON.stringify(place), place]));
}

/**
 * A sentence for each breadcrumb of the metadata that is no place in the stream, of the first ones: who wants to
 * keep a column out must hear that it was misspelt. Columns of the catalog's own schema are reported otherwise.
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
    return `has metadata for ${quotedName(name, [...known.keys()])}, which is no column of the stream; it has no effect.${hint}`;
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
 * One sentence about selected columns of another type than the tap writes, one about columns the tap
 * does not have, and those about metadata without effect. Whether null is allowed makes no difference.
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
    sentences.unshift(`has columns the tap does not: ${list}; they are left out.${hint}`);
  }
  const list = quotedList(retyped.map(dotted));
  if (retyped.length > 0)
    sentences.unshift(`gives other types to ${list}; the tap's own are written.`);
  return sentences.map((sentence) => `Stream "${entry.id}": the catalog ${sentence}`);
}
