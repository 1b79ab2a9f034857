/**
 * Turns a freshly parsed item into a record that is valid by its schema. Compiled once for a stream and a
 * run: no value is looked up by its path. Everything below the top level is changed in place.
 */
import type { JsonObject } from '../core/json.ts';
import { keepUnknown } from './clean-value.ts';
import { Notes, type NotesOptions } from './warnings.ts';
import { columnAt, compileProperties, createLookup } from './object-coercer.ts';
import type { SelectedStream } from '../singer/selection.ts';

/** Holds, as JSON text, what no other column can: an object of values by JSON Pointer; mostly null. */
export const additionalFieldsColumn = 'additional_fields';

/** What `knownSchema` lacks is unknown; what `schema` lacks of it is unwanted. */
interface CoercionOptions
  extends
    Pick<SelectedStream, 'knownSchema' | 'schema' | 'keyProperties'>,
    Pick<NotesOptions, 'report'>,
    Partial<Pick<NotesOptions, 'nulled'>> {}

/**
 * The coercion of one stream's items in one run. A record has every column of `schema`, in its order,
 * nulls written out; below the top level only what was sent.
 * The coercion throws an ItemError for a key whose digits were lost in reading.
 */
export function compileCoercion(options: CoercionOptions): (item: JsonObject) => JsonObject {
  const { knownSchema: known, schema, keyProperties, report, nulled = () => undefined } = options;
  const columns = Object.keys(schema.properties ?? {});
  const isKeeping = columns.includes(additionalFieldsColumn);
  const notes = new Notes({ report, nulled, isKeeping });
  const properties = compileProperties({ known, schema }, (name, child) => ({
    ...columnAt([name], child, notes),
    isKey: keyProperties.includes(name),
  }));
  properties.delete(additionalFieldsColumn);
  const lookUp = createLookup(properties);
  const empty: JsonObject = Object.fromEntries(columns.map((name) => [name, null]));
  const coerce = (item: JsonObject): JsonObject => {
    const record = { ...empty };
    let position = 0;
    for (const key in item) {
      const value = item[key] ?? null;
      const property = lookUp(key, position++);
      if (property === undefined) keepUnknown(value, [key], notes);
      else if (!property.isDropped && value !== null) record[key] = property.coerce(value) ?? null;
    }
    if (isKeeping) record[additionalFieldsColumn] = notes.takeKept();
    return record;
  };
  return (item) => {
    try {
      return coerce(item);
    } catch (error) {
      // What was put aside of this item is not the next one's.
      notes.takeKept();
      throw error;
    }
  };
}
