import { foreign } from '../core/foreign-text.ts';
import { TapError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { quotedList } from '../core/quoting.ts';

export interface ResponseShape {
  /** Keys that identify an object as a response; `[]` if a response is never an object. */
  readonly keys: readonly string[];
  /** @throws TapError (system) for a response of another shape. */
  readonly read: (body: Json) => readonly ItemList[];
  /** Names of further arrays in the response, which are not read. */
  readonly unreadLists: (body: Json) => readonly string[];
}

/** An array of objects in a response. `name` is its key, or `''`. */
export interface ItemList {
  readonly name: string;
  readonly items: readonly JsonObject[];
}

/** `[{…}, {…}]` */
export const bareArray: ResponseShape = {
  keys: [],
  read: (body) => [{ name: '', items: objectsIn(body, 'an array of objects', (found) => found) }],
  unreadLists: () => [],
};

/** `[{…}]`, `{"data": [{…}]}` or `{"data": {…}}`, for a response whose shape is not documented */
export const arrayOrData: ResponseShape = {
  keys: ['data'],
  read: (body) => {
    const inner = isJsonObject(body) && 'data' in body ? (body['data'] ?? null) : body;
    return bareArray.read(isJsonObject(inner) && inner !== body ? [inner] : inner);
  },
  unreadLists: (body) => otherLists(body, ['data']),
};

/** `{…}` with this key */
export function singleObject(key: string): ResponseShape {
  return {
    keys: [key],
    read: (body) => {
      if (isJsonObject(body) && key in body) return [{ name: '', items: [body] }];
      throw shapeError(`an object with ${key}`, describeJson(body));
    },
    unreadLists: () => [],
  };
}

/** `{"<key>": {…}}` */
export function nestedObject(key: string): ResponseShape {
  const expected = `an object that contains another one as ${key}`;
  return {
    keys: [key],
    read: (body) => {
      const inner = isJsonObject(body) ? body[key] : undefined;
      if (inner === undefined) throw shapeError(expected, describeJson(body));
      if (isJsonObject(inner)) return [{ name: '', items: [inner] }];
      throw shapeError(expected, `an object that contains ${describeJson(inner)} as ${key}`);
    },
    unreadLists: (body) => otherLists(body, [key]),
  };
}

/** `{"<name>": [{…}], …}`. Missing arrays count as empty, but at least one must be present. */
export function namedArrays(...names: readonly string[]): ResponseShape {
  const quoted = names.map((name) => `"${name}"`).join(' and ');
  const expected = `an object with the ${names.length > 1 ? 'arrays' : 'array'} of objects ${quoted}`;
  const missing = names.length > 1 ? [] : null;
  return {
    keys: names,
    read: (body) => {
      if (!isJsonObject(body) || !names.some((name) => name in body)) {
        throw shapeError(expected, describeJson(body));
      }
      return names.map((name) => {
        const whole = (found: string): string => `an object whose "${name}" is ${found}`;
        return { name, items: objectsIn(body[name] ?? missing, expected, whole) };
      });
    },
    unreadLists: (body) => otherLists(body, names),
  };
}

function otherLists(body: Json, known: readonly string[]): readonly string[] {
  if (!isJsonObject(body)) return [];
  return Object.entries(body).flatMap(([name, value]) =>
    Array.isArray(value) && value.length > 0 && !known.includes(name) ? [name] : [],
  );
}

/** Returns a function that takes the names of unread arrays in each page and warns once. */
export function createUnknownListWarning(
  warn: (message: string) => void,
): (names: readonly string[]) => void {
  let hasWarned = false;
  return (names) => {
    if (names.length === 0 || hasWarned) return;
    hasWarned = true;
    const what = names.length === 1 ? 'an array' : 'arrays';
    warn(
      `the API's response contains ${what} that this version does not know and does not read: ` +
        `${quotedList(names)}. Please report it`,
    );
  };
}

/** @param describeWhole Describes the whole response, given the description of the value. */
function objectsIn(
  value: Json,
  expected: string,
  describeWhole: (found: string) => string,
): readonly JsonObject[] {
  if (!Array.isArray(value)) throw shapeError(expected, describeWhole(describeJson(value)));
  const objects = value.filter((item) => isJsonObject(item));
  if (objects.length === value.length) return objects;
  const odd = value.find((item) => !isJsonObject(item)) ?? null;
  throw shapeError(expected, describeWhole(`an array that contains ${describeJson(odd)}`));
}

function shapeError(expected: string, found: string): TapError {
  return new TapError(
    `the API's response is ${found}, but ${expected} was expected; nothing was read from it. Report this ` +
      "with the tap's version",
    { kind: 'system' },
  );
}

const maxShownKeys = 5;
const maxKeyLength = 40;

/** Describes the kind of a value, without its content. */
function describeJson(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return 'a string';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const shown = keys
    .slice(0, maxShownKeys)
    .map((key) => foreign(JSON.stringify(key.slice(0, maxKeyLength))));
  return `an object with ${shown.join(', ')}${keys.length > maxShownKeys ? ', …' : ''}`;
}
