/** Catalogs that stop the platform, or that a destination cannot make tables of. */
import { Ajv } from 'ajv';

import { isJsonObject, type Json, type JsonObject } from '../../../src/core/json.ts';
import type { AirbyteStream, Catalog } from './protocol.ts';

const unwanted = new Set(['$ref', 'allOf', 'anyOf', 'not', 'patternProperties', 'definitions']);

/** The paths in a schema that a platform or a destination cannot use. */
export function schemaFaults(schema: Json, path = ''): readonly string[] {
  if (Array.isArray(schema))
    return schema.flatMap((one, index) => schemaFaults(one, `${path}/${index}`));
  if (!isJsonObject(schema)) return [];
  const { additionalProperties, properties, items } = schema;
  const isClosed = additionalProperties !== undefined && additionalProperties !== true;
  const faults = Object.keys(schema)
    .filter((keyword) => unwanted.has(keyword))
    .map((keyword) => `${path}/${keyword} is not for every destination`);
  if (isClosed) faults.push(`${path}/additionalProperties may only be true`);
  if (typesOf(schema).filter((type) => type !== 'null').length > 1)
    faults.push(`${path} has more than one type besides null`);
  const children = isJsonObject(properties) ? Object.entries(properties) : [];
  return [
    ...faults,
    ...children.flatMap(([name, child]) => schemaFaults(child ?? null, `${path}/${name}`)),
    ...(items === undefined ? [] : schemaFaults(items, `${path}/*`)),
  ];
}

function typesOf(schema: Json | undefined): readonly Json[] {
  return isJsonObject(schema) ? [schema['type'] ?? []].flat() : [];
}

function columnAt(schema: JsonObject, [name = '']: readonly string[]): Json | undefined {
  const { properties } = schema;
  return isJsonObject(properties) ? properties[name] : undefined;
}

function keyFaults(stream: AirbyteStream): readonly string[] {
  const { json_schema: schema, source_defined_primary_key: keys = [] } = stream;
  return keys.flatMap((path) => {
    const types = typesOf(columnAt(schema, path));
    if (types.length === 0) return [`has no column for its key ${path.join('.')}`];
    const isPlain = !types.includes('object') && !types.includes('array');
    return isPlain ? [] : [`has a key that is no plain value: ${path.join('.')}`];
  });
}

function cursorFaults(stream: AirbyteStream): readonly string[] {
  const { json_schema: schema, default_cursor_field: cursor, supported_sync_modes: modes } = stream;
  const isIncremental = modes.includes('incremental');
  const faults: string[] = [];
  if (isIncremental && cursor === undefined) faults.push('is incremental without a cursor');
  if (!isIncremental && cursor !== undefined) faults.push('has a cursor and is not incremental');
  if (cursor !== undefined && columnAt(schema, cursor) === undefined)
    faults.push(`has no column for its cursor ${cursor.join('.')}`);
  if (isIncremental && stream.source_defined_cursor !== true)
    faults.push('leaves the cursor to the user');
  if (stream.is_resumable === undefined) faults.push('does not say whether it is resumable');
  return faults;
}

function streamFaults(stream: AirbyteStream): readonly string[] {
  const { json_schema: schema, namespace } = stream;
  const { type, properties } = schema;
  const isTable =
    type === 'object' && isJsonObject(properties) && Object.keys(properties).length > 0;
  const isSchema = new Ajv({ strict: false, formats: { 'date-time': true } }).validateSchema(
    schema,
  );
  return [
    ...(isTable ? [] : ['has no columns']),
    ...(isSchema === true ? [] : ['has a schema that is none']),
    ...(namespace === undefined ? [] : ['has a namespace']),
    ...keyFaults(stream),
    ...cursorFaults(stream),
    ...schemaFaults(schema),
  ];
}

/** The faults of a catalog of an API source. */
export function catalogFaults({ streams }: Catalog): readonly string[] {
  const names = streams.map(({ name }) => name);
  return [
    ...(new Set(names).size === names.length ? [] : ['two streams have one name']),
    ...(names.length > 0 ? [] : ['there is no stream']),
    ...streams.flatMap((stream) => streamFaults(stream).map((fault) => `${stream.name} ${fault}`)),
  ];
}
