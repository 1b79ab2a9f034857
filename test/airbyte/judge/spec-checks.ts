/** The rules a connection specification must keep, else the platform's form or its secret store breaks. */
import { isJsonObject, type Json, type JsonObject } from '../../../src/core/json.ts';
import type { SpecMessage } from './protocol.ts';

const secretName = /(^|_)(access_token|refresh_token|client_secret|password|token)$/;
const forbidden = ['$ref', 'allOf', 'anyOf', 'not', 'patternProperties'];

function members(schema: JsonObject, key: string): readonly (readonly [string, JsonObject])[] {
  const value = schema[key];
  return isJsonObject(value)
    ? Object.entries(value).flatMap(([name, one]) =>
        isJsonObject(one) ? [[name, one] as const] : [],
      )
    : [];
}

function branchesOf({ oneOf }: JsonObject): readonly JsonObject[] {
  return Array.isArray(oneOf) ? oneOf.filter((one) => isJsonObject(one)) : [];
}

function constantsOf(branch: JsonObject): readonly string[] {
  return members(branch, 'properties')
    .filter(([, { const: constant }]) => constant !== undefined)
    .map(([name]) => name);
}

/** The branches of a choice must differ in the value of one property that all of them have. */
function choiceFaults(schema: JsonObject, path: string): readonly string[] {
  if (schema['oneOf'] === undefined) return [];
  const branches = branchesOf(schema);
  const [first = [], ...others] = branches.map((branch) => constantsOf(branch));
  const common = first.filter((name) => others.every((names) => names.includes(name)));
  return [
    ...(schema['type'] === 'object' ? [] : [`${path}: oneOf where there is no object`]),
    ...(common.length === 1
      ? []
      : [`${path}: its branches have ${common.length} constants in common`]),
  ];
}

function orderFaults(schema: JsonObject, path: string): readonly string[] {
  const orders = members(schema, 'properties').flatMap(([, { order }]) => order ?? []);
  return new Set(orders).size === orders.length ? [] : [`${path}: two properties have one order`];
}

function isEmptyObject(schema: JsonObject): boolean {
  return (
    schema['type'] === 'object' &&
    schema['oneOf'] === undefined &&
    !isJsonObject(schema['properties'])
  );
}

function nodeFaults(name: string, schema: JsonObject, path: string): readonly string[] {
  const faults: string[] = forbidden
    .filter((keyword) => keyword in schema)
    .map((keyword) => `${path}: ${keyword} is not for a form`);
  const isClosed = (schema['additionalProperties'] ?? true) !== true;
  if (Array.isArray(schema['type'])) faults.push(`${path}: more than one type`);
  if (isEmptyObject(schema)) faults.push(`${path}: an object without properties`);
  if (isClosed) faults.push(`${path}: additionalProperties may only be true`);
  const isSecret = secretName.test(name) && schema['type'] === 'string';
  if (isSecret && schema['airbyte_secret'] !== true)
    faults.push(`${path}: is not marked as secret`);
  return [...faults, ...choiceFaults(schema, path), ...orderFaults(schema, path)];
}

function formFaults(name: string, schema: JsonObject, path: string): readonly string[] {
  return [
    ...nodeFaults(name, schema, path),
    ...members(schema, 'properties').flatMap(([child, one]) =>
      formFaults(child, one, `${path}/${child}`),
    ),
    ...branchesOf(schema).flatMap((one, index) => formFaults('', one, `${path}/oneOf/${index}`)),
  ];
}

function isAddress(value: Json | undefined): boolean {
  return value === undefined || (typeof value === 'string' && URL.canParse(value));
}

/** The faults of a specification. */
export function specFaults(spec: SpecMessage['spec']): readonly string[] {
  const { connectionSpecification: form, documentationUrl } = spec;
  return [
    ...(form['type'] === 'object' ? [] : ['the root of the specification is no object']),
    ...(isAddress(documentationUrl) ? [] : ['documentationUrl is no address']),
    ...formFaults('', form, ''),
  ];
}
