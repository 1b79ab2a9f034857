/**
 * The part of JSON Schema (draft-07) our schema files use. One type, plus `null` where the value may be
 * missing; no references, no unions of schemas, so that every target understands it.
 */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/**
 * Where a property stands in a schema, as Singer's metadata spells it: `[]` is the stream,
 * `['properties', 'history', 'items', 'properties', 'msg']` a property of an array's items.
 */
export type Breadcrumb = readonly string[];

/** The types a schema allows besides null, in its order. */
export function typesOf(schema: JsonSchema): readonly string[] {
  const { type = [] } = schema;
  const types = typeof type === 'string' ? [type] : type;
  return types.filter((name) => name !== 'null');
}

export function isNullable(schema: JsonSchema): boolean {
  return schema.type === 'null' || (Array.isArray(schema.type) && schema.type.includes('null'));
}

/** The same schema for a column that is never null: a key. */
export function withoutNull(schema: JsonSchema): JsonSchema {
  const [type, ...more] = typesOf(schema);
  if (!isNullable(schema) || type === undefined) return schema;
  return { ...schema, type: more.length === 0 ? type : [type, ...more] };
}

/** A schema's properties, those that are keys without null. */
export function columnsOf(
  { properties = {} }: JsonSchema,
  keys: readonly string[],
): Readonly<Record<string, JsonSchema>> {
  const columns = Object.entries(properties).map(([name, column]) => [
    name,
    keys.includes(name) ? withoutNull(column) : column,
  ]);
  return Object.fromEntries(columns);
}

/** Breadcrumbs of every property at every depth, also below array items, in the schema's order. */
export function* propertyBreadcrumbs(
  schema: JsonSchema,
  at: Breadcrumb = [],
): Generator<Breadcrumb, void, undefined> {
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const breadcrumb = [...at, 'properties', name];
    yield breadcrumb;
    yield* propertyBreadcrumbs(child, breadcrumb);
  }
  if (schema.items !== undefined) yield* propertyBreadcrumbs(schema.items, [...at, 'items']);
}

/**
 * The schema with only the properties (and array items) that `isSelected` accepts. A parent that is not selected
 * takes its children with it; `undefined` when nothing is left, and such a property is left out of its
 * parent: there is never an object without properties, nor an array without items.
 */
export function pruneSchema(
  schema: JsonSchema,
  isSelected: (breadcrumb: Breadcrumb) => boolean,
  at: Breadcrumb = [],
): JsonSchema | undefined {
  const pruneChild = (child: JsonSchema, breadcrumb: Breadcrumb): JsonSchema | undefined =>
    isSelected(breadcrumb) ? pruneSchema(child, isSelected, breadcrumb) : undefined;
  if (schema.properties !== undefined) {
    const kept = Object.entries(schema.properties).flatMap(([name, child]) => {
      const pruned = pruneChild(child, [...at, 'properties', name]);
      return pruned === undefined ? [] : [[name, pruned] as const];
    });
    if (kept.length === 0) return undefined;
    return { ...schema, properties: Object.fromEntries(kept) };
  }
  if (schema.items === undefined) return schema;
  const items = pruneChild(schema.items, [...at, 'items']);
  return items && { ...schema, items };
}
