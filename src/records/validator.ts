import type { JsonObject } from '../core/json.ts';

export interface CompiledSchema {
  (value: unknown): boolean;
  errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

/** Answers nothing for a valid record, else one line with the path and the rule that is broken, never the value. */
export type Validate = (record: JsonObject) => string | undefined;

/**
 * Loads the check of a stream's records against its schema, which was compiled when the program was built.
 * It is the whole stream's, whatever is selected: no schema has a property that must be there, so a record of
 * some columns is valid by the whole just when it is by these. (A key that is null was left out before.)
 */
export async function loadValidator(stream: string): Promise<Validate> {
  const url = new URL(`../../dist/validators/streams/${stream}.js`, import.meta.url);
  const { default: isValid }: { readonly default: CompiledSchema } = await import(url.href);
  return createValidate(isValid);
}

export function createValidate(isValid: CompiledSchema): Validate {
  return (record) => {
    if (isValid(record)) return undefined;
    const [error] = isValid.errors ?? [];
    return `${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}`.trim();
  };
}
