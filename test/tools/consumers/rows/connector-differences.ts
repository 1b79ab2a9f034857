/** Compares the records of two sources of the same account, stream by stream and field by field. */
import { isDeepStrictEqual } from 'node:util';
import type { CatalogStream, Schema } from '../messages.ts';

type Data = Record<string, unknown>;

type Records = Readonly<Record<string, readonly Data[]>>;

function isObject(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keyOf(stream: string, data: Data) {
  if (stream === 'routing_settings') return '';
  if (stream === 'agent_timeline') {
    // Their time is truncated to seconds. Two spans of one second differ in their length.
    return [data['agent_id'], String(data['start_time']).slice(0, 19), data['duration']].join('|');
  }
  return String(data['account_key'] ?? data['id'] ?? data['name']);
}

/** @returns where they differ; null and absence are the same */
function* valueDifferences(path: string, theirs: unknown, ours: unknown): Generator<string> {
  if (isDeepStrictEqual(theirs ?? null, ours ?? null)) return;
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length) {
    for (const [place, item] of theirs.entries()) {
      yield* valueDifferences(`${path}[]`, item, ours[place]);
    }
  } else if (isObject(theirs) && isObject(ours)) {
    for (const name of Object.keys({ ...theirs, ...ours })) {
      yield* valueDifferences(`${path}.${name}`, theirs[name], ours[name]);
    }
  } else yield path;
}

function* streamRecordDifferences(
  stream: string,
  theirs: readonly Data[],
  ours: readonly Data[],
): Generator<string> {
  const left = new Map(theirs.map((data) => [keyOf(stream, data), data]));
  const right = new Map(ours.map((data) => [keyOf(stream, data), data]));
  const doubled = theirs.length + ours.length - left.size - right.size;
  if (doubled > 0) yield `${stream}: ${doubled} records came twice`;
  for (const key of right.keys()) {
    if (!left.has(key)) yield `${stream} ${key}: theirs does not have it`;
  }
  for (const [key, data] of left) {
    if (right.has(key)) yield* valueDifferences(stream, data, right.get(key));
    else yield `${stream} ${key}: ours does not have it`;
  }
}

/** @returns paths of fields that differ somewhere, and records that one of the two lacks */
export function recordDifferences(theirs: Records, ours: Records): readonly string[] {
  const found: Set<string> = new Set();
  for (const stream of Object.keys({ ...theirs, ...ours })) {
    const both = streamRecordDifferences(stream, theirs[stream] ?? [], ours[stream] ?? []);
    for (const difference of both) found.add(difference);
  }
  return [...found].sort();
}

/** @returns the type of each field without null, with its format */
function* fieldTypes(
  path: string,
  { type = [], format = '', properties = {}, items }: Schema,
): Generator<readonly [string, string]> {
  const types = [type].flat().filter((name) => name !== 'null');
  yield [path, `${types.sort().join(' or ') || 'anything'} ${format}`.trim()];
  for (const [name, schema] of Object.entries(properties)) {
    yield* fieldTypes(`${path}.${name}`, schema);
  }
  if (items !== undefined) yield* fieldTypes(`${path}[]`, items);
}

function streamDifferences(theirs: CatalogStream, ours: CatalogStream) {
  const { json_schema: theirSchema, ...theirRest } = theirs;
  const { json_schema: ourSchema, ...ourRest } = ours;
  const types = new Map(fieldTypes(ours.name, ourSchema));
  const changed = [...fieldTypes(theirs.name, theirSchema)]
    .filter(([path, type]) => types.get(path) !== type)
    .map(([path, type]) => `${path}: ${type}, ours ${types.get(path) ?? 'does not have it'}`);
  // Modes, keys, cursors.
  return isDeepStrictEqual(theirRest, ourRest)
    ? changed
    : [...changed, `${theirs.name}: ${JSON.stringify(theirRest)}, ours ${JSON.stringify(ourRest)}`];
}

/** @returns all of their catalog that is not the same in ours */
export function catalogDifferences(
  theirs: readonly CatalogStream[],
  ours: readonly CatalogStream[],
): readonly string[] {
  return theirs
    .flatMap((stream) => {
      const same = ours.find(({ name }) => name === stream.name);
      return same === undefined
        ? [`${stream.name}: ours does not have it`]
        : streamDifferences(stream, same);
    })
    .sort();
}
