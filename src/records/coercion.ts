/**
 * Turns a parsed item into a record that is valid by its schema. Compiled once per stream and run, so that no lookup by
 * path is needed. Changes everything below the top level in place.
 */
import type { JsonObject } from '../core/json.ts';
import { keepUnknownField } from './clean-value.ts';
import { RecordWarnings, type RecordWarningsOptions } from './warnings.ts';
import { createColumn, compileProperties, createPropertyLookup } from './object-coercer.ts';
import type { SelectedStream } from '../singer/select-streams.ts';

/** Contains values that no other column can hold, as JSON text of an object by JSON Pointer. Usually null. */
export const additionalFieldsColumn = 'additional_fields';

/** Properties that are not in `knownSchema` are unknown. Those that are not in `schema` are not selected. */
interface CoercionOptions
  extends
    Pick<SelectedStream, 'knownSchema' | 'schema' | 'keyProperties'>,
    Pick<RecordWarningsOptions, 'onMismatch' | 'onRepeatedMismatch' | 'onNulled'> {}

/**
 * Compiles the coercion of a stream's items. A record has every column of `schema`, in schema order, with null for
 * missing values. Nested objects contain only the properties that the API sent.
 * The coercion throws an ItemError for a key that JSON.parse rounded.
 */
export function compileCoercion(options: CoercionOptions): (item: JsonObject) => JsonObject {
  const { knownSchema: known, schema, keyProperties } = options;
  const columns = Object.keys(schema.properties ?? {});
  const keepsRaw = columns.includes(additionalFieldsColumn);
  const warnings = new RecordWarnings({ ...options, keepsRaw });
  const properties = compileProperties({ known, schema }, (name, child) => ({
    ...createColumn([name], child, warnings),
    isKey: keyProperties.includes(name),
  }));
  properties.delete(additionalFieldsColumn);
  const lookUp = createPropertyLookup(properties);
  const empty: JsonObject = Object.fromEntries(columns.map((name) => [name, null]));
  const coerce = (item: JsonObject): JsonObject => {
    const record = { ...empty };
    let position = 0;
    for (const key in item) {
      const value = item[key] ?? null;
      const property = lookUp(key, position++);
      if (property === undefined) keepUnknownField(value, [key], warnings);
      else if (!property.isDropped && value !== null) record[key] = property.coerce(value) ?? null;
    }
    if (keepsRaw) record[additionalFieldsColumn] = warnings.takeRaw();
    return record;
  };
  return (item) => {
    try {
      return coerce(item);
    } catch (error) {
      // Discard the kept values of this item.
      warnings.takeRaw();
      throw error;
    }
  };
}
