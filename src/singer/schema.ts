/**
 * The subset of JSON Schema (draft-07) that the schema files use: one type, plus `null` for values that may be missing.
 * No references and no unions of schemas, because not every target supports them.
 */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/**
 * The path of a property in a schema, as in Singer metadata. `[]` is the stream,
 * `['properties', 'history', 'items', 'properties', 'msg']` is a property of array items.
 */
export type Breadcrumb = readonly string[];

/** The types of a schema without null, in schema order. */
export function typesOf(schema: JsonSchema): readonly string[] {
  const { type = [] } = schema;
  const types = typeof type === 'string' ? [type] : type;
  return types.filter((name) => name !== 'null');
}

export function isNullable(schema: JsonSchema): boolean {
  return schema.type === 'null' || (Array.isArray(schema.type) && schema.type.includes('null'));
}

/** The schema without null. Key columns are never null. */
export function withoutNull(schema: JsonSchema): JsonSchema {
  const [type, ...more] = typesOf(schema);
  if (!isNullable(schema) || type === undefined) return schema;
  return { ...schema, type: more.length === 0 ? type : [type, ...more] };
}

/** The properties of a schema; key properties are not nullable. */
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

/** Breadcrumbs of all properties at every depth, including those in array items, in schema order. */
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
 * Reduces a schema to the properties (and array items) that `isSelected` accepts. An unselected parent excludes its
 * children. Objects without selected properties and arrays without selected items are excluded too. Returns
 * `undefined` if nothing is left.
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
