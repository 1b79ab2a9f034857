/**
 * Turns a freshly parsed item into a record that is valid by its schema. Compiled once for a stream and a
 * run: no value is looked up by its path. Everything below the top level is changed in place.
 */
import type { JsonObject } from '../core/json.ts';
import { keepUnknownField } from './clean-value.ts';
import { RecordWarnings, type RecordWarningsOptions } from './warnings.ts';
import { createColumn, compileProperties, createPropertyLookup } from './object-coercer.ts';
import type { SelectedStream } from '../singer/select-streams.ts';

/** Holds, as JSON text, what no other column can: an object of values by JSON Pointer; mostly null. */
export const additionalFieldsColumn = 'additional_fields';

/** What `knownSchema` lacks is unknown; what `schema` lacks of it is unwanted. */
interface CoercionOptions
  extends
    Pick<SelectedStream, 'knownSchema' | 'schema' | 'keyProperties'>,
    Pick<RecordWarningsOptions, 'onMismatch' | 'onRepeatedMismatch' | 'onNulled'> {}

/**
 * The coercion of one stream's items in one run. A record has every column of `schema`, in its order,
 * nulls written out; below the top level only what was sent.
 * The coercion throws an ItemError for a key whose digits were lost in reading.
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
      // What was put aside of this item is not the next one's.
      warnings.takeRaw();
      throw error;
    }
  };
}
