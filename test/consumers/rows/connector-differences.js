/** What two sources say of the same account, compared stream by stream and field by field. */
import { isDeepStrictEqual } from 'node:util';

/** @typedef {import('../messages.js').CatalogStream} CatalogStream */
/** @typedef {Record<string, unknown>} Data */
/** @typedef {Readonly<Record<string, readonly Data[]>>} Records */

/**
 * @typedef {object} Schema
 * @property {string | string[]} [type]
 * @property {string} [format]
 * @property {Record<string, Schema>} [properties]
 * @property {Schema} [items]
 */

/**
 * @param {unknown} value
 * @returns {value is Data}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {string} stream
 * @param {Data} data
 */
function keyOf(stream, data) {
  if (stream === 'routing_settings') return '';
  if (stream === 'agent_timeline') {
    // Theirs is cut to whole seconds; two spans of one second differ in their length.
    return [data['agent_id'], String(data['start_time']).slice(0, 19), data['duration']].join('|');
  }
  return String(data['account_key'] ?? data['id'] ?? data['name']);
}

/**
 * @param {string} path
 * @param {unknown} theirs
 * @param {unknown} ours
 * @returns {Generator<string>} where they differ; null and absence are the same
 */
function* valueDifferences(path, theirs, ours) {
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

/**
 * @param {string} stream
 * @param {readonly Data[]} theirs
 * @param {readonly Data[]} ours
 * @returns {Generator<string>}
 */
function* streamRecordDifferences(stream, theirs, ours) {
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

/**
 * @param {Records} theirs
 * @param {Records} ours
 * @returns {readonly string[]} paths of fields that differ somewhere, and records that one of the two lacks
 */
export function recordDifferences(theirs, ours) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const stream of Object.keys({ ...theirs, ...ours })) {
    const both = streamRecordDifferences(stream, theirs[stream] ?? [], ours[stream] ?? []);
    for (const difference of both) found.add(difference);
  }
  return [...found].sort();
}

/**
 * @param {string} path
 * @param {Schema} schema
 * @returns {Generator<readonly [string, string]>} the type of each field without null, with its format
 */
function* fieldTypes(path, { type = [], format = '', properties = {}, items }) {
  const types = [type].flat().filter((name) => name !== 'null');
  yield [path, `${types.sort().join(' or ') || 'anything'} ${format}`.trim()];
  for (const [name, schema] of Object.entries(properties)) {
    yield* fieldTypes(`${path}.${name}`, schema);
  }
  if (items !== undefined) yield* fieldTypes(`${path}[]`, items);
}

/**
 * @param {CatalogStream} theirs
 * @param {CatalogStream} ours
 */
function streamDifferences(theirs, ours) {
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

/**
 * @param {readonly CatalogStream[]} theirs
 * @param {readonly CatalogStream[]} ours
 * @returns {readonly string[]} all of their catalog that is not the same in ours
 */
export function catalogDifferences(theirs, ours) {
  return theirs
    .flatMap((stream) => {
      const same = ours.find(({ name }) => name === stream.name);
      return same === undefined
        ? [`${stream.name}: ours does not have it`]
        : streamDifferences(stream, same);
    })
    .sort();
}
