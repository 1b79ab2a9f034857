/**
 * The promise every SCHEMA and RECORD line keeps, checked without the program's own code: valid under
 * drafts 4, 7 and 2020-12, and nothing in it that stops a target.
 */
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** RFC 3339 in UTC with up to nine digits of a fraction, of a day that exists in the years 1 to 9999. */
function isWrittenInstant(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/.exec(text);
  const seconds = match?.[1] ?? '';
  const date = new Date(`${seconds}Z`);
  return (
    !text.startsWith('0000') &&
    !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(seconds)
  );
}

const options = {
  strict: true,
  allowUnionTypes: true,
  allErrors: true,
  formats: { 'date-time': isWrittenInstant, regex: true },
} as const;

/** Makes something of a schema, once for all schemas that say the same: compiling takes long. */
function onceEach<T>(make: (schema: AnySchemaObject) => T): (schema: AnySchemaObject) => T {
  const made = new Map<string, T>();
  return (schema) => {
    const text = JSON.stringify(schema);
    const value = made.get(text) ?? make(schema);
    made.set(text, value);
    return value;
  };
}

type Validators = Readonly<Record<string, ValidateFunction | undefined>>;

function faultsBy(validators: Validators, value: unknown): string[] {
  return Object.entries(validators).flatMap(([draft, validate]) =>
    validate?.(value) === true
      ? []
      : (validate?.errors ?? []).map((e) => `${draft}: ${e.instancePath} ${e.message ?? ''}`),
  );
}

let compiledMetaSchemas: Validators | undefined;

const metaSchemas = (): Validators =>
  (compiledMetaSchemas ??= {
    'draft 7': new Ajv(options).getSchema('http://json-schema.org/draft-07/schema'),
    'draft 2020-12': new Ajv2020(options).getSchema('https://json-schema.org/draft/2020-12/schema'),
  });

/** Faults of a schema by the meta-schemas of drafts 7 and 2020-12. What `emissionFaults` lets pass means the same in draft 4. */
export const draftFaults = onceEach((schema): readonly string[] => faultsBy(metaSchemas(), schema));

/**
 * Compiles a check of records. Of the keywords a SCHEMA may hold, draft 4 says the same as draft 7 but for
 * one: 1.0 is no integer in it, and text written by JSON.stringify never holds that.
 */
export const compileForDrafts = onceEach((schema): ((record: unknown) => string[]) => {
  const validators = {
    'draft 7': new Ajv(options).compile(schema),
    'draft 2020-12': new Ajv2020(options).compile(schema),
  };
  return (record) => faultsBy(validators, record);
});

const allowedKeywords = new Set([
  'type',
  'format',
  'description',
  'title',
  'properties',
  'items',
  '$schema',
]);

function typesOf(schema: AnySchemaObject): string[] {
  return [schema['type'] ?? []].flat().filter((type: string) => type !== 'null');
}

function nodeFaults(schema: AnySchemaObject, path: string): string[] {
  const types = typesOf(schema);
  const faults: string[] = Object.keys(schema)
    .filter((keyword) => !allowedKeywords.has(keyword))
    .map((keyword) => `${path}: ${keyword} is not for every target`);
  if (types.length !== 1) faults.push(`${path}: needs one type besides null`);
  if (types.includes('object') && Object.keys(schema['properties'] ?? {}).length === 0)
    faults.push(`${path}: an object needs properties`);
  if (types.includes('array') && schema['items'] === undefined)
    faults.push(`${path}: an array needs items`);
  if (schema['format'] !== undefined && schema['format'] !== 'date-time')
    faults.push(`${path}: ${String(schema['format'])} is not for every target`);
  return faults;
}

function nameFaults(names: readonly string[], path: string): string[] {
  const faults = names
    .filter((name) => !/^[a-z_][a-z0-9_]{0,62}$/.test(name))
    .map((name) => `${path}: ${name} is no name for every target`);
  const isUnique = new Set(names.map((name) => name.toLowerCase())).size === names.length;
  return isUnique ? faults : [...faults, `${path}: names differ by case only`];
}

/** What in a schema stops one target or another; `[]` for one that may be written. */
export function emissionFaults(
  schema: AnySchemaObject,
  keyProperties: readonly string[],
  path = '',
): string[] {
  const properties: Record<string, AnySchemaObject> = schema['properties'] ?? {};
  const keys = keyProperties.flatMap((key) => {
    const type: unknown = properties[key]?.['type'];
    return typeof type === 'string' ? [] : [`${path}/${key}: a key has one type and no null`];
  });
  return [
    ...nodeFaults(schema, path),
    ...nameFaults(Object.keys(properties), path),
    ...keys,
    ...Object.entries(properties).flatMap(([name, child]) =>
      emissionFaults(child, [], `${path}/${name}`),
    ),
    ...(schema['items'] === undefined ? [] : emissionFaults(schema['items'], [], `${path}/*`)),
  ];
}
