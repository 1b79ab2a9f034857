/** Where a config comes from: files, the environment, single settings of the command line. */
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

import { ConfigError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { readJsonFile } from './json-file.ts';
import { noObject } from './wording.ts';

/** In the place of a file: the environment. */
const environment = 'ENV';

const prefix = 'TAP_ZENDESK_CHAT_';

export interface ConfigSources {
  /** Paths of JSON files, a later one overriding an earlier one key by key, and `ENV` for the environment. */
  readonly files: readonly string[];
  /** Wins over everything else. */
  readonly settings: JsonObject;
  /** Left out: `ENV` is the name of a file like any other. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A file of variables that may be missing. Default: `.env` in the current folder. */
  readonly envFile?: string;
}

/**
 * All sources as one object. A key that holds null or nothing but blanks counts as left out. The environment wins over files wherever `ENV` stands among them, and over
 * `envFile`.
 * @param keys the settings that exist, by which variables are looked for
 * @throws ConfigError for a file that cannot be used.
 */
export async function mergeSources(
  { files, settings, env, envFile = '.env' }: ConfigSources,
  keys: readonly string[],
): Promise<JsonObject> {
  const values: JsonObject[] = [];
  const isEnvironment = (file: string): boolean => env !== undefined && file === environment;
  for (const path of files.filter((file) => !isEnvironment(file))) {
    const value = await readJsonFile(path, '--config');
    if (!isJsonObject(value)) throw new ConfigError(noObject(value));
    values.push(value);
  }
  if (files.some((file) => isEnvironment(file)))
    values.push(fromVariables({ ...(await readEnvFile(envFile)), ...env }, keys));
  const entries = [...values, settings].flatMap((value) => Object.entries(value));
  return Object.fromEntries(entries.filter(([, value]) => !isBlank(value)));
}

function isBlank(value: Json): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '');
}

type Variables = NonNullable<ConfigSources['env']>;

async function readEnvFile(path: string): Promise<Variables> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isJsonObject(error) && error['code'] === 'ENOENT') return '';
    throw new ConfigError(`--config=ENV: the file ${path} cannot be read: check its permissions.`);
  });
  return parseEnv(text);
}

/** Values are texts: what a setting's type makes of them is the config's own business. */
function fromVariables(env: Variables, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, env[prefix + key.toUpperCase()] ?? '']));
}
