import { isJsonObject, isTooDeep, type Json, type JsonObject } from '../core/json.ts';
import { similarNames } from '../core/suggestions.ts';
import { textOf } from './error-text.ts';

export interface ConfigMessage {
  readonly level: 'info' | 'warning';
  readonly message: string;
}

/** Objects that contain the token keys: Airbyte's and an old draft's. The key of the same name inside is the method. */
export const credentialGroups: readonly string[] = ['credentials', 'authorization'];

const tokenKeys: ReadonlySet<string> = new Set([
  'access_token',
  'client_id',
  'client_secret',
  'refresh_token',
  'token_file',
]);

/** Settings of other taps that change records, for example to protect personal data, with what they do. */
const unsupportedSettings: ReadonlyMap<string, string> = new Map([
  ['stream_maps', 'map or hash values'],
  ['stream_map_config', 'map or hash values'],
  ['faker_config', 'replace values with fake ones'],
  ['batch_config', 'write records to batch files'],
]);

/** The properties of an object schema. */
export function propertiesOf({
  properties,
}: JsonObject): readonly (readonly [key: string, property: JsonObject])[] {
  return Object.entries(isJsonObject(properties) ? properties : {}).flatMap(([key, property]) =>
    isJsonObject(property) ? [[key, property] as const] : [],
  );
}

/** The settings for users: without deprecated ones and those that programs write. */
export function userSettings(schema: JsonObject): ReturnType<typeof propertiesOf> {
  return propertiesOf(schema).filter(
    ([, property]) => property['deprecated'] !== true && property['readOnly'] !== true,
  );
}

/** The settings and secrets in a config of any accepted form, with messages and errors about it. */
export class RawConfig {
  readonly schema: ReadonlyMap<string, JsonObject>;
  /** Known keys with a value, from the top level and the groups. */
  readonly settings: JsonObject = {};
  readonly secrets: Set<string> = new Set<string>();
  readonly messages: ConfigMessage[] = [];
  /** One error sentence for each invalid key. */
  readonly violations: Map<string, string> = new Map<string, string>();
  /** Keys in a group have the group's name as prefix. */
  readonly unknownKeys: string[] = [];
  /** Environment variables with settings that are not part of the config. */
  readonly unreadVariables: readonly string[];

  /** Checks only the groups and the unsupported settings. */
  constructor(value: JsonObject, schema: JsonObject, unreadVariables: readonly string[] = []) {
    this.unreadVariables = unreadVariables;
    this.schema = new Map(propertiesOf(schema));
    for (const [key, rawValue] of Object.entries(value))
      if (!credentialGroups.includes(key)) this.#addKnown(key, rawValue);
    // After the top level, which takes precedence.
    for (const group of credentialGroups)
      this.#addCredentials(group, parseIfJson(value[group] ?? null));
  }

  /** The known key that an unknown one probably stands for. */
  suggestedKey(path: string): string | undefined {
    const key = path.slice(path.lastIndexOf('.') + 1);
    return similarNames(key, [...this.schema.keys()])[0];
  }

  warn(message: string): void {
    this.messages.push({ level: 'warning', message });
  }

  #addCredentials(group: string, rawValue: Json): void {
    if (rawValue === null || rawValue === '') return;
    if (!isJsonObject(rawValue)) {
      this.violations.set(group, `${group} must be an object with access_token.`);
      return;
    }
    for (const [key, value] of Object.entries(rawValue)) {
      if (tokenKeys.has(key)) this.#addKnown(key, value);
      else if (!credentialGroups.includes(key)) this.unknownKeys.push(`${group}.${key}`);
    }
  }

  /** Null and an empty string count as missing. */
  #addKnown(key: string, rawValue: Json): void {
    const property = this.schema.get(key);
    if (property === undefined) return this.#addUnknown(key, parseIfJson(rawValue));
    const value = normalize(rawValue, key, property);
    if (value === null || value === '') return;
    if (property['deprecated'] === true) {
      const message = `${key} is obsolete: ${textOf(property['description'])}`;
      this.messages.push({ level: 'info', message });
      return;
    }
    if (property['writeOnly'] === true && typeof value === 'string') this.secrets.add(value);
    this.settings[key] ??= value;
  }

  /** Unknown keys cause warnings. An unsupported setting is an error, because ignoring it could expose data. */
  #addUnknown(key: string, rawValue: Json): void {
    const rule = unsupportedSettings.get(key);
    if (rule === undefined) this.unknownKeys.push(key);
    else if (!isEmpty(rawValue)) {
      const advice =
        'Remove it from the config. To exclude a column, deselect it in the catalog or the connection, or ' +
        "with --select '!chats.visitor.email'.";
      this.violations.set(key, `${key} is not supported: this tap does not ${rule}. ${advice}`);
    }
  }
}

function isEmpty(value: Json): boolean {
  if (typeof value === 'object') return value === null || Object.keys(value).length === 0;
  return value === false || value === '';
}

/** How a boolean is written as text, for example in a variable of the environment. */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

function normalize(rawValue: Json, key: string, { type }: JsonObject): Json {
  if (typeof rawValue !== 'string') return rawValue;
  const text = rawValue.trim();
  if (type === 'integer' || type === 'number')
    return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (type === 'boolean') return booleans.get(text.toLowerCase()) ?? text;
  if (key === 'access_token') return text.replace(/^Bearer\s+/i, '');
  return type === 'array' ? parseNames(text) : text;
}

/** Parses a JSON array, or names separated by commas. */
export function parseNames(text: string): Json {
  const list = parseIfJson(text);
  if (typeof list !== 'string') return list;
  const names = list.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}

/** Parses an object or an array given as JSON text, as in an environment variable. */
export function parseIfJson(rawValue: Json): Json {
  if (typeof rawValue !== 'string' || !/^\s*[[{"]/.test(rawValue)) return rawValue;
  try {
    const value: Json = JSON.parse(rawValue);
    return isTooDeep(value) ? rawValue : value;
  } catch {
    // SyntaxError: the value is a string, not JSON.
    return rawValue;
  }
}
