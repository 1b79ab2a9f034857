import { ConfigError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json.ts';
import { adviceFor } from './accepted-values.ts';
import type { SandboxOptions } from './options.ts';

/** `options.json` as ajv compiled it when the program was built. */
interface OptionsValidator {
  (value: unknown): value is SandboxOptions;
  errors?: readonly SchemaError[] | null;
}

interface SchemaError {
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema: unknown;
  readonly message: string;
}

/** The types of JSON Schema in words. */
const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'a JSON object',
  string: 'a text',
};

/** What is wrong and what the option accepts. The text repeats no value. */
function errorText({ instancePath, params, parentSchema, message }: SchemaError): string {
  const where = instancePath.slice(1).replaceAll('/', '.') || 'options';
  const [option = ''] = where.split('.');
  const { additionalProperty: unknown, allowedValues, missingProperty: missing, type } = params;
  if (typeof unknown === 'string') {
    const { properties } = isJsonObject(parentSchema) ? parentSchema : {};
    const known = Object.keys(properties ?? {});
    const problem = `${where}: ${unknown} is not known. Known are ${known.join(', ')}.`;
    return `${problem}${adviceFor(option, true)}`;
  }
  if (Array.isArray(allowedValues)) {
    return `${where} must be one of ${allowedValues.join(', ')}.${adviceFor(option, true)}`;
  }
  if (typeof missing === 'string') return `${where} needs ${missing}.${adviceFor(option)}`;
  if (type === undefined) return `${where} ${message}.${adviceFor(option)}`;
  const words = [type].flat().map((name) => (typeof name === 'string' ? typeNames[name] : ''));
  return `${where} must be ${words.join(' or ')}.${adviceFor(option)}`;
}

/** Options as they come from a file or over the wire. Raises an error that names the first wrong one. */
export async function checkOptions(value: unknown): Promise<SandboxOptions> {
  const url = new URL('../../../dist/validators/sandbox.js', import.meta.url);
  const { default: validate }: { readonly default: OptionsValidator } = await import(url.href);
  if (validate(value)) return value;
  const [error] = validate.errors ?? [];
  throw new ConfigError(error === undefined ? 'The options are wrong.' : errorText(error));
}
