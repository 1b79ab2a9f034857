/** Compiles a schema and its selected part into functions that convert values. Each function knows its path. */
import { TapError } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { keepUnknownField } from './clean-value.ts';
import { arrayCoercer, reject, scalarCoercers, type Coerce, type Column } from './coercers.ts';
import type { RecordPath, RecordWarnings } from './warnings.ts';
import { isNullable, propertyBreadcrumbs, typesOf, type JsonSchema } from '../singer/schema.ts';
import { cleanText, isCleanText } from './clean-text.ts';

/** A schema before and after the selection. */
interface SchemaPair {
  readonly known: JsonSchema;
  readonly schema: JsonSchema;
}

/** Whether any nested property is not selected. */
function hasUnselectedProperty({ known, schema }: SchemaPair): boolean {
  return [...propertyBreadcrumbs(known)].length > [...propertyBreadcrumbs(schema)].length;
}

function compileValue(selected: SchemaPair, column: Column): Coerce {
  const { schema, known } = selected;
  const types = typesOf(schema);
  const [type = ''] = types;
  if (schema.properties !== undefined) return objectCoercer(selected, column);
  if (schema.items !== undefined && known.items !== undefined) {
    const items = { known: known.items, schema: schema.items };
    const itemColumn = createColumn([...column.path, null], items, column.warnings);
    const coerce = compileValue(items, itemColumn);
    return arrayCoercer(column, itemColumn, coerce, isNullable(schema.items));
  }
  const scalar = scalarCoercers[schema.format ?? type];
  if (types.length === 1 && scalar !== undefined) return scalar(column);
  const text = `Schema of ${column.path.join('.')}: this type is not supported`;
  throw new TapError(text, { kind: 'system' });
}

export function createColumn(
  path: RecordPath,
  selected: SchemaPair,
  warnings: RecordWarnings,
): Column {
  return { path, warnings, isKey: false, hasUnselected: hasUnselectedProperty(selected) };
}

interface PropertyCoercer {
  readonly name: string;
  readonly coerce: Coerce;
  /** Clean strings, the most frequent values, need no conversion. */
  readonly isText: boolean;
  readonly isDropped: boolean;
}

export function compileProperties(
  { known, schema }: SchemaPair,
  columnOf: (name: string, child: SchemaPair) => Column,
): Map<string, PropertyCoercer> {
  const properties = schema.properties ?? {};
  const coercers = Object.entries(known.properties ?? {}).map(([name, child]): PropertyCoercer => {
    const pruned = properties[name];
    if (pruned === undefined)
      return { name, coerce: () => undefined, isText: false, isDropped: true };
    const selected = { known: child, schema: pruned };
    const coerce = compileValue(selected, columnOf(name, selected));
    const isText = typesOf(pruned).join() === 'string' && pruned.format === undefined;
    return { name, coerce, isText, isDropped: false };
  });
  return new Map(coercers.map((coercer) => [coercer.name, coercer]));
}

/**
 * Finds properties by name. Items of a stream usually have the same keys in the same order, so the property that the
 * previous item had at this position is tried first. A key also matches an unselected property if it has its name after
 * cleanText.
 */
export function createPropertyLookup(
  properties: ReadonlyMap<string, PropertyCoercer>,
): (key: string, position: number) => PropertyCoercer | undefined {
  const last: PropertyCoercer[] = [];
  return (key, position) => {
    const likely = last[position];
    if (likely !== undefined && likely.name === key) return likely;
    const found = properties.get(key);
    if (found !== undefined && position <= last.length) last[position] = found;
    if (found !== undefined || isCleanText(key)) return found;
    const twin = properties.get(cleanText(key));
    return twin?.isDropped === true ? twin : undefined;
  };
}

function objectCoercer(selected: SchemaPair, column: Column): Coerce {
  const { path, warnings } = column;
  const properties = compileProperties(selected, (name, child) =>
    createColumn([...path, name], child, warnings),
  );
  const lookUp = createPropertyLookup(properties);
  return (value) => {
    if (!isJsonObject(value)) return value === null ? null : reject(value, column);
    const object: Record<string, Json | undefined> = value;
    let position = 0;
    for (const key in object) {
      const old = object[key] ?? null;
      const property = lookUp(key, position++);
      if (property?.isText === true && typeof old === 'string' && isCleanText(old)) continue;
      if (property === undefined) keepUnknownField(old, [...path, key], warnings);
      const next = property?.coerce(old);
      if (next !== old) object[key] = next;
    }
    return value;
  };
}
