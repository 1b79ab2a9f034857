import { readFile } from 'node:fs/promises';

import type { Dates, KnownStreams } from './config/checks.ts';
import { currentSettings, gather, namesIn } from './config/forms.ts';
import type { ConfigNote, Findings } from './config/forms.ts';
import { mergeSources, type ConfigSources } from './config/sources.ts';
import { expected, noObject } from './config/wording.ts';
import { ConfigError } from './errors.ts';
import { isJsonObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { quoted } from './wording.ts';

export { currentSettings, propertiesOf, type ConfigNote } from './config/forms.ts';
export { readConfigFile, type ConfigSources } from './config/sources.ts';
export { withTokens } from './config/with-tokens.ts';

/** The user's settings, in one form whatever form they were given in. Frozen. */
export interface Config {
  /** Lower case, without host. */
  readonly subdomain: string;
  readonly credentials: CredentialsConfig;
  readonly startDateMs: number;
  /** False when `startDateMs` is the default, two years before now. */
  readonly hasStartDate: boolean;
  readonly endDateMs?: number;
  readonly lookbackMinutes: number;
  readonly extraStreams: 'all' | readonly string[];
  readonly onAbsent: 'warn' | 'fail';
  readonly onForbidden: 'fail' | 'warn';
  readonly onBadItem: 'fail' | 'warn';
  readonly logFormat: 'text' | 'json';
  readonly userAgent?: string;
  readonly requestTimeoutMs: number;
  readonly minBytesPerMinute: number;
  readonly requestsPerMinute: number;
  readonly maxRetryMs: number;
  /** Items per page, by stream. */
  readonly pageLimits: Readonly<Record<'agents' | 'bans' | 'chats', number>>;
  /** Every secret the config holds, also those that are not used: none may be printed. */
  readonly secrets: readonly string[];
}

/** Enough for an access token: one, or what gets one. */
export interface CredentialsConfig {
  readonly accessToken?: string;
  readonly refreshToken?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** Path of the file that keeps tokens between runs. */
  readonly tokenFile?: string;
}

/** What `parseConfig` has to know beside the config. */
export interface ConfigOptions {
  readonly nowMs: number;
  readonly knownStreams?: KnownStreams;
  /** Is given all secrets before anything that is said about the config. */
  readonly setSecrets?: (secrets: readonly string[]) => void;
}

/** What is wrong with one key; `message` is a whole sentence and never holds a secret. */
export interface ConfigViolation {
  readonly key: string;
  readonly message: string;
}

/** The error of `parseConfig`: all violations in the order of the schema; the message has a line for each. */
export interface ConfigViolations extends ConfigError {
  readonly violations: readonly ConfigViolation[];
}

/** Is it the error of `parseConfig`? */
export function isConfigViolations(error: unknown): error is ConfigViolations {
  return error instanceof ConfigError && 'violations' in error;
}

/** What the schema makes of the settings once they are valid: wire names, defaults filled in. */
interface ValidSettings {
  readonly subdomain: string;
  readonly access_token?: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly refresh_token?: string;
  readonly token_file?: string;
  readonly lookback_minutes: number;
  readonly extra_streams: readonly string[];
  readonly on_absent: 'warn' | 'fail';
  readonly on_forbidden: 'fail' | 'warn';
  readonly on_bad_item: 'fail' | 'warn';
  readonly log_format: 'text' | 'json';
  readonly user_agent?: string;
  readonly request_timeout: number;
  readonly min_bytes_per_minute: number;
  readonly requests_per_minute: number;
  readonly max_retry_seconds: number;
  readonly agents_page_limit: number;
  readonly bans_page_limit: number;
  readonly chats_page_limit: number;
}

const hints: Readonly<Record<string, string>> = Object.freeze({
  agents_page_limit: ' The API refuses pages of more than 100 agents.',
  extra_streams: ' For example ["chat_messages"].',
});

/** The JSON Schema of the config. */
export async function readConfigSchema(): Promise<JsonObject> {
  const url = new URL('../schemas/config.json', import.meta.url);
  const schema: Json = JSON.parse(await readFile(url, 'utf8'));
  return isJsonObject(schema) ? schema : {};
}

/** The config of all its sources as one object. Raises a ConfigError for a file that cannot be used. */
export async function gatherConfig(sources: ConfigSources): Promise<JsonObject> {
  const settings = currentSettings(await readConfigSchema());
  return mergeSources(
    sources,
    settings.map(([key]) => key),
  );
}

/**
 * Brings every accepted form of a config into one and checks it. Raises a ConfigError that tells all
 * violations at once (`isConfigViolations`).
 */
export async function parseConfig(
  value: Json,
  options: ConfigOptions,
): Promise<{ readonly config: Config; readonly notes: readonly ConfigNote[] }> {
  if (!isJsonObject(value)) throw violationsError([['', noObject(value)]]);
  const schema = await readConfigSchema();
  const findings = gather(value, schema);
  const { settings, violations, notes } = findings;
  options.setSecrets?.([...findings.secrets]);
  // Loaded by nobody who only describes the program: it takes a calendar.
  const checks = await import('./config/checks.ts');
  const validate = await loadValidator();
  if (!validate(settings))
    for (const { instancePath } of validate.errors ?? [])
      addViolation(findings, instancePath.split('/')[1] ?? '');
  checks.checkSubdomain(findings);
  checks.checkCredentials(findings);
  checks.checkExtraStreams(findings, options.knownStreams);
  const dates = checks.checkDates(findings, options.nowMs);
  const inOrder = [...new Set([...findings.schema.keys(), ...violations.keys()])].flatMap((key) =>
    violations.has(key) ? [[key, violations.get(key) ?? ''] as const] : [],
  );
  if (inOrder.length > 0 || !validate(settings)) throw violationsError(inOrder);
  checks.noteUnknownKeys(findings);
  return { config: freeze(settings, dates, findings.secrets), notes: Object.freeze(notes) };
}

function violationsError(violations: readonly (readonly [string, string])[]): ConfigViolations {
  const message = violations.map(([, sentence]) => sentence).join('\n');
  return Object.assign(new ConfigError(message, violations[0]?.[0]), {
    violations: Object.freeze(violations.map(([key, sentence]) => ({ key, message: sentence }))),
  });
}

/** The schema as ajv compiled it when the program was built: it fills in defaults, and finds all that is wrong. */
interface CompiledSchema {
  (value: unknown): value is ValidSettings;
  errors?: readonly { readonly instancePath: string }[] | null;
}

async function loadValidator(): Promise<CompiledSchema> {
  const url = new URL('../dist/validators/config.js', import.meta.url);
  const { default: validate }: { readonly default: CompiledSchema } = await import(url.href);
  return validate;
}

function addViolation({ schema, settings, violations }: Findings, key: string): void {
  const property = schema.get(key);
  const value = settings[key];
  if (property === undefined || value === undefined) return;
  const { enum: words, writeOnly } = property;
  const known = Array.isArray(words) ? words.filter((word) => typeof word === 'string') : [];
  const is = writeOnly === true ? '' : ` is ${quoted(value, known)}: it`;
  violations.set(key, `${key}${is} must be ${expected(property)}.${hints[key] ?? ''}`);
}

function freeze(settings: ValidSettings, dates: Dates, secrets: ReadonlySet<string>): Config {
  return Object.freeze({
    subdomain: settings.subdomain,
    credentials: credentialsIn(settings),
    startDateMs: dates.startMs,
    hasStartDate: dates.hasStartDate,
    ...(dates.endMs !== undefined && { endDateMs: dates.endMs }),
    lookbackMinutes: settings.lookback_minutes,
    extraStreams: streamChoice(settings.extra_streams),
    onAbsent: settings.on_absent,
    onForbidden: settings.on_forbidden,
    onBadItem: settings.on_bad_item,
    logFormat: settings.log_format,
    ...(settings.user_agent !== undefined && { userAgent: settings.user_agent }),
    requestTimeoutMs: settings.request_timeout * 1000,
    minBytesPerMinute: settings.min_bytes_per_minute,
    requestsPerMinute: settings.requests_per_minute,
    maxRetryMs: settings.max_retry_seconds * 1000,
    pageLimits: Object.freeze({
      agents: settings.agents_page_limit,
      bans: settings.bans_page_limit,
      chats: settings.chats_page_limit,
    }),
    secrets: Object.freeze([...secrets]),
  });
}

function credentialsIn(settings: ValidSettings): CredentialsConfig {
  const { access_token, refresh_token, client_id, client_secret, token_file } = settings;
  return Object.freeze({
    ...(access_token !== undefined && { accessToken: access_token }),
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(client_id !== undefined && { clientId: client_id }),
    ...(client_secret !== undefined && { clientSecret: client_secret }),
    ...(token_file !== undefined && { tokenFile: token_file }),
  });
}

function streamChoice(names: readonly string[]): Config['extraStreams'] {
  return names.includes('all') ? 'all' : Object.freeze([...new Set(names)]);
}

/**
 * `extra_streams` of a config that may lack all the rest, as discovery is given it: other keys are not
 * looked at. Raises a ConfigError when it is no list.
 */
export function readExtraStreams(value: Json): Config['extraStreams'] {
  const given = isJsonObject(value) ? (value['extra_streams'] ?? []) : [];
  const list = typeof given === 'string' ? namesIn(given) : given;
  const names = Array.isArray(list) ? list.filter((name) => typeof name === 'string') : [];
  if (!Array.isArray(list) || names.length < list.length)
    throw new ConfigError(
      `extra_streams must be a list of stream names, or all.${hints['extra_streams'] ?? ''}`,
      'extra_streams',
    );
  return streamChoice(names);
}

/**
 * Where the API is: the account's own host, unless ZENDESK_CHAT_API_URL names another. Raises a ConfigError
 * for anything but https, or http to this very machine: a token must not travel in the clear.
 */
export function apiOrigin(
  subdomain: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const given = (env['ZENDESK_CHAT_API_URL'] ?? '').trim();
  if (given === '') return `https://${subdomain}.zendesk.com`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isLoopback = /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(url?.hostname ?? '');
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
  // The address is not repeated: it may hold a password.
  if (url === undefined || !isSafe || url.href !== `${url.origin}/`)
    throw new ConfigError(
      'ZENDESK_CHAT_API_URL must be https://host, or http://127.0.0.1:port on this machine, without path, query or password.',
      'ZENDESK_CHAT_API_URL',
    );
  return url.origin;
}
