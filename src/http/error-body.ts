import { foreign } from '../core/foreign-text.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { Redact } from './options.ts';

const maxTextLength = 200;

/** Zendesk sends `APIRateLimitExceeded` and `Number of allowed API requests per minute exceeded`. */
const rateLimitPattern =
  /rate[ _-]?limit|too[ _-]?many[ _-]?(api )?(requests|calls)|requests per (second|minute|hour|day)|throttl|quota[ _-]?exceeded/i;

/**
 * The error text in a response body that is a JSON object.
 * @returns `text`: on one line, truncated, without secrets. `isRateLimit`: the body reports too many requests.
 */
export function describeErrorBody(
  body: Json,
  redact: Redact,
): { readonly text: string; readonly isRateLimit: boolean } {
  const parts = [...new Set(isJsonObject(body) ? textsIn(body, messageKeys, maxDepth) : [])];
  const codes = isJsonObject(body) ? textsIn(body, codeKeys, maxDepth) : [body];
  const isRateLimit = [...parts, ...codes].some(
    (text) => typeof text === 'string' && rateLimitPattern.test(text),
  );
  return { text: toQuotable(parts.join(': '), redact), isRateLimit };
}

/** Errors have no fixed format. Each of these may be a string, an object with other keys of the list, or an array. */
const messageKeys = [
  'error',
  'errors',
  'title',
  'message',
  'description',
  'error_description',
  'detail',
];
const codeKeys = [...messageKeys, 'code', 'type', 'name', 'reason'];
const maxDepth = 4;
const maxItems = 3;

function textsIn(value: Json | undefined, keys: readonly string[], levels: number): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (levels === 0 || value === undefined || value === null) return [];
  const inner = Array.isArray(value)
    ? value.slice(0, maxItems)
    : keys.map((key) => (isJsonObject(value) ? value[key] : undefined));
  return inner.flatMap((nested) => textsIn(nested, keys, levels - 1));
}

/** Whether the body is an object with `error` or `errors` and without any key of a successful response. */
export function isErrorObject(body: Json, responseKeys: readonly string[]): boolean {
  if (!isJsonObject(body) || responseKeys.some((key) => key in body)) return false;
  return [body['error'], body['errors']].some((value) =>
    typeof value === 'string' || Array.isArray(value) ? value.length > 0 : isJsonObject(value),
  );
}

/** A text of the API for a message: without secrets, on one line, truncated. */
export function toQuotable(text: string, redact: Redact): string {
  // Control characters could break the line or affect the terminal.
  const line = redact(foreign(text))
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  if (line === '') return '';
  const isLong = line.length > maxTextLength;
  return foreign(isLong ? `${line.slice(0, maxTextLength).trimEnd()}…` : line);
}
