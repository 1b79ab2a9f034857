import { userSettings, parseNames } from './raw-config.ts';
import { mergeSources, unreadVariables, type ConfigSources, type Variables } from './sources.ts';
import type { DateRange } from './checks.ts';
import { ConfigError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { readPackageFile } from '../core/package-files.ts';

export { userSettings, propertiesOf } from './raw-config.ts';
export { readConfigFile, type ConfigSources } from './sources.ts';
export { replaceTokens } from './replace-tokens.ts';

/** The checked settings, with defaults. `schemas/config.json` describes each key. */
export interface Config extends DateRange {
  /** In lower case, without the domain. */
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
  readonly log_metrics?: boolean;
  readonly user_agent?: string;
  readonly request_timeout: number;
  readonly min_bytes_per_minute: number;
  readonly requests_per_minute: number;
  readonly read_ahead: number;
  readonly max_retry_seconds: number;
  readonly agents_page_limit: number;
  readonly bans_page_limit: number;
  readonly chats_page_limit: number;
}

export function readConfigSchema(): JsonObject {
  return JSON.parse(readPackageFile('schemas/config.json'));
}

/** Reads and merges the sources of a config. @throws ConfigError for a file that cannot be read or parsed. */
export async function readConfig(sources: ConfigSources): Promise<JsonObject> {
  return mergeSources(sources, settingKeys());
}

/** Environment variables of settings that are set but not read, because the sources do not include `ENV`. */
export function findUnreadVariables(sources: ConfigSources): readonly string[] {
  return unreadVariables(sources, settingKeys());
}

function settingKeys(): readonly string[] {
  return userSettings(readConfigSchema()).map(([key]) => key);
}

export const extraStreamsHint = ' For example ["chat_messages"].';

/**
 * Reads only `extra_streams`, because discovery accepts a config without the other keys.
 * @throws ConfigError if it is not a list
 */
export function readExtraStreams(value: Json): Config['extra_streams'] {
  const rawValue = isJsonObject(value) ? (value['extra_streams'] ?? []) : [];
  const list = typeof rawValue === 'string' ? parseNames(rawValue) : rawValue;
  const names = Array.isArray(list) ? list.filter((name) => typeof name === 'string') : [];
  if (Array.isArray(list) && names.length === list.length) return names;
  const message = `extra_streams must be a list of stream names, or all.${extraStreamsHint}`;
  throw new ConfigError(message, 'extra_streams');
}

/**
 * The API's origin: ZENDESK_CHAT_API_URL, or the account's host.
 * @throws ConfigError for http to another machine, because a token must not be sent unencrypted, and for an invalid URL
 */
export function apiOrigin(subdomain: string, env: Variables): string {
  const rawValue = (env['ZENDESK_CHAT_API_URL'] ?? '').trim();
  if (rawValue === '') return `https://${subdomain}.zendesk.com`;
  const url = URL.canParse(rawValue) ? new URL(rawValue) : undefined;
  const isLoopback = /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(url?.hostname ?? '');
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
  // The message does not repeat the URL, because it may contain a password.
  if (url === undefined || !isSafe || url.href !== `${url.origin}/`)
    throw new ConfigError(
      'ZENDESK_CHAT_API_URL must be https://host, or http://127.0.0.1:port on this machine, without path, query or password.',
      'ZENDESK_CHAT_API_URL',
    );
  return url.origin;
}
