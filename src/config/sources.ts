/** The sources of a config: files, the environment and settings on the command line. */
import { parseEnv } from 'node:util';

import { ConfigError } from '../core/errors.ts';
import { ifMissing, readJsonFile, readTextFile, maxSmallFileBytes } from '../core/input-file.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { quotedName, quotedPath } from '../core/quoting.ts';
import { notAnObjectText } from './error-text.ts';

const prefix = 'TAP_ZENDESK_CHAT_';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface ConfigSources {
  /** Paths of JSON files, or `ENV` for the environment. A later file overrides an earlier one key by key. */
  readonly files: readonly string[];
  /** Overrides all other sources. */
  readonly settings?: JsonObject;
  /** If omitted, `ENV` is an ordinary file name. */
  readonly env?: Variables;
  /** An optional file with environment variables. Default: `.env` in the current folder. */
  readonly envFile?: string;
}

/**
 * Merges all sources into one object. A key with null or a blank string counts as missing. The environment overrides
 * `envFile` and all files, regardless of the position of `ENV` in the list.
 * @param keys All known settings. The result may contain other keys, too.
 * @throws ConfigError for a file that cannot be read or parsed.
 */
export async function mergeSources(
  { files, settings = {}, env, envFile = '.env' }: ConfigSources,
  keys: readonly string[],
): Promise<JsonObject> {
  const values: JsonObject[] = [];
  const isEnvironment = (name: string): boolean => env !== undefined && name === 'ENV';
  for (const path of files.filter((name) => !isEnvironment(name)))
    values.push(await readConfigFile(path));
  if (files.some((name) => isEnvironment(name)))
    values.push(configFromEnv({ ...(await readEnvFile(envFile, keys)), ...env }));
  const entries = [...values, settings].flatMap((value) => Object.entries(value));
  return Object.fromEntries(entries.filter(([, value]) => !isBlank(value)));
}

/** @throws ConfigError for a file that cannot be read or parsed. */
export async function readConfigFile(path: string): Promise<JsonObject> {
  const value = await readJsonFile({ path, label: '--config', maxBytes: maxSmallFileBytes });
  if (!isJsonObject(value)) throw new ConfigError(notAnObjectText(value));
  return value;
}

/** Environment variables of settings that are set but not read, because the sources do not include `ENV`. */
export function unreadVariables(
  { files, env = {} }: ConfigSources,
  keys: readonly string[],
): readonly string[] {
  if (files.includes('ENV')) return [];
  return keys.map((key) => variableOf(key)).filter((name) => !isBlank(env[name] ?? ''));
}

/** The environment variable of a setting. */
export function variableOf(key: string): string {
  return prefix + key.toUpperCase();
}

function isBlank(value: Json): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '');
}

async function readEnvFile(path: string, keys: readonly string[]): Promise<Variables> {
  const file = { path, label: '--config=ENV', maxBytes: maxSmallFileBytes };
  const text = await readTextFile(file).catch(ifMissing(''));
  // Without the line feed, parseEnv omits a last variable whose quote is not closed.
  const variables = parseEnv(`${text}\n`);
  const known = keys.map((key) => variableOf(key));
  const unclosed = Object.keys(variables).find((name) => hasOpenQuote(name, variables[name] ?? ''));
  if (unclosed !== undefined)
    throw new ConfigError(
      `--config=ENV: in ${quotedPath(path)}, the value of ${quotedName(unclosed, known)} has a quote that is not closed.`,
    );
  return variables;
}

/** Whether the value starts with a quote that is not closed, or extends into the line of the next variable. */
function hasOpenQuote(name: string, value: string): boolean {
  if (/\n[^\S\n]*(?:export[^\S\n]+)?TAP_ZENDESK_CHAT_/.test(value)) return true;
  return name.startsWith(prefix) && /^["'`]/.test(value) && !value.endsWith(value.charAt(0));
}

/** The tap's variable that is not a setting, and Meltano's own variables. */
const notSettings = /^(?:LOGLEVEL$|_)/;

/** All values are strings. RawConfig converts them to the types of the settings and reports unknown names. */
function configFromEnv(env: Variables): JsonObject {
  const entries = Object.entries(env).flatMap(([variable, value = '']) => {
    const name = variable.startsWith(prefix) ? variable.slice(prefix.length) : '_';
    const isUpper = name === name.toUpperCase();
    return notSettings.test(name) ? [] : [[isUpper ? name.toLowerCase() : name, value] as const];
  });
  return Object.fromEntries(entries);
}
