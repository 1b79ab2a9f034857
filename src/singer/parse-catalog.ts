import { TapError } from '../core/errors.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { quoted, quotedName } from '../core/quoting.ts';
import type { Catalog } from './catalog.ts';
import type { Breadcrumb, JsonSchema } from './schema.ts';

/** Reads a boolean, or a boolean as a string as in the spec's own example. Returns `undefined` for null or no value. */
function readFlag(value: unknown): boolean | undefined | 'invalid' {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'string' ? value.toLowerCase() : value;
  if (text === true || text === 'true') return true;
  return text === false || text === 'false' ? false : 'invalid';
}

function catalogError(where: string, problem: string): TapError {
  return new TapError(`The catalog is not usable: ${where} ${problem}.`, { kind: 'config' });
}

function checkFlags(holder: JsonObject, where: string): void {
  for (const key of ['selected', 'selected-by-default'])
    if (readFlag(holder[key]) === 'invalid')
      throw catalogError(where, `has "${key}": ${quoted(holder[key])}; it must be true or false`);
  const inclusion = holder['inclusion'] ?? 'available';
  const inclusions = ['available', 'automatic', 'unsupported'];
  if (typeof inclusion !== 'string' || !inclusions.includes(inclusion))
    throw catalogError(
      where,
      `has "inclusion": ${quoted(inclusion, inclusions)}; it must be available, automatic or unsupported`,
    );
}

/** A schema in a catalog file. Older taps and tools write the selection into it. */
interface CatalogSchema extends JsonSchema {
  readonly selected?: Json;
  readonly inclusion?: Json;
  readonly properties?: Readonly<Record<string, CatalogSchema>>;
  readonly items?: CatalogSchema;
}

/** Keeps only what the selection and the type checks use. Empty `properties` count as missing. */
function parseSchema(schema: JsonObject, where: string): CatalogSchema {
  checkFlags(schema, where);
  const { type, format, properties, items, selected = null, inclusion = null } = schema;
  const names = [type].flat().filter((name) => typeof name === 'string');
  const children = Object.entries(isJsonObject(properties) ? properties : {}).map(
    ([name, child]) => {
      const place = `${where}, property ${quotedName(name)},`;
      return [name, parseSchema(isJsonObject(child) ? child : {}, place)] as const;
    },
  );
  return {
    type: names,
    ...(typeof format === 'string' && { format }),
    selected,
    inclusion,
    ...(children.length > 0 && { properties: Object.fromEntries(children) }),
    ...(isJsonObject(items) && { items: parseSchema(items, `${where}, array items,`) }),
  };
}

/** Maximum number of breadcrumb steps shown in an error. The tap's own breadcrumbs are shorter. */
const maxBreadcrumbLength = 10;

function parseMetadata(value: Json, where: string): readonly [Breadcrumb, JsonObject] {
  const { breadcrumb, metadata } = isJsonObject(value) ? value : {};
  if (!Array.isArray(breadcrumb) || !isJsonObject(metadata))
    throw catalogError(
      where,
      'has a metadata entry that lacks "breadcrumb" (an array) or "metadata" (an object)',
    );
  const named = breadcrumb.slice(0, maxBreadcrumbLength).map((step) => quotedName(step));
  const place = `${where}, breadcrumb [${named.join(',')}],`;
  const steps = breadcrumb.filter((step) => typeof step === 'string');
  if (steps.length < breadcrumb.length) throw catalogError(place, 'must be an array of strings');
  checkFlags(metadata, place);
  return [steps, metadata];
}

/** Every RECORD line repeats the name, and no database accepts longer ones. */
const maxNameLength = 255;

/** A catalog entry: metadata, the entry's own keys and the schema. */
export class CatalogEntry {
  /** The `tap_stream_id`. */
  readonly id: string;
  /** The stream name in messages to the target. */
  readonly stream: string;
  /** Metadata of the stream itself (breadcrumb `[]`). */
  readonly root: JsonObject;
  /** The entry's own keys, where older taps and tools put metadata. */
  readonly legacy: JsonObject;
  readonly schema: CatalogSchema;
  /** Breadcrumbs of all metadata entries. */
  readonly breadcrumbs: readonly Breadcrumb[];
  readonly #metadata: ReadonlyMap<string, JsonObject>;

  constructor(value: Json, index: number) {
    const place = `stream ${index + 1} of the list`;
    if (!isJsonObject(value))
      throw catalogError(place, `is ${jsonTypeOf(value)}; it must be an object`);
    const { tap_stream_id: id, schema, metadata } = value;
    if (typeof id !== 'string' || id === '')
      throw catalogError(place, 'needs a "tap_stream_id" with the name of a stream');
    const where = `stream ${quotedName(id)}`;
    const stream = value['stream'] ?? id;
    if (typeof stream !== 'string' || stream === '')
      throw catalogError(where, 'has an invalid "stream"; it must be a non-empty string');
    const { length } = stream;
    if (length > maxNameLength)
      throw catalogError(
        where,
        `has a "stream" of ${length} characters; the maximum is ${maxNameLength}`,
      );
    if (!isJsonObject(schema)) throw catalogError(where, 'needs a "schema" object');
    const list = metadata ?? [];
    if (!Array.isArray(list)) throw catalogError(where, 'has "metadata" that is not an array');
    checkFlags(value, where);
    const entries = list.map((entry) => parseMetadata(entry, where));
    this.id = id;
    this.stream = stream;
    this.legacy = value;
    this.schema = parseSchema(schema, where);
    this.breadcrumbs = entries.map(([breadcrumb]) => breadcrumb);
    this.#metadata = new Map(entries.map(([at, given]) => [JSON.stringify(at), given]));
    this.root = this.#metadataAt([]);
  }

  get isSelected(): boolean {
    return resolveSelected(this.root, this.schema, this.legacy) === true;
  }

  /** Whether the property is selected, provided that its parents are. */
  isPropertySelected(breadcrumb: Breadcrumb): boolean {
    const node = schemaAt(this.schema, breadcrumb);
    return node !== 'absent' && resolveSelected(this.#metadataAt(breadcrumb), node) !== false;
  }

  #metadataAt(breadcrumb: Breadcrumb): JsonObject {
    return this.#metadata.get(JSON.stringify(breadcrumb)) ?? {};
  }
}

/** Precedence: `inclusion`, then `selected` in the metadata and its older places, then `selected-by-default`. */
function resolveSelected(
  metadata: JsonObject,
  schema: CatalogSchema | undefined,
  entry?: JsonObject,
): boolean | undefined {
  const inclusion = metadata['inclusion'] ?? schema?.inclusion;
  if (inclusion === 'automatic' || inclusion === 'unsupported') return inclusion === 'automatic';
  const selected = [metadata['selected'], entry?.['selected'], schema?.selected];
  const flags = [...selected, metadata['selected-by-default']].map((value) => readFlag(value));
  return flags.find((flag) => typeof flag === 'boolean');
}

/** Returns `absent` if the parent's `properties` lack the property, `undefined` if the parent has no `properties`. */
export function schemaAt(
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

/**
 * Parses a catalog that a user, a runner or another tap has written. Ignores unknown keys and does not check that the
 * streams exist.
 * @throws TapError (config) that names the stream and the breadcrumb.
 */
export function parseCatalog(value: Json | Catalog): readonly CatalogEntry[] {
  const streams = isJsonObject(value) ? value['streams'] : undefined;
  if (!Array.isArray(streams))
    throw catalogError('it', 'must be an object with a "streams" array, as --discover prints it');
  return streams.map((entry, index) => new CatalogEntry(entry, index));
}
