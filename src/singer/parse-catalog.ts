import { TapError } from '../core/errors.ts';
import { isJsonObject, jsonTypeOf, type Json, type JsonObject } from '../core/json.ts';
import { quoted, quotedName } from '../core/quoting.ts';
import type { Catalog } from './catalog.ts';
import type { Breadcrumb, JsonSchema } from './schema.ts';

/** The spec's own example has flags as texts. `undefined`: null, or the key is not there. */
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

/** A schema in a given catalog: old taps and their tools write their choices into it. */
interface CatalogSchema extends JsonSchema {
  readonly selected?: Json;
  readonly inclusion?: Json;
  readonly properties?: Readonly<Record<string, CatalogSchema>>;
  readonly items?: CatalogSchema;
}

/** Only what a choice can be read from; a list without properties says nothing. */
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

/** More names of a breadcrumb than any column of ours has. */
const maxBreadcrumbLength = 10;

function parseMetadata(value: Json, where: string): readonly [Breadcrumb, JsonObject] {
  const { breadcrumb, metadata } = isJsonObject(value) ? value : {};
  if (!Array.isArray(breadcrumb) || !isJsonObject(metadata))
    throw catalogError(where, 'has a metadata entry without "breadcrumb" (a list) and "metadata"');
  const named = breadcrumb.slice(0, maxBreadcrumbLength).map((step) => quotedName(step));
  const place = `${where}, breadcrumb [${named.join(',')}],`;
  const steps = breadcrumb.filter((step) => typeof step === 'string');
  if (steps.length < breadcrumb.length) throw catalogError(place, 'must be a list of texts');
  checkFlags(metadata, place);
  return [steps, metadata];
}

/** Every record's line repeats the name. No database takes one as long as this. */
const maxNameLength = 255;

/** What a catalog says about one stream: in metadata, in the entry's own keys, in its schema. */
export class CatalogEntry {
  /** Its `tap_stream_id`. */
  readonly id: string;
  /** The name a target is given. */
  readonly stream: string;
  /** The metadata of the stream itself. */
  readonly root: JsonObject;
  /** Keys of the entry itself, as older taps and tools write them. */
  readonly legacy: JsonObject;
  readonly schema: CatalogSchema;
  /** The places its metadata is about. */
  readonly breadcrumbs: readonly Breadcrumb[];
  readonly #metadata: ReadonlyMap<string, JsonObject>;

  constructor(value: Json, index: number) {
    const place = `stream ${index + 1} of the list`;
    if (!isJsonObject(value))
      throw catalogError(place, `is ${jsonTypeOf(value)}; it must be an object`);
    const { tap_stream_id: id, schema, metadata } = value;
    if (typeof id !== 'string' || id === '')
      throw catalogError(place, 'needs a "tap_stream_id", the name of a stream');
    const where = `stream ${quotedName(id)}`;
    const stream = value['stream'] ?? id;
    if (typeof stream !== 'string' || stream === '')
      throw catalogError(where, 'has a "stream" that is no text');
    const { length } = stream;
    if (length > maxNameLength)
      throw catalogError(where, `has a "stream" of ${length} characters; at most ${maxNameLength}`);
    if (!isJsonObject(schema)) throw catalogError(where, 'needs a "schema", an object');
    const list = metadata ?? [];
    if (!Array.isArray(list)) throw catalogError(where, 'has "metadata" that is no list');
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

  /** Is the property at this place selected, its parents being so? */
  isPropertySelected(breadcrumb: Breadcrumb): boolean {
    const node = schemaAt(this.schema, breadcrumb);
    return node !== 'absent' && resolveSelected(this.#metadataAt(breadcrumb), node) !== false;
  }

  #metadataAt(breadcrumb: Breadcrumb): JsonObject {
    return this.#metadata.get(JSON.stringify(breadcrumb)) ?? {};
  }
}

/** The opinion that counts: of the metadata first, then of its older forms, then the default. */
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

/** `absent`: the schema lists the parent's properties without it; `undefined`: it does not say what the parent holds. */
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
 * A catalog as a user, a runner or another tap's discovery wrote it. Keys without a meaning here are
 * left alone; whether its streams exist is not asked.
 * @throws TapError of kind config that names the stream and the breadcrumb.
 */
export function parseCatalog(value: Json | Catalog): readonly CatalogEntry[] {
  const streams = isJsonObject(value) ? value['streams'] : undefined;
  if (!Array.isArray(streams))
    throw catalogError('it', 'must be an object with a list "streams", as --discover prints it');
  return streams.map((entry, index) => new CatalogEntry(entry, index));
}
