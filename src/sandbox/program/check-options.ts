import { ConfigError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json.ts';
import { adviceFor } from './accepted-values.ts';
import type { SandboxOptions } from './options.ts';

/** `options.json`, compiled by ajv during the build. */
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

/** Descriptions of the JSON Schema types. */
const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'a JSON object',
  string: 'a text',
};

/** The error and the accepted values, without the invalid value. */
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

/** Checks options from a file or a request. @throws an error that names the first invalid option */
export async function checkOptions(value: unknown): Promise<SandboxOptions> {
  const url = new URL('../../../dist/validators/sandbox.js', import.meta.url);
  const { default: validate }: { readonly default: OptionsValidator } = await import(url.href);
  if (validate(value)) return value;
  const [error] = validate.errors ?? [];
  throw new ConfigError(error === undefined ? 'The options are wrong.' : errorText(error));
}
