/** Where a config comes from: files, the environment, single settings of the command line. */
import { parseEnv } from 'node:util';

import { ConfigError } from '../core/errors.ts';
import { ifMissing, readJsonFile, readTextFile, maxSmallFileBytes } from '../core/input-file.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { quotedName, quotedPath } from '../core/quoting.ts';
import { notAnObjectText } from './error-text.ts';

const prefix = 'TAP_ZENDESK_CHAT_';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface ConfigSources {
  /** Paths of JSON files, a later one overriding an earlier one key by key, and `ENV` for the environment. */
  readonly files: readonly string[];
  /** Wins over everything else. */
  readonly settings?: JsonObject;
  /** Left out: `ENV` is the name of a file like any other. */
  readonly env?: Variables;
  /** A file of variables that may be missing. Default: `.env` in the current folder. */
  readonly envFile?: string;
}

/**
 * All sources as one object. A key that holds null or nothing but blanks counts as left out. The environment
 * wins over files wherever `ENV` stands among them, and over `envFile`.
 * @param keys the settings that exist; others are passed on as well
 * @throws ConfigError for a file that cannot be used.
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

/** @throws ConfigError for a file that cannot be used. */
export async function readConfigFile(path: string): Promise<JsonObject> {
  const value = await readJsonFile({ path, label: '--config', maxBytes: maxSmallFileBytes });
  if (!isJsonObject(value)) throw new ConfigError(notAnObjectText(value));
  return value;
}

function isBlank(value: Json): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '');
}

async function readEnvFile(path: string, keys: readonly string[]): Promise<Variables> {
  const file = { path, label: '--config=ENV', maxBytes: maxSmallFileBytes };
  const text = await readTextFile(file).catch(ifMissing(''));
  // Without a line's end, an open quote takes its variable along.
  const variables = parseEnv(`${text}\n`);
  const known = keys.map((key) => prefix + key.toUpperCase());
  const unclosed = Object.keys(variables).find((name) => hasOpenQuote(name, variables[name] ?? ''));
  if (unclosed !== undefined)
    throw new ConfigError(
      `--config=ENV: in ${quotedPath(path)}, the value of ${quotedName(unclosed, known)} has a quote that is not closed.`,
    );
  return variables;
}

/** Begins with a quote, or reaches into the line of the next variable. */
function hasOpenQuote(name: string, value: string): boolean {
  if (/\n[^\S\n]*(?:export[^\S\n]+)?TAP_ZENDESK_CHAT_/.test(value)) return true;
  return name.startsWith(prefix) && /^["'`]/.test(value) && !value.endsWith(value.charAt(0));
}

/** Ours that is no setting, and those of Meltano's. */
const notSettings = /^(?:LOGLEVEL$|_)/;

/** Values are texts: what a setting's type makes of them is the config's own business. Unknown names are reported there. */
function configFromEnv(env: Variables): JsonObject {
  const entries = Object.entries(env).flatMap(([variable, value = '']) => {
    const name = variable.startsWith(prefix) ? variable.slice(prefix.length) : '_';
    const isUpper = name === name.toUpperCase();
    return notSettings.test(name) ? [] : [[isUpper ? name.toLowerCase() : name, value] as const];
  });
  return Object.fromEntries(entries);
}
