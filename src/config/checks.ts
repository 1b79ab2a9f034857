import dayjs from 'dayjs';
import utc from 'dayjs/plugin/utc.js';

import { instantToMicros, microsToInstant } from '../instant.ts';
import type { Findings } from './forms.ts';
import { didYouMean, maxListed, nearMisses, quoted, quotedName } from '../wording.ts';
import { textOf } from './wording.ts';

dayjs.extend(utc);

/** The streams that `extra_streams` may name, and those of them that need to be named. */
export interface KnownStreams {
  readonly names: readonly string[];
  readonly offByDefault: readonly string[];
}

/** Puts the bare subdomain in place of whatever address was given. */
export function checkSubdomain(findings: Findings): void {
  const { settings, violations } = findings;
  const given = settings['subdomain'];
  const example = 'give acme for an account at https://acme.zendesk.com.';
  if (given === undefined) {
    const missing = `subdomain is missing: ${example}`;
    violations.set('subdomain', missing + nearMiss(findings, 'subdomain'));
  }
  if (typeof given !== 'string') return;
  const [host = ''] = given
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .split(/[/?#]/, 1);
  const subdomain = host.replace(/:\d+$/, '').replace(/\.zendesk\.com$/, '');
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(subdomain)) settings['subdomain'] = subdomain;
  else {
    const why = subdomain.includes('.')
      ? 'another host than zendesk.com'
      : 'no name of letters, digits and hyphens';
    violations.set('subdomain', `subdomain is ${quoted(given)}, ${why}: ${example}`);
  }
}

/** There must be a token that a header can carry, or what gets one. */
export function checkCredentials(findings: Findings): void {
  const { settings, violations, notes } = findings;
  const { access_token: token, refresh_token, client_id, client_secret, token_file } = settings;
  if (typeof token === 'string' && !/^[!-~]+$/.test(token)) {
    const wrong =
      'access_token holds a blank, a line break or a letter no token has: copy it again.';
    violations.set('access_token', wrong);
  }
  if (token_file !== undefined || (client_id !== undefined && client_secret !== undefined)) return;
  if (refresh_token !== undefined && client_id === undefined) {
    const why = 'a refresh token can only be used together with the client it was issued to';
    if (token === undefined) violations.set('client_id', `client_id is missing: ${why}.`);
    else
      notes.push({
        level: 'WARNING',
        message: `refresh_token is not used: ${why}, so give client_id, too.`,
      });
  } else if (token === undefined && refresh_token === undefined) {
    const missing =
      'access_token is missing: get one with "tap-zendesk-chat login", or give an OAuth token of Zendesk Chat ' +
      'with the scopes read and chat.';
    violations.set('access_token', missing + nearMiss(findings, 'access_token'));
  }
}

/** Each name must be a stream that exists. */
export function checkExtraStreams(
  { settings, violations }: Findings,
  known: KnownStreams | undefined,
): void {
  const names = settings['extra_streams'];
  if (!Array.isArray(names) || known === undefined || violations.has('extra_streams')) return;
  const unknown = names.map(textOf).find((name) => name !== 'all' && !known.names.includes(name));
  if (unknown === undefined) return;
  const hasChoice = known.offByDefault.length > 0;
  const choice = hasChoice
    ? `it may name ${known.offByDefault.join(', ')}, or be all.`
    : 'all streams of this version are default ones, so take it out.';
  const sentence = `extra_streams names ${quotedName(unknown, known.names)}, a stream that does not exist: ${choice}`;
  violations.set('extra_streams', sentence + didYouMean(unknown, known.names));
}

/** The span to read; `endMs` is inclusive. */
export interface Dates {
  readonly startMs: number;
  readonly endMs: number | undefined;
  readonly hasStartDate: boolean;
}

/** Dates must be ISO and in order; without a start it is two years before now. */
export function checkDates(findings: Findings, nowMs: number): Dates {
  const { notes, violations } = findings;
  const given = checkDate(findings, 'start_date');
  const endMs = checkDate(findings, 'end_date');
  const startMs = given ?? dayjs.utc(nowMs).subtract(2, 'year').startOf('second').valueOf();
  const start = microsToInstant(startMs * 1000);
  if (given === undefined)
    notes.push({
      level: 'INFO',
      message: `start_date is not set: chats and timelines are read from ${start}, two years before now.`,
    });
  if (startMs > nowMs)
    notes.push({
      level: 'WARNING',
      message: `start_date is ${start}, which is in the future: no chats and no timelines are read.`,
    });
  if (endMs !== undefined && endMs <= startMs && !violations.has('start_date'))
    violations.set('end_date', `end_date must be later than start_date, which is ${start}.`);
  return { startMs, endMs, hasStartDate: given !== undefined };
}

function checkDate({ settings, violations }: Findings, key: string): number | undefined {
  const given = settings[key];
  if (typeof given !== 'string') return undefined;
  const micros = instantToMicros(given);
  const isSane = micros !== undefined && micros >= 0 && micros < 4_102_444_800e6;
  if (isSane) return Math.floor(micros / 1000);
  const advice = isoReadings(given) || '2024-01-31 or 2024-01-31T08:00:00Z';
  const what = micros === undefined ? 'no ISO date' : 'not between the years 1970 and 2099';
  violations.set(key, `${key} is ${quoted(given)}, which is ${what}: write ${advice}.`);
  return undefined;
}

/** What `12/01/2010` may mean, in ISO form: nobody can tell the day from the month. */
function isoReadings(text: string): string {
  const match = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text);
  const [first = '', second = '', year = ''] = match?.slice(1) ?? [];
  const iso = (month: string, day: string): string =>
    `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const readings = new Set([iso(second, first), iso(first, second)]);
  return [...readings].filter((date) => instantToMicros(date) !== undefined).join(' or ');
}

/** One warning for each of the first unknown keys, and one for the others. */
export function noteUnknownKeys({ schema, unknownKeys, notes }: Findings): void {
  const known = [...schema.keys()];
  for (const path of unknownKeys.slice(0, maxListed)) {
    const meant = didYouMean(lastOf(path), known);
    notes.push({
      level: 'WARNING',
      message: `The config key ${quotedName(path, known)} is unknown and ignored.${meant}`,
    });
  }
  const more = unknownKeys.length - maxListed;
  if (more > 0)
    notes.push({
      level: 'WARNING',
      message: `${more} more config keys are unknown and ignored.`,
    });
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function nearMiss({ schema, unknownKeys }: Findings, key: string): string {
  const known = [...schema.keys()];
  const near = unknownKeys
    .slice(0, maxListed)
    .find((path) => nearMisses(lastOf(path), known)[0] === key);
  return near === undefined
    ? ''
    : ` The config holds ${quotedName(near, known)}: did you mean ${key}?`;
}
