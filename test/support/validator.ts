import { Ajv } from 'ajv';

import { streamAjvOptions } from '../../src/build/write-validators.ts';
import type { JsonSchema } from '../../src/singer/schema.ts';
import { createValidate, type Validate } from '../../src/records/validator.ts';

/** The check of a made-up stream's records, compiled as those that are shipped. */
export function compileValidator(schema: JsonSchema): Validate {
  return createValidate(new Ajv(streamAjvOptions).compile(schema));
}
