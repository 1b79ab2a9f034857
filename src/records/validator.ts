import type { JsonObject } from '../core/json.ts';

export interface CompiledSchema {
  (value: unknown): boolean;
  errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

/** Returns `undefined` for a valid record, else one line with the path and the violated rule, without the value. */
export type Validate = (record: JsonObject) => string | undefined;

/**
 * Loads the validator of a stream's records, which was compiled during the build. It validates the full schema, which
 * also fits a selection of columns, because no property is required. (Records with a null key are removed before.)
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
