/** Parses a config of any accepted form and checks it. */
import { ConfigError } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { quoted } from '../core/quoting.ts';
import { extraStreamsHint, readConfigSchema, type Config } from './config.ts';
import {
  checkCredentials,
  checkDates,
  checkExtraStreams,
  checkSubdomain,
  warnOfUnknownKeys,
  type KnownStreams,
  type DateRange,
} from './checks.ts';
import { RawConfig, type ConfigMessage } from './raw-config.ts';
import { expectedText, notAnObjectText } from './error-text.ts';

export interface ConfigOptions {
  readonly nowMs: number;
  /** If omitted, the names in `extra_streams` are not checked. */
  readonly knownStreams?: KnownStreams;
  /** Receives all secrets before any message about the config is created. */
  readonly addSecrets?: (secrets: readonly string[]) => void;
  /** Environment variables with settings that are not part of the config. */
  readonly unreadVariables?: readonly string[];
}

/** A config with invalid keys: one line for each, in the order of the schema. `key` is the first one. */
export class InvalidConfigError extends ConfigError {
  /** Warnings about other keys of the config. */
  readonly warnings: readonly string[];

  constructor(message: string, key: string | undefined, warnings: readonly string[]) {
    super(message, key);
    this.warnings = warnings;
  }
}

/** The schema, compiled by ajv during the build. Sets defaults and collects all errors. */
interface ConfigValidator {
  (value: unknown): value is Omit<Config, keyof DateRange>;
  errors?: readonly { readonly instancePath: string }[] | null;
}

/**
 * Normalizes and checks a config.
 * @throws InvalidConfigError, or ConfigError if the value is not an object
 */
export async function parseConfig(
  value: Json,
  { nowMs, knownStreams, addSecrets, unreadVariables }: ConfigOptions,
): Promise<{ readonly config: Config; readonly messages: readonly ConfigMessage[] }> {
  if (!isJsonObject(value)) throw new ConfigError(notAnObjectText(value));
  const rawConfig = new RawConfig(value, readConfigSchema(), unreadVariables);
  const { settings, violations, schema } = rawConfig;
  addSecrets?.([...rawConfig.secrets]);
  const url = new URL('../../dist/validators/config.js', import.meta.url);
  const { default: validate }: { readonly default: ConfigValidator } = await import(url.href);
  const isValid = validate(settings);
  for (const { instancePath } of validate.errors ?? []) addViolation(rawConfig, instancePath);
  checkSubdomain(rawConfig);
  checkCredentials(rawConfig);
  if (knownStreams !== undefined) checkExtraStreams(rawConfig, knownStreams);
  const span = checkDates(rawConfig, nowMs);
  const invalidKeys = [...schema.keys(), ...violations.keys()].filter((key) => violations.has(key));
  warnOfUnknownKeys(rawConfig);
  if (invalidKeys.length > 0 || !isValid) {
    const sentences = [...new Set(invalidKeys)].map((key) => violations.get(key));
    const warnings = rawConfig.messages.filter(({ level }) => level === 'warning');
    const texts = warnings.map(({ message }) => message);
    throw new InvalidConfigError(sentences.join('\n'), invalidKeys[0], texts);
  }
  return { config: { ...settings, ...span }, messages: rawConfig.messages };
}

const hints: Readonly<Record<string, string>> = {
  agents_page_limit: ' The API refuses pages of more than 100 agents.',
  extra_streams: extraStreamsHint,
};

/** Adds an error for the key at the start of a JSON Pointer. */
function addViolation({ schema, settings, violations }: RawConfig, pointer: string): void {
  const [, key = ''] = pointer.split('/');
  const property = schema.get(key);
  const value = settings[key];
  if (property === undefined || value === undefined) return;
  const { enum: allowedValues, writeOnly } = property;
  const known = Array.isArray(allowedValues)
    ? allowedValues.filter((allowed) => typeof allowed === 'string')
    : [];
  const is = writeOnly === true ? '' : ` is ${quoted(value, known)}: it`;
  violations.set(key, `${key}${is} must be ${expectedText(property)}.${hints[key] ?? ''}`);
}
