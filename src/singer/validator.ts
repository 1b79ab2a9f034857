import type { JsonObject } from '../json.ts';
import type { JsonSchema } from './schema.ts';

/**
 * Has it the one form of an instant in a record? By its length and separators: that it is a real day was
 * seen to when it was made, and this is asked about every instant again.
 */
function isInstant(text: string): boolean {
  const { length } = text;
  return (
    (length === 20 || length === 27) &&
    text[4] === '-' &&
    text[7] === '-' &&
    text[10] === 'T' &&
    text[13] === ':' &&
    text[16] === ':' &&
    text[length - 1] === 'Z' &&
    (length === 20 || text[19] === '.')
  );
}

/**
 * Compiles the check of a stream's records against the schema written before them. It answers nothing
 * for a valid record, else one line with the path and the rule that is broken, never the value.
 * The compiler is loaded when it is first needed: it costs more than starting the program.
 */
export async function compileValidator(
  schema: JsonSchema,
): Promise<(record: JsonObject) => string | undefined> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({
    strict: true,
    allowUnionTypes: true,
    // The schemas are ours and held by tests: to judge them by the schema of schemas takes half the time of it all.
    meta: false,
    validateSchema: false,
    formats: { 'date-time': isInstant },
  });
  const validate = ajv.compile(schema);
  return (record) => {
    if (validate(record)) return undefined;
    const [error] = validate.errors ?? [];
    return `${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}`.trim();
  };
}
