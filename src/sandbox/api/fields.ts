import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { applyPatch } from '../data/raw-json.ts';
import { rejectRequest } from './query.ts';

/** The requested keys of an object. The value is `true` for a whole value, or the requested keys of that value. */
export interface FieldTree {
  readonly [key: string]: FieldTree | true;
}

const allowedCharacters = /^[\w*(),]+$/;
const partPattern = /(\w+|\*)(\(?)|\)/g;

/** A list must not be empty. If it contains `*`, it has no other element. */
function isValid(tree: FieldTree): boolean {
  const keys = Object.keys(tree);
  if (keys.length === 0 || ('*' in tree && (keys.length > 1 || tree['*'] !== true))) return false;
  return Object.values(tree).every((inner) => inner === true || isValid(inner));
}

/**
 * Parses `fields`, for example `chats(*)`, `chats(id,visitor)` or `chats(id,visitor(name,email))`. Converts the text to
 * JSON, which has the same structure with other brackets.
 * @returns the keys between the outermost brackets, which must follow `name`
 * @throws RejectedRequest
 */
export function parseFields(name: string, text: string): FieldTree {
  const json = text.replaceAll(partPattern, (_part, key?: string, bracket?: string) =>
    key === undefined ? '}' : `"${key}":${bracket === '' ? 'true' : '{'}`,
  );
  try {
    const tree: FieldTree = JSON.parse(`{${json}}`);
    const { [name]: fields = true, ...others } = tree;
    const isKnown = allowedCharacters.test(text) && Object.keys(others).length === 0;
    if (isKnown && fields !== true && isValid(fields)) return fields;
  } catch {
    // The error is the same as for other invalid values.
  }
  return rejectRequest(`fields cannot be read: ${text}.`);
}

function pickValue(value: Json | undefined, fields: FieldTree | true): Json | undefined {
  if (fields === true || '*' in fields) return value;
  if (Array.isArray(value)) return value.map((inner) => pickValue(inner, fields) ?? null);
  return isJsonObject(value) ? pickFields(value, fields) : value;
}

/** An object with only the requested keys, in the requested order. In an array, the keys apply to each object. */
export function pickFields(item: JsonObject, fields: FieldTree): JsonObject {
  if ('*' in fields) return item;
  const picked = Object.entries(fields).map(([key, inner]) => [key, pickValue(item[key], inner)]);
  return applyPatch({}, Object.fromEntries(picked));
}
