/**
 * The promise every SCHEMA and RECORD line keeps, checked without the program's own code: valid under
 * drafts 4, 7 and 2020-12, and nothing in it that stops a target.
 */
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

/**
 * What draft 4 says about the keywords it has, in words a draft-07 compiler reads. Where the drafts
 * differ (boolean schemas, exclusive limits as numbers, an empty `required`) draft 4 is the one kept.
 */
const draft4: AnySchemaObject = {
  $id: 'draft-04',
  type: 'object',
  definitions: {
    types: { enum: ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] },
    texts: { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
    size: { type: 'integer', minimum: 0 },
    schemas: { type: 'array', items: { $ref: 'draft-04' }, minItems: 1 },
    named: { type: 'object', additionalProperties: { $ref: 'draft-04' } },
  },
  properties: {
    id: { type: 'string' },
    $schema: { type: 'string' },
    title: { type: 'string' },
    description: { type: 'string' },
    format: { type: 'string' },
    pattern: { type: 'string', format: 'regex' },
    type: {
      anyOf: [
        { $ref: '#/definitions/types' },
        {
          type: 'array',
          items: { $ref: '#/definitions/types' },
          minItems: 1,
          uniqueItems: true,
        },
      ],
    },
    enum: { type: 'array', minItems: 1, uniqueItems: true },
    properties: { $ref: '#/definitions/named' },
    patternProperties: { $ref: '#/definitions/named' },
    definitions: { $ref: '#/definitions/named' },
    additionalProperties: { anyOf: [{ type: 'boolean' }, { $ref: 'draft-04' }] },
    additionalItems: { anyOf: [{ type: 'boolean' }, { $ref: 'draft-04' }] },
    items: { anyOf: [{ $ref: 'draft-04' }, { $ref: '#/definitions/schemas' }] },
    required: { $ref: '#/definitions/texts' },
    maximum: { type: 'number' },
    minimum: { type: 'number' },
    exclusiveMaximum: { type: 'boolean' },
    exclusiveMinimum: { type: 'boolean' },
    multipleOf: { type: 'number', exclusiveMinimum: 0 },
    maxLength: { $ref: '#/definitions/size' },
    minLength: { $ref: '#/definitions/size' },
    maxItems: { $ref: '#/definitions/size' },
    minItems: { $ref: '#/definitions/size' },
    maxProperties: { $ref: '#/definitions/size' },
    minProperties: { $ref: '#/definitions/size' },
    uniqueItems: { type: 'boolean' },
    allOf: { $ref: '#/definitions/schemas' },
    anyOf: { $ref: '#/definitions/schemas' },
    oneOf: { $ref: '#/definitions/schemas' },
    not: { $ref: 'draft-04' },
  },
};

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
    'draft 4': new Ajv(options).compile(draft4),
    'draft 7': new Ajv(options).getSchema('http://json-schema.org/draft-07/schema'),
    'draft 2020-12': new Ajv2020(options).getSchema('https://json-schema.org/draft/2020-12/schema'),
  });

/** Faults of a schema by the meta-schemas of drafts 4, 7 and 2020-12. */
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
