import dayjs from 'dayjs';
import utc from 'dayjs/plugin/utc.js';

import { instantToMicros, microsToInstant } from '../core/instant.ts';
import { maxListed, quoted, quotedName } from '../core/quoting.ts';
import { didYouMean } from '../core/suggestions.ts';
import type { RawConfig } from './raw-config.ts';
import { variableOf } from './sources.ts';

dayjs.extend(utc);

/** The streams that `extra_streams` may name. */
export type KnownStreams = readonly { readonly name: string; readonly isDefault: boolean }[];

/** Checks the subdomain and reduces a whole address to it. */
export function checkSubdomain(rawConfig: RawConfig): void {
  const { settings, violations } = rawConfig;
  const { subdomain: address } = settings;
  const example = 'give acme for an account at https://acme.zendesk.com.';
  if (address === undefined) {
    const missing = `subdomain is missing: ${example}`;
    violations.set('subdomain', missing + missingKeyHint(rawConfig, ['subdomain']));
  }
  if (typeof address !== 'string') return;
  const [host = ''] = address
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .split(/[/?#]/, 1);
  const subdomain = host.replace(/:\d+$/, '').replace(/\.zendesk\.com$/, '');
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(subdomain)) settings['subdomain'] = subdomain;
  else {
    const why = subdomain.includes('.')
      ? 'which is not a host of zendesk.com'
      : 'which does not consist of letters, digits and hyphens';
    violations.set('subdomain', `subdomain is ${quoted(address)}, ${why}: ${example}`);
  }
}

/** Checks that the config has a valid token, or something to obtain a token with. */
export function checkCredentials(rawConfig: RawConfig): void {
  const { settings, violations } = rawConfig;
  const { access_token: token, refresh_token, client_id, client_secret, token_file } = settings;
  if (typeof token === 'string' && !/^[!-~]+$/.test(token)) {
    const message =
      'access_token contains a space, a line break or a letter that no token contains: copy it again.';
    violations.set('access_token', message);
  }
  if (token_file !== undefined || (client_id !== undefined && client_secret !== undefined)) return;
  if (refresh_token !== undefined && client_id === undefined) {
    const why = 'a refresh token works only with the client that it was issued to';
    if (token === undefined) violations.set('client_id', `client_id is missing: ${why}.`);
    else rawConfig.warn(`refresh_token is not used: ${why}. Set client_id, too.`);
  } else if (token === undefined && refresh_token === undefined) {
    const missing =
      'access_token is missing: get one with "tap-zendesk-chat login", or give an OAuth token of Zendesk Chat ' +
      'with the scopes read and chat.';
    const keys = ['access_token', 'token_file', 'refresh_token', 'client_secret'];
    violations.set('access_token', missing + missingKeyHint(rawConfig, keys));
  }
}

/**
 * A hint if the environment has a missing key, or if an unknown key is similar to it. The similar key then gets no
 * warning of its own.
 * @param keys the missing key, followed by the keys that can replace it
 */
function missingKeyHint(rawConfig: RawConfig, keys: readonly string[]): string {
  const { unknownKeys, unreadVariables } = rawConfig;
  const variable = keys.map((key) => variableOf(key)).find((one) => unreadVariables.includes(one));
  const unread =
    variable === undefined ? '' : ` ${variable} is set, but it is read only with --config=ENV.`;
  const [key = ''] = keys;
  const index = unknownKeys
    .slice(0, maxListed)
    .findIndex((path) => rawConfig.suggestedKey(path) === key);
  const [similar] = index < 0 ? [] : unknownKeys.splice(index, 1);
  if (similar === undefined) return unread;
  const name = quotedName(similar, [...rawConfig.schema.keys()]);
  return `${unread} The config contains ${name}: did you mean ${key}?`;
}

export function checkExtraStreams(rawConfig: RawConfig, streams: KnownStreams): void {
  const { settings, violations } = rawConfig;
  const { extra_streams: names } = settings;
  if (!Array.isArray(names) || violations.has('extra_streams')) return;
  const known = streams.map(({ name }) => name);
  const offByDefault = streams.filter(({ isDefault }) => !isDefault).map(({ name }) => name);
  const unknown = names.map(String).find((name) => name !== 'all' && !known.includes(name));
  if (unknown === undefined) return;
  const choice = `it may name ${offByDefault.join(', ')}, or be all.`;
  const sentence = `extra_streams names ${quotedName(unknown, known)}, a stream that does not exist: ${choice}`;
  violations.set('extra_streams', sentence + didYouMean(unknown, known));
}

/** The range of time to read, in ms since 1970. */
export interface DateRange {
  readonly startDateMs: number;
  /** False if `startDateMs` is the default, two years before now, which never overrides a bookmark. */
  readonly hasStartDate: boolean;
  /** Inclusive. */
  readonly endDateMs?: number;
}

/** Checks that the dates are in ISO format and in order. */
export function checkDates(rawConfig: RawConfig, nowMs: number): DateRange {
  const { messages, violations } = rawConfig;
  const startMs = checkDate(rawConfig, 'start_date');
  const endDateMs = checkDate(rawConfig, 'end_date');
  const startDateMs = startMs ?? dayjs.utc(nowMs).subtract(2, 'year').startOf('second').valueOf();
  const start = microsToInstant(startDateMs * 1000);
  if (startMs === undefined)
    messages.push({
      level: 'info',
      message: `start_date is not set: chats and timelines are read from ${start}, two years before now.`,
    });
  if (startDateMs > nowMs)
    rawConfig.warn(
      `start_date is ${start}, which is in the future: no chats and no timelines are read.`,
    );
  if (endDateMs !== undefined && endDateMs <= startDateMs && !violations.has('start_date'))
    violations.set('end_date', `end_date must be later than start_date, which is ${start}.`);
  const span = { startDateMs, hasStartDate: startMs !== undefined };
  return endDateMs === undefined ? span : { ...span, endDateMs };
}

function checkDate({ settings, violations }: RawConfig, key: string): number | undefined {
  const text = settings[key];
  if (typeof text !== 'string') return undefined;
  const micros = instantToMicros(text);
  const isSane = micros !== undefined && micros >= 0 && micros < 4_102_444_800e6;
  if (isSane) return Math.floor(micros / 1000);
  const advice = possibleIsoDates(text) || '2024-01-31 or 2024-01-31T08:00:00Z';
  const what = micros === undefined ? 'not an ISO date' : 'not between the years 1970 and 2099';
  violations.set(key, `${key} is ${quoted(text)}, which is ${what}: write ${advice}.`);
  return undefined;
}

/** The ISO dates that a text such as `12/01/2010` may stand for: its day and month are ambiguous. */
function possibleIsoDates(text: string): string {
  const match = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text);
  const [first = '', second = '', year = ''] = match?.slice(1) ?? [];
  const iso = (month: string, day: string): string =>
    `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const readings = new Set([iso(second, first), iso(first, second)]);
  return [...readings].filter((date) => instantToMicros(date) !== undefined).join(' or ');
}

/** One warning for each unknown key, up to `maxListed`, and one for the rest. */
export function warnOfUnknownKeys(rawConfig: RawConfig): void {
  for (const path of rawConfig.unknownKeys.slice(0, maxListed)) {
    const name = quotedName(path, [...rawConfig.schema.keys()]);
    const suggestedKey = rawConfig.suggestedKey(path);
    const question = suggestedKey === undefined ? '' : ` Did you mean ${suggestedKey}?`;
    rawConfig.warn(`The config key ${name} is unknown and ignored.${question}`);
  }
  const hiddenCount = rawConfig.unknownKeys.length - maxListed;
  if (hiddenCount > 0) rawConfig.warn(`${hiddenCount} more config keys are unknown and ignored.`);
}
