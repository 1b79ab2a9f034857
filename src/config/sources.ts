/** Where a config comes from: files, the environment, single settings of the command line. */
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

import { ConfigError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
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
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file of variables that may be missing. Default: `.env` in the current folder. */
  readonly envFile?: string;
}

/**
 * All sources as one object. The environment wins over files wherever `ENV` stands among them, and over
 * `envFile`.
 * @param keys the settings that exist, by which variables are looked for
 * @throws ConfigError for a file that cannot be used.
 */
export async function mergeSources(
  { files, settings, env, envFile = '.env' }: ConfigSources,
  keys: readonly string[],
): Promise<JsonObject> {
  const values: JsonObject[] = [];
  for (const path of files.filter((file) => file !== environment)) {
    const value = await readJsonFile(path, '--config');
    if (!isJsonObject(value)) throw new ConfigError(noObject(value));
    values.push(value);
  }
  if (files.includes(environment))
    values.push(fromVariables({ ...(await readEnvFile(envFile)), ...env }, keys));
  return Object.assign({}, ...values, settings);
}

async function readEnvFile(path: string): Promise<ConfigSources['env']> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isJsonObject(error) && error['code'] === 'ENOENT') return '';
    throw new ConfigError(`--config=ENV: the file ${path} cannot be read: check its permissions.`);
  });
  return parseEnv(text);
}

/** Values are texts: what a setting's type makes of them is the config's own business. */
function fromVariables(env: ConfigSources['env'], keys: readonly string[]): JsonObject {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = env[prefix + key.toUpperCase()] ?? '';
      return value === '' ? [] : [[key, value]];
    }),
  );
}
