import { isJsonObject, type Json } from '../core/json.ts';
import type { Redact } from './options.ts';

const longestSaid = 200;

/** Zendesk's own words are `APIRateLimitExceeded` and `Number of allowed API requests per minute exceeded`. */
const limitWords =
  /rate[ _-]?limit|too[ _-]?many[ _-]?(api )?(requests|calls)|requests per (second|minute|hour|day)|throttl|quota[ _-]?exceeded/i;

/**
 * What an API says about an error; nothing where the body is no JSON object or plain text.
 * @returns `said`: on one line, shortened, without secrets; `isRateLimit`: that there were too many requests
 */
export function explain(
  body: Json,
  redact: Redact,
): { readonly said: string; readonly isRateLimit: boolean } {
  const parts = [...new Set(isJsonObject(body) ? textsIn(body, shownKeys, mostLevels) : [])];
  const codes = isJsonObject(body) ? textsIn(body, codeKeys, mostLevels) : [body];
  const isRateLimit = [...parts, ...codes].some(
    (text) => typeof text === 'string' && limitWords.test(text),
  );
  return { said: quotable(parts.join(': '), redact), isRateLimit };
}

/** There is no one shape: any of these may be a text, an object that holds others of them, or a list of both. */
const shownKeys = [
  'error',
  'errors',
  'title',
  'message',
  'description',
  'error_description',
  'detail',
];
const codeKeys = [...shownKeys, 'code', 'type', 'name', 'reason'];
const mostLevels = 4;
const mostItems = 3;

function textsIn(value: Json | undefined, keys: readonly string[], levels: number): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (levels === 0 || value === undefined || value === null) return [];
  const inner = Array.isArray(value)
    ? value.slice(0, mostItems)
    : keys.map((key) => (isJsonObject(value) ? value[key] : undefined));
  return inner.flatMap((one) => textsIn(one, keys, levels - 1));
}

/** Is this an object with `error` or `errors` and none of the keys an answer has? */
export function isErrorObject(body: Json, answerKeys: readonly string[]): boolean {
  if (!isJsonObject(body) || answerKeys.some((key) => key in body)) return false;
  return [body['error'], body['errors']].some((value) =>
    typeof value === 'string' || Array.isArray(value) ? value.length > 0 : isJsonObject(value),
  );
}

/** A text of the API as a message may repeat it: without secrets, on one line, shortened. */
export function quotable(text: string, redact: Redact): string {
  // Control characters could break the line or the terminal.
  const line = redact(text)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return line.length <= longestSaid ? line : `${line.slice(0, longestSaid).trimEnd()}…`;
}
