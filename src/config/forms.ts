import { isJsonObject, isTooDeep } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { textOf } from './wording.ts';

/** One sentence about the config for the log. */
export interface ConfigNote {
  readonly level: 'INFO' | 'WARNING';
  readonly message: string;
}

/** What one look at a config has found out so far. */
export interface Findings {
  readonly schema: Properties;
  /** Known keys that hold something, from top level and groups together. */
  readonly settings: JsonObject;
  readonly unknownKeys: string[];
  readonly secrets: Set<string>;
  readonly violations: Map<string, string>;
  readonly notes: ConfigNote[];
}

/** The schema's properties by key. */
type Properties = ReadonlyMap<string, JsonObject>;

const tokenKeys: ReadonlySet<string> = new Set([
  'access_token',
  'client_id',
  'client_secret',
  'refresh_token',
  'token_file',
]);
/** Settings of other taps that change records, which people use to protect data: what to do instead. */
const foreignRules: ReadonlyMap<string, string> = new Map([
  ['stream_maps', 'map or hash values'],
  ['stream_map_config', 'map or hash values'],
  ['faker_config', 'replace values by made-up ones'],
  ['batch_config', 'write records to batch files'],
]);

/** Objects that hold the token keys: Airbyte's, and an old draft's. A key of the same name inside tells the method. */
export const groups: readonly string[] = ['credentials', 'authorization'];

/** The properties of a config's schema, or of an object in it. */
export function propertiesOf({
  properties,
}: JsonObject): readonly (readonly [key: string, property: JsonObject])[] {
  return Object.entries(isJsonObject(properties) ? properties : {}).flatMap(([key, property]) =>
    isJsonObject(property) ? [[key, property] as const] : [],
  );
}

/** The settings that somebody may want to give, without those of old configs and those that programs write. */
export function currentSettings(schema: JsonObject): ReturnType<typeof propertiesOf> {
  return propertiesOf(schema).filter(
    ([, property]) => property['deprecated'] !== true && property['readOnly'] !== true,
  );
}

/** Takes from a config, whatever its form, what is known; nothing is judged but the groups. */
export function gather(value: JsonObject, schema: JsonObject): Findings {
  const findings: Findings = {
    schema: new Map(propertiesOf(schema)),
    settings: {},
    unknownKeys: [],
    secrets: new Set(),
    violations: new Map(),
    notes: [],
  };
  for (const [key, given] of Object.entries(value))
    if (!groups.includes(key)) take(findings, key, given);
  // After the top level, whose values win.
  for (const group of groups) takeGroup(findings, group, fromJsonText(value[group] ?? null));
  return findings;
}

function takeGroup(findings: Findings, group: string, given: Json): void {
  if (given === null || given === '') return;
  if (!isJsonObject(given)) {
    findings.violations.set(group, `${group} must be an object that holds access_token.`);
    return;
  }
  for (const [key, value] of Object.entries(given)) {
    if (tokenKeys.has(key)) take(findings, key, value);
    else if (!groups.includes(key)) findings.unknownKeys.push(`${group}.${key}`);
  }
}

/** Nothing is known of a key that holds null or an empty text: it counts as left out. */
function take(findings: Findings, key: string, given: Json): void {
  const property = findings.schema.get(key);
  if (property === undefined) {
    takeUnknown(findings, key, fromJsonText(given));
    return;
  }
  const value = normalize(given, key, property);
  if (value === null || value === '') return;
  if (property['deprecated'] === true) {
    const message = `${key} is obsolete: ${textOf(property['description'])}`;
    findings.notes.push({ level: 'INFO', message });
    return;
  }
  if (property['writeOnly'] === true && typeof value === 'string') findings.secrets.add(value);
  findings.settings[key] ??= value;
}

/** What is ignored is warned about later; what would have protected data must not be. */
function takeUnknown({ violations, unknownKeys }: Findings, key: string, given: Json): void {
  const rule = foreignRules.get(key);
  if (rule === undefined) unknownKeys.push(key);
  else if (!isEmpty(given)) {
    const advice =
      'Take it out of the config; to keep a column out, deselect it in the catalog or the connection, or ' +
      "with --select '!chats.visitor.email'.";
    violations.set(key, `${key} is not supported: this tap does not ${rule}. ${advice}`);
  }
}

function isEmpty(value: Json): boolean {
  if (typeof value === 'object') return value === null || Object.keys(value).length === 0;
  return value === false || value === '';
}

function normalize(given: Json, key: string, property: JsonObject): Json {
  if (typeof given !== 'string') return given;
  const text = given.trim();
  if (property['type'] === 'integer' || property['type'] === 'number')
    return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (key === 'access_token') return text.replace(/^Bearer\s+/i, '');
  return property['type'] === 'array' ? namesIn(text) : text;
}

/** A list as JSON text, or names divided by commas. */
export function namesIn(text: string): Json {
  const list = fromJsonText(text);
  if (typeof list !== 'string') return list;
  const names = list.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}

/** An object or a list may come as JSON text: that is how it looks in an environment variable. */
export function fromJsonText(given: Json): Json {
  if (typeof given !== 'string' || !/^\s*[[{"]/.test(given)) return given;
  try {
    const value: Json = JSON.parse(given);
    return isTooDeep(value) ? given : value;
  } catch {
    // A SyntaxError: it was not JSON after all, and is judged as the text it is.
    return given;
  }
}
