/** Compiles a schema, before and after the selection, into closures that know their place. */
import { TapError } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { keepUnknown } from './clean-value.ts';
import { arrayCoercer, refuse, scalarCoercers, type Coerce, type Column } from './coercers.ts';
import type { Notes, Step } from './warnings.ts';
import { isNullable, propertyBreadcrumbs, typesOf, type JsonSchema } from '../singer/schema.ts';
import { cleanText, isCleanText } from './text.ts';

/** A schema before and after the selection. */
interface Selected {
  readonly known: JsonSchema;
  readonly schema: JsonSchema;
}

/** Is anything known below that is not written? */
function hasUnwanted({ known, schema }: Selected): boolean {
  return [...propertyBreadcrumbs(known)].length > [...propertyBreadcrumbs(schema)].length;
}

function compile(selected: Selected, column: Column): Coerce {
  const { schema, known } = selected;
  const types = typesOf(schema);
  const [type = ''] = types;
  if (schema.properties !== undefined) return objectCoercer(selected, column);
  if (schema.items !== undefined && known.items !== undefined) {
    const items = { known: known.items, schema: schema.items };
    const itemColumn = columnAt([...column.place, null], items, column.notes);
    const coerce = compile(items, itemColumn);
    return arrayCoercer(column, itemColumn, coerce, isNullable(schema.items));
  }
  const scalar = scalarCoercers[schema.format ?? type];
  if (types.length === 1 && scalar !== undefined) return scalar(column);
  throw new TapError(`Schema of ${column.place.join('.')}: values of this kind cannot be written`, {
    kind: 'system',
  });
}

export function columnAt(place: readonly Step[], selected: Selected, notes: Notes): Column {
  return { place, notes, isKey: false, hasUnwanted: hasUnwanted(selected) };
}

interface Property {
  readonly name: string;
  readonly coerce: Coerce;
  /** A text that is clean can stay as it is, and most values are such texts. */
  readonly isText: boolean;
  readonly isDropped: boolean;
}

export type Properties = ReadonlyMap<string, Property>;

export function compileProperties(
  { known, schema }: Selected,
  columnOf: (name: string, child: Selected) => Column,
): Map<string, Property> {
  const properties = schema.properties ?? {};
  const entries = Object.entries(known.properties ?? {}).map(
    ([name, child]): readonly [string, Property] => {
      const pruned = properties[name];
      if (pruned === undefined)
        return [name, { name, coerce: () => undefined, isText: false, isDropped: true }];
      const selected = { known: child, schema: pruned };
      const coerce = compile(selected, columnOf(name, selected));
      const isText = typesOf(pruned).join() === 'string' && pruned.format === undefined;
      return [name, { name, coerce, isText, isDropped: false }];
    },
  );
  return new Map(entries);
}

/**
 * Finds properties by name. Items of a stream nearly always have the same keys in the same order, so
 * the property found at a position the last time is tried first. A key that only a character no target
 * can store tells from an unwanted one is unwanted too.
 */
export function createLookup(
  properties: Properties,
): (key: string, position: number) => Property | undefined {
  const last: Property[] = [];
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

function objectCoercer(selected: Selected, column: Column): Coerce {
  const { place, notes } = column;
  const properties = compileProperties(selected, (name, child) =>
    columnAt([...place, name], child, notes),
  );
  const lookUp = createLookup(properties);
  return (value) => {
    if (!isJsonObject(value)) return value === null ? null : refuse(value, column);
    const object: Record<string, Json | undefined> = value;
    let position = 0;
    for (const key in object) {
      const old = object[key] ?? null;
      const property = lookUp(key, position++);
      if (property?.isText === true && typeof old === 'string' && isCleanText(old)) continue;
      if (property === undefined) keepUnknown(old, [...place, key], notes);
      const next = property?.coerce(old);
      if (next !== old) object[key] = next;
    }
    return value;
  };
}
